"""The correctness gate: nothing is timed that does not compute what its contract says.

An implementation, at the very sizes and dtype to be timed, is held against the contract's shared
text in float64 on the same rounded numbers. The error of a tensor is max|a - b| / max|b|.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np

from seqbench.interfaces import Implementation, SharedText, UnsupportedError
from seqbench.interfaces.records import Gate

from .host_arrays import HOST

FORWARD = {"float64": 1e-10, "float32": 1e-5, "float16": 2e-3, "bfloat16": 1.6e-2}
GRADIENT = {"float64": 1e-10, "float32": 1e-4}


@dataclass(frozen=True, slots=True)
class GateReport:
    """`errors` has one entry a tensor, gradients as `d_params.*` and `d_inputs.*`."""

    gate: Gate
    errors: dict[str, float] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


def correctness_gate(
    impl: Implementation, params: Any, inputs: Any, dtype: str, d_outputs: Any = None
) -> GateReport:
    """Hold one forward, and with `d_outputs` one backward, against the shared text.

    params, inputs, d_outputs : host arrays, the floating ones in `dtype`

    Raises UnsupportedError for a dtype without a tolerance.
    """
    tolerances = _tolerances(dtype, grad=d_outputs is not None)
    actual = results_of(impl, params, inputs, d_outputs, dtype)
    wide_params, wide_inputs, wide_d = map(as_float64, (params, inputs, d_outputs))
    text = SharedText(impl.contract, HOST)
    expected = results_of(text, wide_params, wide_inputs, wide_d, "float64")
    errors, reasons = {}, []
    for name, array in expected.items():
        errors[name] = error = relative_error(actual.get(name), array)
        allowed = tolerances[name.startswith("d_")]
        if not error <= allowed:
            reasons.append(
                f"{impl.impl_id}: {name} differs from the float64 shared text by {error:.2g} of "
                f"its largest value, allowed {allowed:g}; run `seqbench check {impl.backend.name}`"
            )
    return GateReport("fail" if reasons else "pass", errors, reasons)


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
    plan.load(on_device(params, impl))
    found = _host_copies(plan.forward(on_device(inputs, impl)), "", backend)
    if grad:
        gradients = plan.backward(on_device(d_outputs, impl))
        found |= _host_copies(gradients.params, "d_params.", backend)
        found |= _host_copies(gradients.inputs, "d_inputs.", backend)
    return found


def _host_copies(tree: Any, prefix: str, backend: Any) -> dict[str, np.ndarray]:
    return {prefix + name: np.array(backend.to_host(array)) for name, array in _arrays(tree)}


def _arrays(tree: Any) -> Iterator[tuple[str, Any]]:
    """(name, array) of a flat dataclass; fields that hold None are left out."""
    if tree is None:
        return
    for info in fields(tree):
        value = getattr(tree, info.name)
        if hasattr(value, "dtype"):
            yield info.name, value


def on_device(tree: Any, impl: Implementation) -> Any:
    """A flat dataclass of host arrays, copied to the implementation's device."""
    return _mapped(tree, lambda a: impl.backend.to_device(np.array(a, order="C")))


def as_float64(tree: Any) -> Any:
    """A flat dataclass with its floating arrays widened; None stays None."""
    return _mapped(tree, lambda a: a.astype("float64") if a.dtype.kind == "f" else a)


def _mapped(tree: Any, function: Any) -> Any:
    if not is_dataclass(tree) or isinstance(tree, type):
        return tree
    return replace(tree, **{name: function(array) for name, array in _arrays(tree)})


def relative_error(actual: np.ndarray | None, expected: np.ndarray) -> float:
    """max|actual - expected| / max|expected|, absolute over zeros; inf where it is not finite."""
    if actual is None or actual.shape != expected.shape:
        return float("inf")
    if expected.size == 0:
        return 0.0
    with np.errstate(invalid="ignore"):  # inf - inf: told as inf below
        gap = float(np.abs(actual.astype("float64") - expected).max())
    scale = float(np.abs(expected).max())
    return gap / (scale or 1.0) if np.isfinite(gap) else float("inf")
