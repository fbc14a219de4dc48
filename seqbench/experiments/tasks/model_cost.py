"""What a whole encoder-decoder costs at one length, source and target alike (E05)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, TrialResult
from seqbench.measure.model_cost import ModelSizes, model_cost
from seqbench.registry import registry

from .costing import cost_settings
from .translation import model_config


def run(case: Case, context: TrialContext) -> TrialResult:
    """Gate, then time forward, forward with backward, and decoding of one configuration."""
    params = case.params
    kernels = registry().kernels(params["backend"]["name"], params["backend"]["impl"])
    context.report(0.1, "gate")
    cost = model_cost(kernels, model_config(params), sizes_of(params), cost_settings(case))
    resolved, cell = kernels.resolved, f"cell/{params['cell']['name']}"
    return TrialResult(
        samples=cost.samples,
        gate=cost.gate,
        valid=cost.valid,
        reasons=cost.reasons,
        kernel_impl=resolved.get(f"attention/{params['attention']['name']}", resolved[cell]),
        resolved=resolved,
        notes=cost.notes,
    )


def sizes_of(params: Mapping[str, Any]) -> ModelSizes:
    workload = params["workload"]
    vocab_size = workload["options"]["vocab_size"]
    return ModelSizes(workload["time_steps"], workload["batch_size"], vocab_size)
