"""Where a training step draws its dropout masks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DropoutStream:
    """The same (seed, step) gives the same masks."""

    seed: int
    step: int
