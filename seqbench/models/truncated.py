"""A03, truncated: backpropagation through windows of time, the state carried from one to the next.

Williams & Peng (1990): memory is that of one window, and no gradient crosses a window's start. The
loss is the sum over t of the steps' losses, so the windows' gradients add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from seqbench.interfaces import (
    Array,
    Gradients,
    Implementation,
    Kernels,
    RangeError,
    ShapeError,
    UnsupportedError,
)
from seqbench.kernels._cell import CellInputs, CellOutputs

from .stacked import Stacked


class TruncatedBPTT:
    """A cell or a stack of it, by name: `TruncatedBPTT(kernels, "lstm", num_layers=2)`.

    Called with `(params, inputs, d_output, window)`; see `truncated_bptt`.
    """

    def __init__(self, kernels: Kernels, cell: str = "rnn", *, num_layers: int = 1) -> None:
        self.model: Implementation | Stacked = (
            kernels.get("cell", cell)
            if num_layers == 1
            else Stacked(kernels, cell, num_layers=num_layers)
        )

    def __call__(
        self, params: Any, inputs: CellInputs, d_output: Array, window: int
    ) -> tuple[CellOutputs, Gradients]:
        return truncated_bptt(self.model, params, inputs, d_output, window)


def truncated_bptt(
    model: Implementation | Stacked,
    params: Any,
    inputs: CellInputs,
    d_output: Array,
    window: int,
) -> tuple[CellOutputs, Gradients]:
    """Forward and backward of a cell, or of a stack of them, over (T, B, I), window by window.

    d_output : (T, B, H), the gradient of the loss at each step's output; window : steps of each.
    Outputs are those of the whole sequence; gradients are sums over windows, those of h0 and c0
    come from the first. With `window` >= T it is the full backward.

    Raises UnsupportedError for a stack in both directions, which must have read the whole sequence
    before its first output, RangeError for a window below 1, and ShapeError for T = 0.
    """
    contract: Any = model if isinstance(model, Stacked) else model.contract
    _check(model, inputs, window)
    xp = model.backend.xp
    dims = contract.dims(params, inputs)._replace(T=window)
    plan = model.plan(dims, str(inputs.x.dtype), grad=True)
    plan.load(params)
    state = {name: getattr(inputs, name + "0") for name in contract.state}
    outputs, d_xs, d_params = [], [], None
    d_initial: dict[str, Array] = {}
    for steps, lengths in windows(inputs, window, xp=xp):
        initial = {name + "0": value for name, value in state.items()}
        out = plan.forward(CellInputs(x=inputs.x[steps], lengths=lengths, **initial))
        gradients = plan.backward(CellOutputs(d_output[steps], None, None))
        outputs.append(out.output.copy())  # the plan's arrays are views that it reuses
        d_xs.append(gradients.inputs.x.copy())
        d_params = _sum(d_params, gradients.params)
        d_initial = d_initial or {n: getattr(gradients.inputs, n).copy() for n in initial}
        state = {name: getattr(out, name).copy() for name in contract.state}
    d_inputs = CellInputs(x=xp.concatenate(d_xs), lengths=None, **d_initial)
    return CellOutputs(xp.concatenate(outputs), **state), Gradients(d_params, d_inputs)


def windows(inputs: CellInputs, window: int, *, xp: Any) -> Iterator[tuple[slice, Array]]:
    """(steps, lengths inside them) of each window; a sequence that has ended has length 0."""
    for start in range(0, inputs.x.shape[0], window):
        yield slice(start, start + window), xp.clip(inputs.lengths - start, 0, window)


def _check(model: Implementation | Stacked, inputs: CellInputs, window: int) -> None:
    if inputs.x.shape[0] == 0:
        raise ShapeError(
            f"truncated_bptt: x has shape {tuple(inputs.x.shape)}, expected (T, B, I) with T at "
            "least 1; leave out the batches without a step"
        )
    if window < 1:
        raise RangeError(
            f"truncated_bptt: window is {window}, expected at least 1; the whole length truncates "
            "nothing"
        )
    if isinstance(model, Stacked) and model.num_directions == 2:
        raise UnsupportedError(
            "truncated_bptt: the stack runs in both directions, expected one; its backward half "
            "starts at the sequence's end: take the full backward"
        )


def _sum(total: Any, addend: Any) -> Any:
    """The sum of two gradients, field by field, part by part of a stack; new arrays."""
    if isinstance(addend, tuple):
        totals = (None,) * len(addend) if total is None else total
        return tuple(_sum(*pair) for pair in zip(totals, addend, strict=True))
    values = {f.name: getattr(addend, f.name) for f in fields(addend)}
    if total is None:
        return type(addend)(**{name: value.copy() for name, value in values.items()})
    return type(addend)(**{name: getattr(total, name) + value for name, value in values.items()})
