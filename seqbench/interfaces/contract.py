"""What an algorithm is (`Contract`) and what serves it (`Implementation`, `Plan`).

A contract holds the *shared text*: pure functions over whatever array namespace a backend brings.
`SharedText` turns it into an implementation, so a backend that offers an array namespace has every
algorithm at once; a backend overrides a contract where it has something faster.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, NamedTuple

from .backend import Array, Backend
from .errors import ShapeError, UnsupportedError

Tier = Literal["own", "shared", "host", "peer"]
"""own: written for this backend; shared: the shared text; host: runs on the host by design;
peer: another library, for comparison."""

KINDS = (
    "cell",
    "decoder",
    "embedding",
    "vectors",
    "vector_op",
    "attention",
    "loss",
    "feature",
    "optimizer",
    "metric",
    "model",
    "analysis",
)


class Gradients(NamedTuple):
    """What a backward pass returns: the same dataclasses as went in, holding gradients.

    A field that has no gradient (ids, lengths, options) is None.
    """

    params: Any
    inputs: Any


@dataclass(frozen=True, slots=True)
class Contract:
    """One algorithm: names, types, formulas and the shared text.

    Signatures of the callables (`p` Params, `i` Inputs, `o` Outputs, `d` Dims):

    - ``dims(p, i) -> d``: the sizes, read off the arrays; shapes only, never values.
    - ``validate(p, i) -> None``: raises ShapeError, DtypeError, RangeError. Reads values, so it
      is called on public entry and when a batch is built, never in the hot path.
    - ``flops(d, grad) -> int`` and ``bytes(d, grad, itemsize) -> int``: the cost formulas, for
      forward alone (`grad=False`) or forward and backward together (`grad=True`). One
      multiply-add is two operations, a transcendental is one. Bytes are the compulsory traffic.
    - ``transcendentals(d, grad) -> int``: how many of the operations are exponentials, logarithms,
      tanh and their like, at least; None without any. ``steps(d) -> int``: how many operations
      must follow one another, each on the last one's result; None for one.
    - ``cache(d, dtype, *, backend) -> cache``: allocates what forward keeps for backward.
    - ``forward(p, i, cache, *, backend) -> o``.
    - ``backward(d_o, p, i, cache, *, backend) -> Gradients``; None where not differentiable.
      Overwrites nothing it was given; calling it twice gives the same result.
    - ``shapes(d) -> {field: shape}``: the tensors of Params at these sizes; None without any.

    ``state`` names the recurrent state of a cell: ``("h",)``, or ``("h", "c")`` with a memory.
    ``in_place`` says that forward updates its Params where they are, as an optimizer does.

    Layout: kernels and plans take C-contiguous arrays, and nothing in the hot path looks. The call
    of an `Implementation` takes any layout and copies what is not C-contiguous; Params that are
    updated in place are refused instead, since the update would be lost with the copy.

    NaN and infinity: nothing in the hot path looks for them, no kernel loops or branches on them
    for ever, and none turns NaN into a number. Cells, attention and losses keep them in their
    sequence: no other sequence of the batch, nor its gradient, changes, except through a loss that
    is reduced over the batch and through gradients of parameters, which become NaN too. An
    optimizer keeps them in their weight. `validate` refuses NaN only where results would be an
    arbitrary choice: the logits of a live beam, targets and probabilities.
    """

    id: str
    kind: str
    name: str
    summary: str
    source: str
    Params: type
    Inputs: type
    Outputs: type
    Dims: type
    dims: Callable[..., Any]
    validate: Callable[..., None]
    flops: Callable[..., int]
    bytes: Callable[..., int]
    cache: Callable[..., Any]
    forward: Callable[..., Any]
    backward: Callable[..., Gradients] | None = None
    shapes: Callable[..., dict[str, tuple[int, ...]]] | None = None
    transcendentals: Callable[..., int] | None = None
    steps: Callable[..., int] | None = None
    state: tuple[str, ...] = ()
    in_place: bool = False
    dtypes: tuple[str, ...] = ("float32", "float64")

    @property
    def key(self) -> str:
        """`kind/name`, what plans and rows call this contract."""
        return f"{self.kind}/{self.name}"


class Plan(ABC):
    """Buffers and packed weights of one implementation for given sizes.

    A plan serves exactly the dims it was made for, except that every time-like leading axis
    (`T`, `Tq`, `Tx`, `N`) may be shorter than planned: it is a capacity.
    """

    nbytes: int = 0

    @property
    def notes(self) -> dict[str, Any]:
        """What happened inside that a row should tell (`rescued`, a tile size, ...)."""
        return {}

    @abstractmethod
    def load(self, params: Any) -> None:
        """Take new parameter values; once an update. Later changes to `params` may go unseen."""

    @abstractmethod
    def forward(self, inputs: Any) -> Any:
        """The Outputs. They are views, valid until the next forward of this plan."""

    @abstractmethod
    def backward(self, d_outputs: Any) -> Gradients:
        """Gradients for the last forward. Views, valid until the next backward; repeatable."""


class Implementation(ABC):
    """One way to compute one contract on one backend."""

    contract: Contract
    backend: Backend
    impl_id: str
    tier: Tier
    dtypes: tuple[str, ...]

    def supports(self, dims: Any, dtype: str) -> str | None:
        """None, or the reason why these sizes or this dtype cannot be served."""
        if dtype not in self.dtypes:
            return f"dtype {dtype} is not among {', '.join(self.dtypes)}"
        return None

    @abstractmethod
    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan: ...

    def plan(self, dims: Any, dtype: str = "float32", *, grad: bool = False) -> Plan:
        """Allocate for `dims`; `grad` says whether backward will be called.

        Raises UnsupportedError where `supports` gives a reason, OutOfMemory where it does not fit.
        """
        reason = self.supports(dims, dtype)
        if reason is not None:
            raise UnsupportedError(f"{self.impl_id}: {self.contract.key} with {dims}: {reason}")
        return self._plan(dims, dtype, grad=grad)

    def __call__(self, params: Any, inputs: Any) -> Any:
        """Validate, plan and run forward once: the public entry for a single call.

        Arrays may have any layout, but for Params that are updated in place (ShapeError).
        """
        self.contract.validate(params, inputs)
        params, inputs = self._laid_out(params), c_contiguous(inputs)
        dims = self.contract.dims(params, inputs)
        plan = self.plan(dims, dtype_name(params, inputs))
        plan.load(params)
        return plan.forward(inputs)

    def _laid_out(self, params: Any) -> Any:
        """C-contiguous Params; refused rather than copied where they are updated in place."""
        if self.contract.in_place and not all(is_c_contiguous(a) for a in arrays_of(params)):
            raise ShapeError(
                f"{self.contract.key}: an array of Params is a strided view, expected C-contiguous "
                "arrays, which are updated in place; make it contiguous and keep that array"
            )
        return c_contiguous(params)


class SharedText(Implementation):
    """The shared text of a contract on a backend's array namespace."""

    tier: Tier = "shared"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract = contract
        self.backend = backend
        self.impl_id = f"{backend.name}.shared"
        self.dtypes = contract.dtypes

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return SharedTextPlan(self.contract, self.backend, dims, dtype)


class SharedTextPlan(Plan):
    """Runs the contract's functions; the cache is the only buffer."""

    def __init__(self, contract: Contract, backend: Backend, dims: Any, dtype: str) -> None:
        self._contract = contract
        self._backend = backend
        self._cache = contract.cache(dims, dtype, backend=backend)
        self.nbytes = tree_nbytes(self._cache)
        self._params: Any = None
        self._inputs: Any = None

    def load(self, params: Any) -> None:
        self._params = params

    def forward(self, inputs: Any) -> Any:
        self._inputs = inputs
        return self._contract.forward(self._params, inputs, self._cache, backend=self._backend)

    def backward(self, d_outputs: Any) -> Gradients:
        backward = self._contract.backward
        if backward is None:
            raise UnsupportedError(f"{self._contract.key} has no gradient")
        return backward(d_outputs, self._params, self._inputs, self._cache, backend=self._backend)


def arrays_of(value: Any) -> list[Array]:
    """Every array inside nested dataclasses, tuples and dicts, in field order."""
    if value is None:
        return []
    if is_dataclass(value) and not isinstance(value, type):
        return [a for f in fields(value) for a in arrays_of(getattr(value, f.name))]
    if isinstance(value, dict):
        return [a for item in value.values() for a in arrays_of(item)]
    if isinstance(value, (tuple, list)):
        return [a for item in value for a in arrays_of(item)]
    return [value] if hasattr(value, "dtype") and hasattr(value, "shape") else []


def is_c_contiguous(array: Array) -> bool:
    """Whether an array of any backend is C-contiguous; one that cannot be strided (JAX's) is."""
    flags = getattr(array, "flags", None)
    if flags is not None:
        return bool(flags.c_contiguous)
    return bool(array.is_contiguous()) if hasattr(array, "is_contiguous") else True


def c_contiguous(value: Any) -> Any:
    """The same nested dataclass, every strided array in it replaced by a C-contiguous copy."""
    if is_dataclass(value) and not isinstance(value, type):
        kept = {f.name: getattr(value, f.name) for f in fields(value)}
        laid_out = {name: c_contiguous(item) for name, item in kept.items()}
        changed = {name: item for name, item in laid_out.items() if item is not kept[name]}
        return replace(value, **changed) if changed else value
    if not hasattr(value, "dtype") or not hasattr(value, "shape") or is_c_contiguous(value):
        return value
    # torch's copy keeps strides and its `contiguous` does not; ndarray.copy is in C order.
    return value.contiguous() if hasattr(value, "contiguous") else value.copy()


def tree_nbytes(value: Any) -> int:
    """Bytes held by every array inside `value`."""
    return sum(int(a.nbytes) for a in arrays_of(value))


def dtype_name(params: Any, inputs: Any) -> str:
    """The floating dtype of the first floating array of `params`, then `inputs`."""
    for array in arrays_of((params, inputs)):
        name = str(array.dtype).removeprefix("torch.")
        if "float" in name:
            return name
    return "float32"
