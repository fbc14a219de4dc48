"""One process of doctor's A/A test: one kernel's forward, timed; no gate, no ceilings."""

from __future__ import annotations

import time
from typing import Any

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Implementation, Sample, TrialResult
from seqbench.measure.bench import Bench
from seqbench.measure.timing import Sampling, observe
from seqbench.measure.workloads import draw, import_builders
from seqbench.registry import registry

import_builders()  # here, so that the zygote does it once and not every child
registry()


def run(case: Case, context: TrialContext) -> TrialResult:
    """Samples of `kernel` at `sizes` for about `seconds`, of which there are three at least."""
    params = case.params
    kind, _, name = params["kernel"].partition("/")
    implementation = registry().kernels(params["backend"]).get(kind, name)
    call = forward_of(implementation, params["sizes"])
    return result_of(implementation, call, params["seconds"])


def forward_of(implementation: Implementation, sizes: dict[str, int]) -> Any:
    """The kernel's forward on a workload, as a function without arguments."""
    contract = implementation.contract
    work = draw(contract, sizes)
    bench = Bench(implementation, contract.dims(work.params, work.inputs), "float32", work)
    return bench.call("forward")


def result_of(implementation: Implementation, call: Any, seconds: float) -> TrialResult:
    """Times of `call`, sampled for `seconds`; the process's own age is told beside them."""
    sampling = Sampling(
        warmup=3,
        min_samples=3,
        max_samples=1000,
        min_seconds=seconds,
        max_seconds=max(1.0, 10 * seconds),
        target=1.0,
    )
    began = time.perf_counter()
    found = observe(call, timer=implementation.backend.timer(), sampling=sampling)
    spent = time.perf_counter() - began
    samples = [Sample("time", s, "s", "lower", "forward", n) for n, s in enumerate(found.seconds)]
    return TrialResult(
        samples=[*samples, Sample("sampling", spent, "s")],
        kernel_impl=implementation.impl_id,
    )
