"""A38: learning rates by step, on the host; steps count from 1.

A schedule gives the factor on the base rate after the warm-up, which raises it linearly from
1 / warmup_steps over the first `warmup_steps` updates and is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seqbench.interfaces import RangeError, unknown_name


@dataclass(frozen=True, slots=True)
class Decay:
    """How a rate falls: by `rate` every `steps` updates; `halving` begins after `hold`."""

    steps: int = 1000
    rate: float = 0.5
    hold: int = 0


def constant(step: int, warmup_steps: int, decay: Decay) -> float:
    return 1.0


def inverse_sqrt(step: int, warmup_steps: int, decay: Decay) -> float:
    """sqrt(warmup / step), the shape of Vaswani et al. (2017), equation 3, with its peak at 1."""
    start = max(1, warmup_steps)
    return (start / max(start, step)) ** 0.5


def exponential(step: int, warmup_steps: int, decay: Decay) -> float:
    """Falls a little with every update, by `rate` over `steps` of them."""
    return decay.rate ** (max(0, step - 1 - warmup_steps) / decay.steps)


def stepwise(step: int, warmup_steps: int, decay: Decay) -> float:
    """Falls by `rate` at once, every `steps` updates."""
    return decay.rate ** (max(0, step - 1 - warmup_steps) // decay.steps)


def halving(step: int, warmup_steps: int, decay: Decay) -> float:
    """Full for `hold` updates, then half, and again every `steps` (Sutskever et al. 2014)."""
    late = step - decay.hold
    return 1.0 if late < 1 else 0.5 ** (1 + (late - 1) // decay.steps)


SCHEDULES: dict[str, Callable[[int, int, Decay], float]] = {
    "constant": constant,
    "inverse_sqrt": inverse_sqrt,
    "exponential": exponential,
    "step": stepwise,
    "halving": halving,
}


def learning_rate(
    schedule: str, step: int, *, base: float, warmup_steps: int = 0, decay: Decay | None = None
) -> float:
    """The rate of update `step` >= 1 under the schedule named `schedule`."""
    if schedule not in SCHEDULES:
        raise unknown_name("schedule", schedule, SCHEDULES)
    if step < 1:
        raise RangeError(
            f"learning_rate: step is {step}, expected at least 1; count the updates from 1"
        )
    warmup = min(1.0, step / warmup_steps) if warmup_steps else 1.0
    return base * warmup * SCHEDULES[schedule](step, warmup_steps, decay or Decay())
