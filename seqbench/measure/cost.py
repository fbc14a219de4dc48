"""What one implementation of a cell costs at one size: gate, memory, time, FLOP, shares.

Phases: `load` takes new weights into a plan; `forward` is inference with weights loaded;
`forward_backward` is an update's work: load, forward and backward. Inputs lie on the device
beforehand, in the layout of the contract: what an implementation reorders is in its time.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from seqbench.interfaces import Contract, Implementation, Sample, UnsupportedError
from seqbench.interfaces.records import Gate

from .ceilings import Ceilings, measure_ceilings, share_of_ceiling
from .gate import correctness_gate, on_device
from .host_arrays import HOST
from .load import cpu_times, load_between
from .memory import peak_bytes_of
from .timing import Sampling, empty_region, measure, validity

ITEMSIZE = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}


@dataclass(frozen=True, slots=True)
class CostSettings(Sampling):
    """When to stop sampling, and the seed of weights and inputs."""

    seed: int = 0


@dataclass(slots=True)
class Cost:
    """What `cell_cost` found; where the gate fails there are no samples."""

    samples: list[Sample] = field(default_factory=list)
    gate: Gate = "none"
    valid: bool = True
    reasons: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workload:
    """Host arrays of one cell call, the floating ones in the dtype to be timed."""

    params: Any
    inputs: Any
    d_outputs: Any


def cell_cost(impl: Implementation, dims: Any, dtype: str, settings: CostSettings) -> Cost:
    """Gate, peak memory, times of each phase, FLOP and bytes by formula, shares of the ceilings.

    dims : the contract's Dims (T, B, I, H); every sequence is full length.

    Raises UnsupportedError where the implementation cannot serve `dims` or `dtype`, OutOfMemory
    where it does not fit.
    """
    work = random_workload(impl.contract, dims, dtype, settings.seed)
    report = correctness_gate(impl, work.params, work.inputs, dtype, work.d_outputs)
    notes: dict[str, Any] = {
        "errors": {name: f"{error:.2g}" for name, error in report.errors.items()}
    }
    if report.gate == "fail":
        return Cost([], "fail", False, report.reasons, notes)
    bench = _Bench(impl, dims, dtype, work)
    memory = bench.peak_memory()
    before = cpu_times()
    times = bench.times(settings)
    load = load_between(before, cpu_times())
    ceilings, notes["ceilings_of"] = ceilings_for(impl, dtype)
    samples = [*_time_samples(times), *memory]
    samples += _formula_samples(impl.contract, dims, dtype, times, ceilings)
    samples += ceilings.samples() if ceilings else []
    empty_s = empty_region(impl.backend.timer())
    reasons = _reasons(times, settings, empty_s, load.busy if load else None)
    notes |= {"empty_region_s": empty_s, "plan_bytes": bench.plan_bytes} | bench.plan_notes
    if load:
        notes["other_cores"], notes["steal"] = round(load.other_cores, 3), round(load.steal, 4)
    return Cost(samples, report.gate, not reasons, reasons, notes)


def random_workload(contract: Contract, dims: Any, dtype: str, seed: int) -> Workload:
    """Seeded weights as torch initialises them, a full batch, and random upstream gradients."""
    if contract.shapes is None:
        raise UnsupportedError(
            f"cell_cost: {contract.key} has no shapes to draw weights by, expected "
            "`Contract.shapes`; give the contract one, as the cells have"
        )
    rng = np.random.default_rng(seed)
    T, B, I, H = dims
    bound = 1 / math.sqrt(H)  # no unit saturates, whatever the size

    def weights(shape: tuple[int, ...]) -> np.ndarray:
        return rng.uniform(-bound, bound, shape).astype(dtype)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(dtype)

    params = contract.Params(**{n: weights(s) for n, s in contract.shapes(dims).items()})
    first = {f"{name}0": weights((B, H)) for name in contract.state}
    inputs = contract.Inputs(x=normal(T, B, I), lengths=np.full(B, T, np.int32), **first)
    last = {name: normal(B, H) for name in contract.state}
    return Workload(params, inputs, contract.Outputs(output=normal(T, B, H), **last))


def transcendentals(contract: Contract, dims: Any) -> int:
    """One a gate and unit and step, and one more for the tanh of a memory; backward needs none."""
    assert contract.shapes is not None, contract.key
    gates = contract.shapes(dims)["weight_hh"][0] // dims.H
    return int((gates + len(contract.state) - 1) * dims.T * dims.B * dims.H)


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


class _Bench:
    """One implementation at one size, its arrays on the device."""

    def __init__(self, impl: Implementation, dims: Any, dtype: str, work: Workload) -> None:
        self._impl, self._dims, self._dtype = impl, dims, dtype
        self._params = on_device(work.params, impl)
        self._inputs = on_device(work.inputs, impl)
        self._d_outputs = on_device(work.d_outputs, impl)
        self.plan_bytes: dict[str, int] = {}
        self.plan_notes: dict[str, Any] = {}

    def _plan(self, phase: str) -> Any:
        return self._impl.plan(self._dims, self._dtype, grad=phase == "forward_backward")

    def peak_memory(self) -> list[Sample]:
        """Of a fresh plan and its first call, inputs and parameters left out."""
        samples = []
        for phase in ("forward", "forward_backward"):
            peak = peak_bytes_of(partial(self._once, phase), self._impl.backend)
            samples.append(Sample("peak_memory", float(peak), "B", "lower", phase))
        return samples

    def _once(self, phase: str) -> Any:
        """The plan is returned so that it lives until the peak is read."""
        plan = self._plan(phase)
        plan.load(self._params)
        call = self.calls(plan)[phase]
        call()
        return plan

    def calls(self, plan: Any) -> dict[str, Callable[[], object]]:
        """What each phase times."""

        def update() -> None:
            plan.load(self._params)
            plan.forward(self._inputs)
            plan.backward(self._d_outputs)

        return {
            "load": lambda: plan.load(self._params),
            "forward": lambda: plan.forward(self._inputs),
            "forward_backward": update,
        }

    def times(self, sampling: Sampling) -> dict[str, list[float]]:
        """Samples of each phase; inference has a plan of its own, without what backward keeps."""
        found = {}
        for phase in ("load", "forward", "forward_backward"):
            plan = self._plan(phase)
            plan.load(self._params)
            self.plan_bytes[phase] = plan.nbytes
            timer = self._impl.backend.timer()
            found[phase] = measure(self.calls(plan)[phase], timer=timer, sampling=sampling)
            self.plan_notes |= plan.notes
        return found


def _time_samples(times: Mapping[str, list[float]]) -> list[Sample]:
    return [
        Sample("time", seconds, "s", "lower", phase, repetition)
        for phase, samples in times.items()
        for repetition, seconds in enumerate(samples)
    ]


def _formula_samples(
    contract: Contract,
    dims: Any,
    dtype: str,
    times: Mapping[str, list[float]],
    ceilings: Ceilings | None,
) -> list[Sample]:
    """FLOP, bytes, rate and shares of both phases, at the median time."""
    samples = []
    for phase, grad in (("forward", False), ("forward_backward", True)):
        seconds = statistics.median(times[phase])
        flops = contract.flops(dims, grad)
        moved = contract.bytes(dims, grad, ITEMSIZE[dtype])
        rate = flops / seconds / 1e9
        found = [
            Sample("flops", float(flops), "FLOP", "lower"),
            Sample("bytes", float(moved), "B", "lower"),
            Sample("gflops_per_s", rate, "GFLOP/s", "higher"),
        ]
        if ceilings is not None:
            share = share_of_ceiling(flops, transcendentals(contract, dims), seconds, ceilings)
            found += [
                Sample("share_of_gemm", rate / ceilings.gemm_gflops, "fraction", "higher"),
                Sample("share_of_ceiling", share, "fraction", "higher"),
            ]
        samples += [replace(sample, phase=phase) for sample in found]
    return samples


def _reasons(
    times: Mapping[str, list[float]], sampling: Sampling, empty_s: float, busy: str | None
) -> list[str]:
    """Why the times are not to be trusted. `load` is told but does not decide: a plan may take new
    weights by reference, in no time at all."""
    reasons = [busy] if busy else []
    for phase, samples in times.items():
        if phase == "load":
            continue
        _, found = validity(samples, sampling=sampling, empty_s=empty_s)
        reasons += [f"{phase}: {reason}" for reason in found]
    return reasons
