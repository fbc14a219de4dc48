"""What one cell costs at one size: time, memory, FLOP, share of the ceiling (E02)."""

from __future__ import annotations

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, TrialResult
from seqbench.measure.cost import cell_cost
from seqbench.registry import registry

from .costing import cost_settings, result_of


def run(case: Case, context: TrialContext) -> TrialResult:
    """Gate, then time load, forward, and forward with backward of one implementation."""
    params = case.params
    table = registry().kernels(params["backend"]["name"], params["backend"]["impl"])
    implementation = table.get("cell", params["cell"]["name"])
    workload = params["workload"]
    dims = implementation.contract.Dims(
        T=workload["time_steps"],
        B=workload["batch_size"],
        I=workload["input_size"],
        H=params["cell"]["hidden_size"],
    )
    cost = cell_cost(implementation, dims, params["dtype"], cost_settings(case))
    return result_of(cost, implementation, table.resolved)
