"""Random inputs for every contract: what the conformance checks, gates and measurements run on.

A builder makes the host arrays of one contract at one named size, in float64:

    @builder("loss/hinge", padding=pad_time("logits"))
    def _(rng, size):
        T, B = extents(size)
        ...
        return params, inputs        # or None: this contract has nothing of that size

Cells need none: their parameters follow from `Contract.shapes` and `Contract.state`. A plugin with
contracts of its own registers builders in the module that holds the contract, so that
`seqbench check` meets both.
"""

from __future__ import annotations

import functools
import importlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqbench.interfaces import Contract, UnsupportedError
from seqbench.kernels._cell import CellDims, CellInputs

from .trees import cast, tree_map

BUILDER_MODULES: list[str] = [
    "seqbench.testing.cases_attention",
    "seqbench.testing.cases_classification",
    "seqbench.testing.cases_ctc",
    "seqbench.testing.cases_embedding",
    "seqbench.testing.cases_glove",
    "seqbench.testing.cases_language",
    "seqbench.testing.cases_losses",
    "seqbench.testing.cases_optimizers",
    "seqbench.testing.cases_search",
    "seqbench.testing.cases_speech_features",
    "seqbench.testing.cases_vector_ops",
    "seqbench.testing.cases_vectors",
]
"""Modules of seqbench whose import registers builders; each must import."""

SIZES = ("tiny", "odd", "one", "step", "padded", "empty")
"""tiny: all full length; odd: no axis a multiple of 8; one: T = B = 1; step: T = 1, a batch;
padded: unequal lengths, one of them zero; empty: B = 0."""

_EXTENTS = {
    "tiny": (3, 2),
    "odd": (7, 3),
    "one": (1, 1),
    "step": (1, 5),
    "padded": (6, 4),
    "empty": (3, 0),
}
_PADDED_LENGTHS = (3, 0, 6, 1)

Padding = Callable[[Any, float], Any]
"""(inputs, fill) -> inputs whose padded positions hold `fill`."""


@dataclass(frozen=True, slots=True)
class InputCase:
    """One contract's Params and Inputs as host arrays, floating ones in `dtype`.

    `padding` fills what lies past the lengths; None where the contract has no padding.
    `graded` names the fields of Outputs through which a gradient flows; None for all floating ones.
    `constants` names floating fields of Params and Inputs that get no gradient.
    """

    key: str
    size: str
    params: Any
    inputs: Any
    dtype: str = "float64"
    padding: Padding | None = None
    graded: tuple[str, ...] | None = None
    constants: tuple[str, ...] = ()

    def cast(self, dtype: str) -> InputCase:
        """Copies in another floating dtype."""
        params, inputs = cast(self.params, dtype), cast(self.inputs, dtype)
        return replace(self, params=params, inputs=inputs, dtype=dtype)

    def filled(self, fill: float) -> InputCase:
        """The same case with `fill` in its padding; UnsupportedError where it has none."""
        if self.padding is None:
            raise UnsupportedError(f"{self.key} has no padding to fill")
        return replace(self, inputs=self.padding(self.inputs, fill))

    def __str__(self) -> str:
        return f"{self.key}[{self.size},{self.dtype}]"


@dataclass(frozen=True, slots=True)
class _Builder:
    build: Callable[[np.random.Generator, str], tuple[Any, Any] | None]
    padding: Padding | None
    graded: tuple[str, ...] | None
    constants: tuple[str, ...] = ()


_BUILDERS: dict[str, _Builder] = {}


def builder(
    key: str,
    *,
    padding: Padding | None = None,
    graded: tuple[str, ...] | None = None,
    constants: tuple[str, ...] = (),
) -> Callable[[Any], Any]:
    """Register `(rng, size) -> (params, inputs) | None` for the contract `key`.

    The keywords are those of InputCase.
    """

    def register(build: Any) -> Any:
        _BUILDERS[key] = _Builder(build, padding, graded, constants)
        return build

    return register


def cases(
    contract: Contract, sizes: Sequence[str] = SIZES, *, dtype: str = "float64", seed: int = 0
) -> list[InputCase]:
    """One case a size, for the sizes that the contract has; the same numbers for the same seed."""
    found = _builder_of(contract)
    made = []
    for size in sizes:
        built = found.build(_rng(contract.key, size, seed), size)
        if built is not None:
            case = InputCase(
                contract.key,
                size,
                *built,
                padding=found.padding,
                graded=found.graded,
                constants=found.constants,
            )
            made.append(case.cast(dtype))
    return made


def _rng(key: str, size: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(f"{key}:{size}".encode())])


def _builder_of(contract: Contract) -> _Builder:
    _import_builders()
    if contract.key in _BUILDERS:
        return _BUILDERS[contract.key]
    if contract.kind == "cell" and contract.shapes is not None:
        build = functools.partial(_cell, contract)
        return _Builder(build, pad_time("x"), ("output", *contract.state))
    raise UnsupportedError(
        f"no cases for {contract.key}; write a builder with "
        f"@seqbench.testing.cases.builder({contract.key!r}) beside the contract"
    )


@functools.cache
def _import_builders() -> None:
    for module in BUILDER_MODULES:
        importlib.import_module(module)


# -- what builders are made of -----------------------------------------------------------------


def extents(size: str) -> tuple[int, int]:
    """(T, B) of a named size."""
    return _EXTENTS[size]


def lengths(size: str) -> np.ndarray:
    """(B,) int32: full, except in `padded`."""
    steps, batch = extents(size)
    values = _PADDED_LENGTHS if size == "padded" else (steps,) * batch
    return np.array(values, np.int32)


def pad_time(*names: str, lengths: str = "lengths") -> Padding:
    """Fills `inputs.<name>` (T, B, ...) where t >= lengths[b]."""

    def fill_in(inputs: Any, fill: float) -> Any:
        ends = getattr(inputs, lengths)
        changed = {}
        for name in names:
            values = getattr(inputs, name).copy()
            values[np.arange(len(values))[:, None] >= ends[None, :]] = fill
            changed[name] = values
        return replace(inputs, **changed)

    return fill_in


def random_params(contract: Contract, dims: Any, rng: np.random.Generator) -> Any:
    """Params of a contract with `shapes`, float64, small enough that no unit saturates."""
    assert contract.shapes is not None, contract.key
    shapes = contract.shapes(dims)
    return contract.Params(**{name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()})


def random_cell_inputs(
    contract: Contract, dims: CellDims, rng: np.random.Generator, lengths: np.ndarray | None = None
) -> CellInputs:
    """A float64 batch with a non-zero initial state; full length unless told otherwise."""
    T, B, I, H = dims
    ends = np.full(B, T, np.int32) if lengths is None else lengths
    state = [rng.normal(0, 0.5, (B, H)) for _ in contract.state]
    return CellInputs(rng.normal(size=(T, B, I)), ends, *state)


def _cell(contract: Contract, rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    dims = CellDims(*extents(size), *((5, 33) if size == "odd" else (3, 4)))
    scale = min(1.0, 2 / dims.H**0.5)  # else a wide cell is chaotic: rounding grows step by step
    params = tree_map(lambda a: scale * a, random_params(contract, dims, rng))
    return params, random_cell_inputs(contract, dims, rng, lengths(size))
