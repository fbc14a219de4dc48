"""What one implementation of any contract costs at one size: time, memory, share of the limit."""

from __future__ import annotations

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, TrialResult
from seqbench.measure.cost import kernel_cost
from seqbench.measure.workloads import draw
from seqbench.registry import registry

from .costing import cost_settings, result_of


def run(case: Case, context: TrialContext) -> TrialResult:
    """Draw the kernel's workload, hold it against the shared text, then time it."""
    params = case.params
    table = registry().kernels(params["backend"]["name"], params["backend"]["impl"])
    kind, _, name = params["kernel"].partition("/")
    implementation = table.get(kind, name)
    settings = cost_settings(case)
    work = draw(implementation.contract, params["sizes"], params["dtype"], case.seed)
    context.report(0.1, "gate")
    cost = kernel_cost(implementation, work, params["dtype"], settings)
    return result_of(cost, implementation, table.resolved)
