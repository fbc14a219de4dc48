"""What the tasks that measure cost share: settings from the config, a row from a cost."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Case, Implementation, TrialResult, UsageError
from seqbench.measure.cost import Cost, CostSettings


def cost_settings(case: Case) -> CostSettings:
    """`measure` of the config; its `options` may set `cache` alone. UsageError for others."""
    measure = dict(case.params["measure"])
    options = measure.pop("options")
    odd = sorted(set(options) - {"cache"})
    if odd:
        raise UsageError(
            f"measure.options has {odd[0]!r}, expected cache alone; leave it out of the command"
        )
    return CostSettings(**measure, **options, seed=case.seed)


def result_of(cost: Cost, implementation: Implementation, resolved: dict[str, Any]) -> TrialResult:
    return TrialResult(
        samples=cost.samples,
        gate=cost.gate,
        valid=cost.valid,
        reasons=cost.reasons,
        kernel_impl=implementation.impl_id,
        resolved=resolved,
        notes=cost.notes,
    )
