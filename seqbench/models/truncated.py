"""A03, truncated: backpropagation through windows of time, the state carried from one to the next.

Williams & Peng (1990): memory is that of one window, and no gradient crosses a window's start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from seqbench.interfaces import Array, Gradients, Implementation
from seqbench.kernels._cell import CellInputs, CellOutputs


def truncated_bptt(
    implementation: Implementation, params: Any, inputs: CellInputs, d_output: Array, window: int
) -> tuple[CellOutputs, Gradients]:
    """Forward and backward of a cell over (T, B, I), `window` steps at a time.

    d_output : (T, B, H), the gradient of the loss at each step's output. Outputs are those of the
    whole sequence; gradients are sums over windows, those of h0 and c0 come from the first. With
    `window` >= T it is the full backward.
    """
    contract, xp = implementation.contract, implementation.backend.xp
    dims = contract.dims(params, inputs)._replace(T=window)
    plan = implementation.plan(dims, str(inputs.x.dtype), grad=True)
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


def _sum(total: Any, addend: Any) -> Any:
    """The sum of two gradients, field by field; new arrays."""
    values = {f.name: getattr(addend, f.name) for f in fields(addend)}
    if total is None:
        return type(addend)(**{name: value.copy() for name, value in values.items()})
    return type(addend)(**{name: getattr(total, name) + value for name, value in values.items()})
