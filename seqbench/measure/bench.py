"""One implementation at one size: its phases, its peak memory, its samples."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from seqbench.interfaces import Contract, Implementation, Sample, arrays_of

from .gate import on_device
from .memory import peak_bytes_of
from .timing import Observed, Sampling, observe
from .workloads import Workload


def phases_of(contract: Contract, work: Workload) -> tuple[str, ...]:
    """What there is to time."""
    weights = arrays_of(work.params) and not contract.in_place
    load = ("load",) if weights else ()
    update = ("forward_backward",) if contract.backward is not None else ()
    return (*load, "forward", *update)


class Bench:
    """One implementation at one size, its arrays on the device."""

    def __init__(self, impl: Implementation, dims: Any, dtype: str, work: Workload) -> None:
        self._impl, self._dims, self._dtype = impl, dims, dtype
        self._params = on_device(work.params, impl)
        self._inputs = on_device(work.inputs, impl)
        self._d_outputs = on_device(work.d_outputs, impl)
        self.phases = phases_of(impl.contract, work)
        self.plan_bytes: dict[str, int] = {}
        self.plan_notes: dict[str, Any] = {}

    def _plan(self, phase: str) -> Any:
        return self._impl.plan(self._dims, self._dtype, grad=phase == "forward_backward")

    def peak_memory(self) -> list[Sample]:
        """Of a fresh plan and its first call, inputs and parameters left out."""
        samples = []
        for phase in self.phases:
            if phase != "load":
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

    def call(self, phase: str) -> Callable[[], object]:
        """What `phase` times, on a plan of its own with its parameters loaded."""
        plan = self._plan(phase)
        plan.load(self._params)
        return self.calls(plan)[phase]

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

    def times(
        self, sampling: Sampling, before: Callable[[], object] | None = None
    ) -> dict[str, Observed]:
        """Samples of each phase; inference has a plan of its own, without what backward keeps."""
        found = {}
        for phase in self.phases:
            plan = self._plan(phase)
            plan.load(self._params)
            self.plan_bytes[phase] = plan.nbytes
            timer = self._impl.backend.timer()
            call = self.calls(plan)[phase]
            found[phase] = observe(call, timer=timer, sampling=sampling, before=before)
            self.plan_notes |= plan.notes
        return found
