"""Doctor's cell with a slowdown planted in it: after each call the process waits a share longer.

A task module, named to the runner by the script: children import it from this folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from seqbench.experiments.child import TrialContext
from seqbench.experiments.tasks.doctor_cell import forward_of, result_of
from seqbench.interfaces import Case, TrialResult
from seqbench.registry import registry


def run(case: Case, context: TrialContext) -> TrialResult:
    """As `doctor_cell`; `slowdown` 0.05 makes every call 5 % longer than it was."""
    params = case.params
    kind, _, name = params["kernel"].partition("/")
    implementation = registry().kernels(params["backend"]).get(kind, name)
    call = forward_of(implementation, params["sizes"])
    return result_of(implementation, slowed(call, params.get("slowdown", 0.0)), params["seconds"])


def slowed(call: Callable[[], object], share: float) -> Callable[[], object]:
    """`call`, then a busy wait of `share` of what it took. The wait is there at 0 too."""

    def waiting() -> None:
        began = time.perf_counter()
        call()
        end = began + (1 + share) * (time.perf_counter() - began)
        while time.perf_counter() < end:
            pass

    return waiting
