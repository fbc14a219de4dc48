"""Operations of a shared text, counted: a namespace and arrays that tell what was computed.

    counts = count_operations(contract, params, inputs, d_outputs)
    counts.flops, counts.transcendentals, counts.whole

The cost formulas of a contract are held against these. Arrays are NumPy's own with a tally: every
ufunc, reduction, product, sort and transform adds what it does, by the convention of `Contract`:
a multiply-add is two operations, a transcendental one. Selecting, copying, casting and indexing
are no operations.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench import interfaces
from seqbench.interfaces import Contract, tree_map

TRANSCENDENTAL = frozenset(
    "exp exp2 expm1 log log2 log10 log1p tanh sinh cosh sin cos tan arctan2 power float_power "
    "logaddexp cbrt".split()
)
"""Ufuncs with a transcendental function in them; `logaddexp` has two, and two sums."""

FREE = frozenset(
    "positive copysign isnan isinf isfinite signbit logical_and logical_or logical_not "
    "logical_xor bitwise_and bitwise_or bitwise_xor invert conjugate conj".split()
)
"""Signs and masks."""


@dataclass(slots=True)
class Counts:
    """flops : on floating numbers, transcendentals among them; whole : on integers alone."""

    flops: int = 0
    transcendentals: int = 0
    whole: int = 0

    def add(self, operations: int, *, floating: bool, transcendental: int = 0) -> None:
        if floating:
            self.flops += operations
        else:
            self.whole += operations
        self.transcendentals += transcendental


_TALLY: ContextVar[Counts] = ContextVar("tally")


class CountingArray(np.ndarray):
    """An array whose operations go to the tally of the count that is under way."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        out = options.pop("out", None)
        if out is not None:
            options["out"] = tuple(_plain(array) for array in out)
        given = [_plain(value) for value in inputs]
        if "where" in options:
            options["where"] = _plain(options["where"])
        result = getattr(ufunc, method)(*given, **options)
        _count_ufunc(ufunc, method, given, result)
        if out is not None:
            return out[0] if len(out) == 1 else out
        return _counting(result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        counter = FUNCTIONS.get(function)
        if counter is None:
            return super().__array_function__(function, types, args, kwargs)
        plain_args, plain_kwargs = tree_map(_plain, (args, kwargs))
        result = function(*plain_args, **plain_kwargs)
        counter(result, *plain_args, **plain_kwargs)
        return tree_map(_counting, result)

    def sort(self, *args: Any, **options: Any) -> None:
        _tally_sort(self)
        super().sort(*args, **options)

    def argsort(self, *args: Any, **options: Any) -> Any:
        _tally_sort(self)
        return super().argsort(*args, **options)

    def argpartition(self, *args: Any, **options: Any) -> Any:
        _tally(self.size, self)
        return super().argpartition(*args, **options)

    def argmax(self, *args: Any, **options: Any) -> Any:
        _tally(self.size, self)
        return super().argmax(*args, **options)

    def argmin(self, *args: Any, **options: Any) -> Any:
        _tally(self.size, self)
        return super().argmin(*args, **options)

    def dot(self, other: Any, *args: Any, **options: Any) -> Any:
        return np.dot(self, other, *args, **options)


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, CountingArray) else value


def _counting(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_counting(item) for item in value)
    if isinstance(value, np.ndarray):
        return value.view(CountingArray)
    return np.asarray(value).view(CountingArray) if isinstance(value, np.generic) else value


def _floating(*values: Any) -> bool:
    return any(np.asarray(value).dtype.kind in "fc" for value in values)


def _tally(operations: int, *values: Any, transcendental: int = 0) -> None:
    _TALLY.get().add(operations, floating=_floating(*values), transcendental=transcendental)


def _count_ufunc(ufunc: Any, method: str, given: list[Any], result: Any) -> None:
    name = ufunc.__name__
    if name in FREE or (method == "at"):
        return
    if name in ("matmul", "vecdot"):
        inner = np.shape(given[0])[-1]
        _tally(2 * int(np.size(result)) * inner, *given[:2])
        return
    if method in ("reduce", "accumulate", "reduceat"):
        _tally(int(np.size(given[0])), given[0])
        return
    size = int(np.size(result[0] if isinstance(result, tuple) else result))
    each = 1 + 3 * (name == "logaddexp")
    tally = size * (1 + (name == "logaddexp")) if name in TRANSCENDENTAL else 0
    _tally(each * size, *given, result, transcendental=tally)


def _tally_sort(array: Any) -> None:
    """Comparisons of a sort: n log2 n."""
    length = array.shape[-1] if array.ndim else 1
    _tally(int(array.size * math.log2(max(2, length))), array)


# -- functions that are no ufuncs -----------------------------------------------------------------


def _of_dot(result: Any, a: Any, b: Any, *_: Any, **__: Any) -> None:
    _tally(2 * int(np.size(result)) * np.shape(a)[-1], a, b)


def _of_einsum(result: Any, subscripts: str, *operands: Any, **_: Any) -> None:
    """A multiply-add a point of the whole index space."""
    terms = subscripts.replace(" ", "").partition("->")[0].split(",")
    sizes = {
        letter: n
        for term, a in zip(terms, operands, strict=True)
        for letter, n in zip(term, np.shape(a), strict=True)
    }
    _tally(2 * math.prod(sizes.values()), *operands)


def _of_rfft(result: Any, a: Any, n: int | None = None, axis: int = -1, **_: Any) -> None:
    """2.5 P log2 P for a real transform of P."""
    length = n or np.shape(a)[axis]
    rows = int(np.size(result)) // (length // 2 + 1)
    _tally(int(rows * 2.5 * length * math.log2(max(2, length))), a)


def _of_eigh(result: Any, a: Any, *_: Any, **__: Any) -> None:
    """9 n^3, Golub & Van Loan."""
    _tally(9 * np.shape(a)[-1] ** 3 * max(1, int(np.size(a)) // np.shape(a)[-1] ** 2), a)


def _of_search(result: Any, a: Any, v: Any, *_: Any, **__: Any) -> None:
    _tally(int(np.size(v) * math.log2(max(2, np.size(a)))), a, v)


def _of_sort(result: Any, a: Any, *_: Any, **__: Any) -> None:
    _tally_sort(np.asarray(a))


FUNCTIONS: dict[Any, Callable[..., None]] = {
    np.dot: _of_dot,
    np.einsum: _of_einsum,
    np.fft.rfft: _of_rfft,
    np.linalg.eigh: _of_eigh,
    np.searchsorted: _of_search,
    np.sort: _of_sort,
    np.unique: _of_sort,
    np.lexsort: _of_sort,
}


class _Namespace:
    """NumPy, or a submodule of it, whose functions return counting arrays."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if isinstance(found, type(np)):
            return _Namespace(found)
        if isinstance(found, type) or not callable(found):
            return found
        return lambda *args, **options: tree_map(_counting, found(*args, **options))


class CountingBackend(interfaces.HostBackend):
    """A host whose arrays count."""

    name = "counting"

    def __init__(self) -> None:
        super().__init__()
        self.xp = _Namespace(np)

    def to_device(self, array: Any) -> Any:
        return np.array(array, order="C").view(CountingArray)

    def scatter_add(self, out: Any, ids: Any, rows: Any) -> None:
        """An addition a number."""
        _tally(int(np.size(rows)), rows)
        np.add.at(_plain(out), _plain(ids), _plain(rows))


def count_operations(contract: Contract, params: Any, inputs: Any, d_outputs: Any = None) -> Counts:
    """What the shared text does on host arrays: forward, and with `d_outputs` backward as well.

    Allocation is not counted. Params that are updated in place stay as they were.
    """
    backend = CountingBackend()
    params, inputs, d_outputs = (
        tree_map(backend.to_device, tree) for tree in (params, inputs, d_outputs)
    )
    counts = Counts()
    token = _TALLY.set(Counts())
    try:
        cache = contract.cache(
            contract.dims(params, inputs), _dtype(params, inputs), backend=backend
        )
        _TALLY.set(counts)
        contract.forward(params, inputs, cache, backend=backend)
        if d_outputs is not None and contract.backward is not None:
            contract.backward(d_outputs, params, inputs, cache, backend=backend)
    finally:
        _TALLY.reset(token)
    return counts


def _dtype(params: Any, inputs: Any) -> str:
    return interfaces.dtype_name(params, inputs)
