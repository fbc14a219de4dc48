"""What one implementation of a contract costs at one size: gate, memory, time, FLOP, the roof.

Phases: `load` takes new weights into a plan; `forward` is inference with weights loaded;
`forward_backward` is an update's work: load, forward and backward. A contract without weights has
no `load`, one without gradient no `forward_backward`. Inputs lie on the device beforehand, in the
layout of the contract: what an implementation reorders is in its time.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from seqbench.interfaces import (
    Contract,
    FlushesCache,
    Implementation,
    RangeError,
    Sample,
    UnsupportedError,
)
from seqbench.interfaces.records import Gate

from .bench import Bench
from .ceilings import Ceilings, measure_ceilings, share_of_ceiling
from .gate import correctness_gate
from .host_arrays import HOST
from .load import cpu_mhz, cpu_times, load_between
from .roofline import roof_of, transcendentals_of
from .timing import Observed, Sampling, empty_region, throttled, validity
from .workloads import Workload, draw

ITEMSIZE = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
CACHES = ("warm", "cold")
More = Callable[[Contract, Any, bool, float, Ceilings], list[Sample]]
"""(contract, dims, grad, seconds, ceilings) -> further samples of a phase."""
UNITS = {"_mhz": "MHz", "_s": "s", "_c": "C", "_w": "W"}
"""Of a timer's readings, by the end of their names."""


@dataclass(frozen=True, slots=True)
class CostSettings(Sampling):
    """When to stop sampling, the seed of weights and inputs, and the state of the caches.

    cache : "cold" empties the device's caches ahead of every sample, where the backend can
    """

    seed: int = 0
    cache: str = "warm"

    def __post_init__(self) -> None:
        Sampling.__post_init__(self)  # `super()` without arguments fails in a class with slots
        if self.cache not in CACHES:
            raise RangeError(
                f"measure.options.cache is {self.cache!r}, expected one of {', '.join(CACHES)}"
            )


@dataclass(slots=True)
class Cost:
    """What was found; where the gate fails there are no samples."""

    samples: list[Sample] = field(default_factory=list)
    gate: Gate = "none"
    valid: bool = True
    reasons: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)


def cell_cost(impl: Implementation, dims: Any, dtype: str, settings: CostSettings) -> Cost:
    """`kernel_cost` of a cell at `dims` (T, B, I, H), with its share of a cell's ceiling."""
    contract = impl.contract
    if contract.shapes is None:
        raise UnsupportedError(
            f"cell_cost: {contract.key} has no shapes to draw weights by, expected "
            "`Contract.shapes`; give the contract one, as the cells have"
        )
    work = draw(contract, dims._asdict(), dtype, settings.seed)
    return kernel_cost(impl, work, dtype, settings, more=_of_a_cell)


def kernel_cost(
    impl: Implementation,
    work: Workload,
    dtype: str,
    settings: CostSettings,
    *,
    more: More | None = None,
) -> Cost:
    """Gate, peak memory, times of each phase, FLOP and bytes by formula, shares of the limits.

    work : of `impl.contract`, in `dtype`

    Raises UnsupportedError where the implementation cannot serve the sizes or `dtype` or its caches
    cannot be emptied, OutOfMemory where it does not fit.
    """
    flush = _flush(impl, settings)
    dims = impl.contract.dims(work.params, work.inputs)
    report = correctness_gate(impl, work.params, work.inputs, dtype, work.d_outputs)
    notes: dict[str, Any] = {
        "errors": {name: f"{error:.2g}" for name, error in report.errors.items()},
        "dims": {name: int(value) for name, value in dims._asdict().items()},
        "cache": settings.cache,
    }
    worst = Sample("gate_error", max(report.errors.values(), default=0.0), "fraction", "none")
    if report.gate == "fail":
        return Cost([], "fail", False, report.reasons, notes)
    bench = Bench(impl, dims, dtype, work)
    memory = bench.peak_memory()
    before, clock = cpu_times(), cpu_mhz()
    observed = bench.times(settings, flush)
    load = load_between(before, cpu_times())
    ceilings, notes["ceilings_of"] = ceilings_for(impl, dtype)
    samples = [*_time_samples(observed), *memory, worst]
    for phase, found in observed.items():
        if phase != "load":
            of_phase = _Phase(impl.contract, dims, dtype, phase, statistics.median(found.seconds))
            samples += of_phase.samples(ceilings, more)
    samples += ceilings.samples() if ceilings else []
    empty_s = empty_region(impl.backend.timer())
    reasons = _reasons(observed, settings, empty_s, load.busy if load else None)
    notes |= {"empty_region_s": empty_s, "plan_bytes": bench.plan_bytes} | bench.plan_notes
    if clock is not None:
        notes["cpu_mhz"] = [clock, cpu_mhz()]
    if load:
        notes["other_cores"], notes["steal"] = round(load.other_cores, 3), round(load.steal, 4)
    return Cost(samples, report.gate, not reasons, reasons, notes)


def _flush(impl: Implementation, settings: CostSettings) -> Callable[[], object] | None:
    """What empties the caches ahead of a sample; None for warm ones."""
    if settings.cache == "warm":
        return None
    backend = impl.backend
    if not isinstance(backend, FlushesCache):
        raise UnsupportedError(
            f"cost: measure.options.cache is 'cold' and backend {backend.name} cannot empty its "
            "caches, expected a backend with `flush_cache`; set it to warm"
        )
    return backend.flush_cache


def ceilings_for(impl: Implementation, dtype: str) -> tuple[Ceilings | None, str]:
    """(ceilings, whose): of the backend's own namespace; NumPy's for a peer on the same CPU.

    None for a peer on another device: there is nothing to measure its ceilings with.
    """
    backend = impl.backend
    if backend.xp is not None:
        return measure_ceilings(backend, dtype), backend.name
    if backend.device.kind == "cpu":
        return measure_ceilings(HOST, dtype), "numpy"
    return None, f"none: backend {backend.name} has no array namespace"


def _time_samples(observed: Mapping[str, Observed]) -> list[Sample]:
    """Every time, and every reading beside it."""
    samples = [
        Sample("time", seconds, "s", "lower", phase, repetition)
        for phase, found in observed.items()
        for repetition, seconds in enumerate(found.seconds)
    ]
    for phase, found in observed.items():
        for repetition, reading in enumerate(found.readings):
            samples += [
                Sample(name, float(value), _unit(name), "none", phase, repetition)
                for name, value in reading.items()
            ]
    return samples


def _unit(name: str) -> str:
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "1")


@dataclass(frozen=True, slots=True)
class _Phase:
    """What the formulas say of a phase that took `seconds`, its median."""

    contract: Contract
    dims: Any
    dtype: str
    phase: str
    seconds: float

    def samples(self, ceilings: Ceilings | None, more: More | None) -> list[Sample]:
        """FLOP, bytes and rate and, where there are ceilings, the limits and the shares of them."""
        grad, itemsize = self.phase == "forward_backward", ITEMSIZE[self.dtype]
        flops = self.contract.flops(self.dims, grad)
        moved = self.contract.bytes(self.dims, grad, itemsize)
        rate = flops / self.seconds / 1e9
        found = [
            Sample("flops", float(flops), "FLOP", "lower"),
            Sample("bytes", float(moved), "B", "lower"),
            Sample("gflops_per_s", rate, "GFLOP/s", "higher"),
        ]
        if ceilings is not None:
            roof = roof_of(
                self.contract, self.dims, grad=grad, itemsize=itemsize, ceilings=ceilings
            )
            share = rate / ceilings.gemm_gflops
            found += [Sample("share_of_gemm", share, "fraction", "higher")]
            found += roof.samples(self.seconds)
            found += more(self.contract, self.dims, grad, self.seconds, ceilings) if more else []
        return [replace(sample, phase=self.phase) for sample in found]


def _of_a_cell(
    contract: Contract, dims: Any, grad: bool, seconds: float, ceilings: Ceilings
) -> list[Sample]:
    """A cell is products and nonlinearities: its share of these two alone."""
    transcendentals = transcendentals_of(contract, dims, grad)
    flops = contract.flops(dims, grad)
    share = share_of_ceiling(flops, transcendentals, seconds, ceilings)
    return [Sample("share_of_ceiling", share, "fraction", "higher")]


def _reasons(
    observed: Mapping[str, Observed], sampling: Sampling, empty_s: float, busy: str | None
) -> list[str]:
    """Why the times are not to be trusted. `load` is told but does not decide: a plan may take new
    weights by reference, in no time at all."""
    reasons = [busy] if busy else []
    for phase, found in observed.items():
        if phase == "load":
            continue
        _, told = validity(found.seconds, sampling=sampling, empty_s=empty_s)
        slow = throttled(found.readings)
        reasons += [f"{phase}: {reason}" for reason in [*told, *([slow] if slow else [])]]
    return reasons
