"""Pairs: one of our kernels at one size, what a user would call in its place, and their times.

`pairs_FAMILY.py` beside this file each hold `PAIRS`, a list of Pair. Both sides compute the same on
the same numbers in the same precision; the gate holds each against float64 before it is timed.
"""

from __future__ import annotations

import importlib
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from clock import Call, Times, interleaved
from machine import nvidia_smi

SECONDS = 0.25
"""Of samples a side; at least ten of them."""


@dataclass
class Sides:
    """What a pair builds: calls by name, ours first, and what each returns for the gate.

    results : name -> a function that gives arrays on the host, compared with `exact`
    exact : the same arrays in float64; tolerance : of max|a - b| / max|b|
    bytes_moved, flops : compulsory, for the floor
    """

    calls: dict[str, Call]
    results: dict[str, Callable[[], list[np.ndarray]]]
    exact: list[np.ndarray]
    tolerance: float
    bytes_moved: float
    flops: float
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """`build(bench, **sizes)` makes the sides; `small` are the sizes of a dry run."""

    name: str
    build: Callable[..., Sides]
    sizes: dict[str, Any]
    small: dict[str, Any]
    target: str = ""


@dataclass
class Timing:
    """What came of a pair; `times` is side -> (warm, cold)."""

    name: str
    sizes: dict[str, Any]
    target: str
    gate: str = "none"
    errors: dict[str, float] = field(default_factory=dict)
    times: dict[str, tuple[Times, Times]] = field(default_factory=dict)
    bytes_moved: float = 0.0
    flops: float = 0.0
    clocks: str = ""
    message: str = ""
    notes: dict[str, Any] = field(default_factory=dict)


class Bench:
    """The device for both sides."""

    def __init__(self, backend: Any, *, dry: bool) -> None:
        import torch

        self.backend, self.dry, self.torch = backend, dry, torch
        self.device = "cpu" if dry else "cuda"
        self.rng = np.random.default_rng(0)

    def implementation(self, key: str, impl_id: str | None = None) -> Any:
        from checking import implementations

        found = [i for i in implementations(self.backend) if i.contract.key == key]
        return next(i for i in found if impl_id in (None, i.impl_id))

    def normal(self, *shape: int, dtype: str = "float32") -> np.ndarray:
        return self.rng.standard_normal(shape, dtype="float32").astype(dtype)

    def to_torch(self, array: np.ndarray, *, grad: bool = False) -> Any:
        made = self.torch.from_numpy(np.ascontiguousarray(array)).to(self.device)
        return made.requires_grad_(grad)

    def to_device(self, array: np.ndarray) -> Any:
        return self.backend.to_device(array)

    def host(self, array: Any) -> np.ndarray:
        """Of either side."""
        if hasattr(array, "detach"):
            return array.detach().cpu().numpy()
        return np.array(self.backend.to_host(array))

    def compiled(self, function: Any) -> Any:
        """torch.compile, or the function itself in a dry run."""
        return function if self.dry else self.torch.compile(function)


def every_pair() -> list[Pair]:
    families = sorted(p.stem for p in Path(__file__).parent.glob("pairs_*.py"))
    return [pair for family in families for pair in importlib.import_module(family).PAIRS]


def time_all(bench: Bench, only: str, end: float) -> list[Timing]:
    """Every pair until the time is up; what is left over is told."""
    found = []
    for pair in every_pair():
        if only and only not in pair.name:
            continue
        sizes = pair.small if bench.dry else pair.sizes
        timing = Timing(pair.name, sizes, pair.target)
        found.append(timing)
        if time.monotonic() > end:
            timing.message = "not run: the time was up"
            continue
        try:
            run_pair(bench, pair, timing)
        except Exception:  # a kernel's failure never stops the next
            timing.message = traceback.format_exc(limit=3)
            timing.gate = "fail"
        print(f"{timing.name} {timing.sizes}: {timing.gate} {timing.message[-200:]}", flush=True)
    return found


def run_pair(bench: Bench, pair: Pair, timing: Timing) -> None:
    """Gate every side, then time those that are right."""
    sides = pair.build(bench, **timing.sizes)
    timing.bytes_moved, timing.flops = sides.bytes_moved, sides.flops
    timing.errors = {name: error_of(give(), sides.exact) for name, give in sides.results.items()}
    ours = next(iter(sides.calls))
    timing.gate = "pass" if timing.errors[ours] <= sides.tolerance else "fail"
    right = {n: c for n, c in sides.calls.items() if timing.errors.get(n, 0.0) <= sides.tolerance}
    seconds = 0.0 if bench.dry else SECONDS
    warm = interleaved(right, bench.backend, seconds=seconds, cold=False)
    cold = interleaved(right, bench.backend, seconds=seconds / 2, cold=True)
    timing.times = {name: (warm[name], cold[name]) for name in right}
    timing.clocks, timing.notes = nvidia_smi("clocks.sm,clocks.mem"), sides.notes


def error_of(found: list[np.ndarray], exact: list[np.ndarray]) -> float:
    """The largest max|a - b| / max|b| over the arrays; inf where one is not finite."""
    worst = 0.0
    for a, b in zip(found, exact, strict=True):
        gap = np.abs(a.astype("float64") - b).max(initial=0.0)
        worst = max(worst, float(gap / (np.abs(b).max(initial=0.0) or 1.0)))
    return worst if np.isfinite(worst) else float("inf")
