"""One process of doctor: the machine's ceilings in the environment that it was given."""

from __future__ import annotations

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, TrialResult
from seqbench.measure.ceilings import measure_ceilings
from seqbench.measure.host_arrays import HOST


def run(case: Case, context: TrialContext) -> TrialResult:
    """NumPy's GEMM, copies, nonlinearities and calls."""
    ceilings = measure_ceilings(HOST, "float32", repeats=case.params["repeats"])
    return TrialResult(samples=ceilings.samples(), kernel_impl="numpy")
