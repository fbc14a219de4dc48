"""What supervision costs a trial: printed, and bounded loosely because machines are shared."""

import itertools
import statistics
import time

from seqbench.experiments.artifacts import ArtifactCache
from seqbench.experiments.launcher import run_trials
from seqbench.experiments.store import TrialStore
from seqbench.interfaces import Case, Trial

TRIALS = 200
BOUND_MS = 25.0  # 10 ms is the aim on a quiet machine


def test_overhead_of_a_trial_from_a_warm_parent(tmp_path):
    """From one row to the next, less what the task itself takes (nothing)."""
    ends = []

    def note(event):
        if event.kind == "end":
            ends.append(time.perf_counter())

    outcome = run_trials(
        [Trial(Case("overhead", "fine", {"n": n}, seed=0)) for n in range(TRIALS + 1)],
        store=TrialStore(tmp_path / "campaign"),
        tasks={"fine": "fault_tasks:fine"},
        on_event=note,
        cache=ArtifactCache(tmp_path / "cache"),
    )
    assert outcome.counts == {"done": TRIALS + 1}
    mean_ms = (ends[-1] - ends[0]) / TRIALS * 1e3
    median_ms = statistics.median(b - a for a, b in itertools.pairwise(ends)) * 1e3
    print(f"overhead a trial: mean {mean_ms:.1f} ms, median {median_ms:.1f} ms")
    assert median_ms <= BOUND_MS
