"""Gradients against central differences in float64, along random directions.

A directional derivative of L = sum(d_outputs * outputs) costs two forward runs however many numbers
there are: (L(p + e v) - L(p - e v)) / 2e against <gradient, v>. One direction a field finds the
field that is off; directions over all fields at once find what only shows together.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from seqbench.interfaces import Implementation

from .cases import InputCase
from .comparing import CheckFailure
from .running import HostPlan, forward_of, gradients_of, planned, upstream
from .trees import is_floating, named_arrays, tree_map

STEP = 1e-5
TOLERANCE = 1e-6
"""Of the derivative, or of the root of its summed squared terms where those cancel: truncation of a
central difference is STEP squared, rounding 1e-16 / STEP."""


def check_gradients(
    impl: Implementation, case: InputCase, *, directions: int = 3, seed: int = 0
) -> None:
    """Raise CheckFailure, naming the field, where backward is not the derivative of forward.

    The case must be float64. Every floating field of Params and Inputs that the case does not call
    constant must have a gradient.
    """
    d_outputs = upstream(case, forward_of(impl, case))
    _, gradients = gradients_of(impl, case, d_outputs)
    wanted = _differentiable_fields(case)
    found = dict(named_arrays(gradients))
    for name, array in wanted.items():
        if name not in found:
            raise CheckFailure(f"gradient of {name} is None, expected an array {array.shape}")
        if found[name].shape != array.shape:
            raise CheckFailure(f"gradient of {name} is {found[name].shape}, expected {array.shape}")
    loss = _Loss(planned(impl, case), case, d_outputs)
    rng = np.random.default_rng(seed)
    for name in wanted:
        _compare(loss, found, [name], rng)
    for _ in range(directions):
        _compare(loss, found, list(wanted), rng)


def _differentiable_fields(case: InputCase) -> dict[str, np.ndarray]:
    sides = {"params": case.params, "inputs": case.inputs}
    return {
        name: array
        for name, array in named_arrays(sides)
        if is_floating(array) and name.partition(".")[2] not in case.constants
    }


class _Loss:
    """L of the case's point moved along directions."""

    def __init__(self, plan: HostPlan, case: InputCase, d_outputs: Any) -> None:
        self._plan, self._case = plan, case
        self._weights = dict(named_arrays(d_outputs))

    def at(self, directions: dict[str, np.ndarray], step: float) -> float:
        self._plan.load(_moved(self._case.params, "params", directions, step))
        outputs = self._plan.forward(_moved(self._case.inputs, "inputs", directions, step))
        arrays = dict(named_arrays(outputs))
        return float(sum((arrays[name] * w).sum() for name, w in self._weights.items()))

    def derivative(self, directions: dict[str, np.ndarray]) -> tuple[float, float]:
        """(central difference, its rounding error)."""
        above, below = self.at(directions, STEP), self.at(directions, -STEP)
        rounding = 16 * np.finfo("float64").eps * max(abs(above), abs(below), 1.0) / STEP
        return (above - below) / (2 * STEP), rounding


def _moved(tree: Any, side: str, directions: dict[str, np.ndarray], step: float) -> Any:
    names = iter([name for name, _ in named_arrays(tree, side)])

    def move(array: Any) -> Any:
        direction = directions.get(next(names))
        return array if direction is None else array + step * direction

    return tree_map(move, tree)


def _compare(
    loss: _Loss, gradients: dict[str, np.ndarray], names: list[str], rng: np.random.Generator
) -> None:
    directions = {name: rng.normal(size=gradients[name].shape) for name in names}
    terms = [float(t) for n in names for t in (gradients[n] * directions[n]).ravel()]
    analytic = sum(terms)
    numeric, rounding = loss.derivative(directions)
    scale = max(abs(analytic), abs(numeric), math.hypot(*terms))
    if not abs(analytic - numeric) <= TOLERANCE * scale + rounding:
        where = names[0] if len(names) == 1 else "all fields together"
        raise CheckFailure(
            f"gradient of {where}: backward gives {analytic:.9g} along a random direction, "
            f"central differences give {numeric:.9g}"
        )
