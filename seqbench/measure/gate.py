"""The correctness gate: nothing is timed that does not compute what its contract says.

An implementation, at the very sizes and dtype to be timed, is held against the contract's shared
text in float64 on the same rounded numbers. The error of a floating tensor is max|a - b| / max|b|,
that of whole numbers (ids, counts) the share of those that differ. Where floating numbers decide
about whole ones, rounding may turn near ties: CHOICES allows for few of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqbench.interfaces import (
    Implementation,
    SharedText,
    UnsupportedError,
    named_arrays,
    tree_map,
)
from seqbench.interfaces.records import Gate

from .host_arrays import HOST

FORWARD = {"float64": 1e-10, "float32": 1e-5, "float16": 2e-3, "bfloat16": 1.6e-2}
GRADIENT = {"float64": 1e-10, "float32": 1e-4}
CHOICES = {"float64": 0.0, "float32": 2e-3, "float16": 5e-2, "bfloat16": 2e-1}
"""The share of whole numbers that may differ where floating inputs decide about them."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """`errors` has one entry a tensor: outputs, gradients as `d_params.*` and `d_inputs.*`, and
    `params.*` of what is updated in place."""

    gate: Gate
    errors: dict[str, float] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


def correctness_gate(
    impl: Implementation, params: Any, inputs: Any, dtype: str, d_outputs: Any = None
) -> GateReport:
    """Hold one forward, and with `d_outputs` one backward, against the shared text.

    params, inputs, d_outputs : host arrays, the floating ones in `dtype`; they stay as they are

    Raises UnsupportedError for a dtype without a tolerance.
    """
    tolerances = _tolerances(dtype, grad=d_outputs is not None)
    actual = results_of(impl, params, inputs, d_outputs, dtype)
    wide_params, wide_inputs, wide_d = map(as_float64, (params, inputs, d_outputs))
    text = SharedText(impl.contract, HOST)
    expected = results_of(text, wide_params, wide_inputs, wide_d, "float64")
    decided = any(_floating(array) for _, array in named_arrays((params, inputs)))
    choices = CHOICES[dtype] if decided else 0.0
    errors, reasons = {}, []
    for name, array in expected.items():
        errors[name] = error = error_of(actual.get(name), array)
        allowed = tolerances[name.startswith("d_")] if _floating(array) else choices
        if not error <= allowed:
            reasons.append(_told(impl, name, array, error, allowed))
    return GateReport("fail" if reasons else "pass", errors, reasons)


def _told(impl: Implementation, name: str, array: Any, error: float, allowed: float) -> str:
    of = "of its largest value" if _floating(array) else "of its entries"
    return (
        f"{impl.impl_id}: {name} differs from the float64 shared text by {error:.2g} {of}, "
        f"allowed {allowed:g}; run `seqbench check {impl.backend.name}`"
    )


def _tolerances(dtype: str, *, grad: bool) -> tuple[float, float]:
    """(forward, gradient)."""
    table = GRADIENT if grad else FORWARD
    if dtype not in table:
        raise UnsupportedError(
            f"correctness gate: no tolerance for {'gradients in ' if grad else ''}{dtype}, "
            f"expected one of {', '.join(table)}; set dtype"
        )
    return FORWARD[dtype], GRADIENT.get(dtype, 0.0)


def results_of(
    impl: Implementation, params: Any, inputs: Any, d_outputs: Any, dtype: str
) -> dict[str, np.ndarray]:
    """Host copies of every output and gradient by name, from a plan of its own."""
    backend = impl.backend
    grad = d_outputs is not None
    plan = impl.plan(impl.contract.dims(params, inputs), dtype, grad=grad)
    loaded = on_device(params, impl)
    plan.load(loaded)
    found = _host_copies(plan.forward(on_device(inputs, impl)), "", backend)
    if impl.contract.in_place:
        found |= _host_copies(loaded, "params.", backend)
    if grad:
        gradients = plan.backward(on_device(d_outputs, impl))
        found |= _host_copies(gradients.params, "d_params.", backend)
        found |= _host_copies(gradients.inputs, "d_inputs.", backend)
    return found


def _host_copies(tree: Any, prefix: str, backend: Any) -> dict[str, np.ndarray]:
    return {prefix + name: np.array(backend.to_host(array)) for name, array in named_arrays(tree)}


def on_device(tree: Any, impl: Implementation) -> Any:
    """A nested dataclass of host arrays, copied to the implementation's device."""
    return tree_map(lambda a: impl.backend.to_device(np.array(a, order="C")), tree)


def as_float64(tree: Any) -> Any:
    """A nested dataclass with its floating arrays widened; None stays None."""
    return tree_map(lambda a: a.astype("float64") if _floating(a) else a, tree)


def _floating(array: Any) -> bool:
    return bool(array.dtype.kind == "f")


def error_of(actual: np.ndarray | None, expected: np.ndarray) -> float:
    """`relative_error` of floating numbers, `share_that_differs` of the others."""
    if _floating(expected):
        return relative_error(actual, expected)
    return share_that_differs(actual, expected)


def share_that_differs(actual: np.ndarray | None, expected: np.ndarray) -> float:
    """Of the entries, those that are not equal; inf where the shape is another."""
    if actual is None or actual.shape != expected.shape:
        return float("inf")
    return float(np.mean(actual != expected)) if expected.size else 0.0


def relative_error(actual: np.ndarray | None, expected: np.ndarray) -> float:
    """max|actual - expected| / max|expected|, absolute over zeros.

    An infinity equals the same infinity; any other place that is not finite makes it inf.
    """
    if actual is None or actual.shape != expected.shape:
        return float("inf")
    infinite = np.isinf(expected)
    if not np.array_equal(actual[infinite], expected[infinite]):
        return float("inf")
    wanted = expected[~infinite]
    if wanted.size == 0:
        return 0.0
    with np.errstate(invalid="ignore"):  # inf - inf: told as inf below
        gap = float(np.abs(actual[~infinite].astype("float64") - wanted).max())
    scale = float(np.abs(wanted).max())
    return gap / (scale or 1.0) if np.isfinite(gap) else float("inf")
