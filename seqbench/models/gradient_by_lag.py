"""A08: how much of the gradient is left k steps back, for any cell.

Bengio, Simard & Frasconi (1994); Pascanu et al. (2013), section 2: the gradient of the loss at step
T by the state k steps before is a product of k Jacobians, whose norm vanishes or explodes with k.
Each step is a forward and a backward of its own, T = 1, from the state that the forward pass left
there: what is multiplied are the cell's own Jacobians, on any backend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.interfaces import Array, Implementation, Kernels, RangeError, ShapeError
from seqbench.kernels._cell import CellInputs, CellOutputs

State = tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class LagNorms:
    """Norms by lag, host arrays, float64: row k is the gradient by the state after step T - k.

    by_state : name of a part of the state -> (T + 1, B); row 0 is the gradient at the last step,
        row T that of the initial state
    total : (T + 1, B), over all parts of the state together
    """

    by_state: dict[str, np.ndarray]
    total: np.ndarray

    @property
    def relative(self) -> np.ndarray:
        """(T + 1,): the mean over the batch, over that of lag 0."""
        means: np.ndarray = self.total.mean(axis=1)
        return means / means[0]


class GradientByLag:
    """`norms` for the cells of one backend."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def norms(self, cell: str, params: Any, inputs: CellInputs, d_last: Array) -> LagNorms:
        """Norm of d loss_T / d state_(T - k) by k, for k = 0 to T.

        Parameters
        ----------
        cell : a registered name; params : its Params
        inputs : a batch of full length, T >= 1
        d_last : (B, H), the gradient of the loss at the last step's output

        Raises
        ------
        RangeError
            If a sequence is shorter than T: its last step is another one.
        ShapeError
            If d_last does not fit, or as the cell's own check says.
        """
        implementation = self._kernels.get("cell", cell)
        implementation.contract.validate(params, inputs)
        _check(implementation.contract.dims(params, inputs), inputs, d_last, self._to_host)
        walk = _Walk(implementation, params, inputs)
        gradients = walk.back(walk.forth(), d_last)
        names = implementation.contract.state
        squared = {name: self._squared([g[i] for g in gradients]) for i, name in enumerate(names)}
        total = np.sqrt(sum(squared.values()))
        return LagNorms({name: np.sqrt(value) for name, value in squared.items()}, total)

    def _squared(self, gradients: list[Array]) -> np.ndarray:
        """(T + 1, B) float64, of (B, H) each."""
        return np.stack(
            [np.square(np.asarray(self._to_host(g), np.float64)).sum(axis=1) for g in gradients]
        )

    def _to_host(self, array: Array) -> Any:
        return self._kernels.backend.to_host(array)


class _Walk:
    """A sequence a step at a time, with a plan of one step."""

    def __init__(self, implementation: Implementation, params: Any, inputs: CellInputs) -> None:
        contract = implementation.contract
        self._inputs, self._names = inputs, contract.state
        dims = contract.dims(params, inputs)._replace(T=1)
        self._plan = implementation.plan(dims, str(inputs.x.dtype), grad=True)
        self._plan.load(params)
        xp = implementation.backend.xp
        self._ones = xp.ones_like(inputs.lengths)

    def _step(self, t: int, state: State) -> State:
        out = self._plan.forward(CellInputs(self._inputs.x[t : t + 1], self._ones, *state))
        return tuple(getattr(out, name).copy() for name in self._names)

    def forth(self) -> list[State]:
        """The state before each step."""
        states = [tuple(getattr(self._inputs, name + "0") for name in self._names)]
        for t in range(len(self._inputs.x) - 1):
            states.append(self._step(t, states[-1]))
        return states

    def back(self, states: list[State], d_last: Array) -> list[State]:
        """The gradient by the state after step T - k, for k = 0 to T; the parts of each."""
        gradients: list[State] = [(d_last, *(0 * d_last for _ in self._names[1:]))]
        for t in range(len(states) - 1, -1, -1):
            self._step(t, states[t])
            d_inputs = self._plan.backward(CellOutputs(None, *gradients[-1])).inputs
            gradients.append(tuple(getattr(d_inputs, n + "0").copy() for n in self._names))
        return gradients


def _check(dims: Any, inputs: CellInputs, d_last: Array, to_host: Any) -> None:
    T, B, _, H = dims
    if tuple(d_last.shape) != (B, H):
        raise ShapeError(
            f"gradient_by_lag: d_last is {tuple(d_last.shape)}, expected (B, H) = {(B, H)}; give "
            "the gradient at the last step's output"
        )
    short = np.flatnonzero(np.asarray(to_host(inputs.lengths)) < T)
    if T < 1 or short.size:
        told = f"the length of sequence {short[0]} is below" if short.size else "there is no step:"
        raise RangeError(
            f"gradient_by_lag: {told} T = {T}, expected full sequences of at least one step; lags "
            "count back from the last step"
        )
