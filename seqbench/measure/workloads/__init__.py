"""What each contract is timed on: host arrays drawn by size, full length, in the dtype to be timed.

A family's module registers a builder for each of its contracts, with the sizes it takes and what
they are unless the experiment says otherwise:

    @workload("loss/hinge", T=64, B=32)
    def _(rng, T, B):
        ...
        return params, inputs

Numbers are float64 and cast when drawn. A plugin with contracts of its own registers workloads in
the module that holds the contract, as it does with `seqbench.testing.cases.builder`.
"""

from __future__ import annotations

import functools
import importlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from seqbench.interfaces import Contract, SharedText, UnsupportedError, tree_map

from ..host_arrays import HOST

WORKLOAD_MODULES: list[str] = [
    f"seqbench.measure.workloads.{name}"
    for name in (
        "attention",
        "classification",
        "ctc",
        "embedding",
        "losses",
        "optimizers",
        "search",
        "speech_features",
        "vector_ops",
        "vectors",
    )
]
"""Modules whose import registers builders; each must import."""

Build = Callable[..., tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Workload:
    """Host arrays of one call; `d_outputs` is None where the contract has no backward."""

    params: Any
    inputs: Any
    d_outputs: Any = None


@dataclass(frozen=True, slots=True)
class _Builder:
    build: Build
    sizes: Mapping[str, int]
    graded: tuple[str, ...] | None


_BUILDERS: dict[str, _Builder] = {}


def workload(
    key: str, graded: tuple[str, ...] | None = None, /, **sizes: int
) -> Callable[[Build], Build]:
    """Register `(rng, **sizes) -> (params, inputs)` for the contract `key`.

    graded : the fields of Outputs through which a gradient flows; None for all floating ones
    sizes : each size that the builder takes and its default; named as in the contract's Dims
    """

    def register(build: Build) -> Build:
        _BUILDERS[key] = _Builder(build, sizes, graded)
        return build

    return register


def default_sizes(contract: Contract) -> dict[str, int]:
    """The sizes that a workload of this contract takes, as they are unless told otherwise."""
    return dict(_builder_of(contract).sizes)


def draw(
    contract: Contract,
    sizes: Mapping[str, int] | None = None,
    dtype: str = "float32",
    seed: int = 0,
) -> Workload:
    """A seeded workload; `sizes` replace the defaults.

    Raises UnsupportedError for a contract without a workload and for a size that it does not have.
    """
    builder = _builder_of(contract)
    asked = dict(sizes or {})
    odd = sorted(set(asked) - set(builder.sizes))
    if odd:
        raise UnsupportedError(
            f"workload: {contract.key} has no size {odd[0]}, expected one of "
            f"{', '.join(builder.sizes)}; leave sizes.{odd[0]} out for this kernel"
        )
    rng = np.random.default_rng([seed, zlib.crc32(contract.key.encode())])
    params, inputs = (
        _cast(tree, dtype) for tree in builder.build(rng, **{**builder.sizes, **asked})
    )
    if contract.backward is None:
        return Workload(params, inputs)
    return Workload(params, inputs, _upstream(contract, params, inputs, builder.graded, rng))


def _cast(tree: Any, dtype: str) -> Any:
    """Floating arrays in `dtype`, C-contiguous; the others as they are."""
    return tree_map(
        lambda a: np.array(a, dtype if a.dtype.kind == "f" else a.dtype, order="C"), tree
    )


def _upstream(
    contract: Contract,
    params: Any,
    inputs: Any,
    graded: tuple[str, ...] | None,
    rng: np.random.Generator,
) -> Any:
    """Random gradients of the outputs, whose shapes the shared text tells; None for the others."""
    dims = contract.dims(params, inputs)
    plan = SharedText(contract, HOST).plan(dims, dtype_of(params, inputs), grad=True)
    plan.load(params)
    outputs = plan.forward(inputs)
    drawn: dict[str, Any] = {}
    for field in fields(outputs):
        value = getattr(outputs, field.name)
        carries = (graded is None or field.name in graded) and _floats(value)
        drawn[field.name] = (
            np.asarray(rng.standard_normal(value.shape)).astype(value.dtype) if carries else None
        )
    return replace(outputs, **drawn)


def dtype_of(params: Any, inputs: Any) -> str:
    from seqbench.interfaces import dtype_name

    return dtype_name(params, inputs)


def _floats(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") == "f"


def _builder_of(contract: Contract) -> _Builder:
    import_builders()
    if contract.key in _BUILDERS:
        return _BUILDERS[contract.key]
    if contract.kind == "cell" and contract.shapes is not None:
        from .cells import SIZES, build

        return _Builder(functools.partial(build, contract), SIZES, None)
    raise UnsupportedError(
        f"no workload for {contract.key}: write a builder with "
        f"@seqbench.measure.workloads.workload({contract.key!r}, …) beside the contract"
    )


@functools.cache
def import_builders() -> None:
    """Register every family's workloads, which the first `draw` does by itself."""
    for module in WORKLOAD_MODULES:
        importlib.import_module(module)
