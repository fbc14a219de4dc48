"""Record how processes of identical code differ here: two sides, interleaved as `seqbench ab` does.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE \\
        .venv/bin/python tests/statistics/record_drift.py --rounds 30

Writes recorded_processes.csv: a row a cell and round, each side's lower quartile and median of its
process's samples in microseconds. test_compare_drift.py draws comparisons from it and plants
changes into them.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from pathlib import Path

import numpy as np

from seqbench.experiments.doctor.cells import Cell, all_cells
from seqbench.experiments.doctor.interleaved import SIDES, TASKS, plan_twice
from seqbench.experiments.launcher import run_trials
from seqbench.experiments.store import TrialStore

OUT = Path(__file__).with_name("recorded_processes.csv")
COLUMNS = ("cell", "round", "a_quartile_us", "b_quartile_us", "a_median_us", "b_median_us")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=0.04, help="of sampling a process")
    asked = parser.parse_args()
    cells = all_cells()
    trials = plan_twice(cells, rounds=asked.rounds, seconds=asked.seconds, seed=0)
    with tempfile.TemporaryDirectory(prefix="seqbench-drift-") as folder:
        store = TrialStore(folder)
        run_trials(trials, store=store, tasks=TASKS)
        rows = rows_of(cells, store)
    with OUT.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    print(f"{OUT}: {len(rows)} rounds of {len(cells)} cells")
    return 0


def rows_of(cells: list[Cell], store: TrialStore) -> list[list[object]]:
    """COLUMNS of every round that has both sides."""
    names = {(cell.kernel, repr(cell.sizes)): cell.name for cell in cells}
    found: dict[tuple[str, int], dict[str, tuple[float, float]]] = {}
    for record in store.read_all():
        times = [s.value for s in record.samples if s.metric == "time"]
        if record.status == "done" and times:
            name = names[record.params["kernel"], repr(record.params["sizes"])]
            quartile, median = 1e6 * np.quantile(times, [0.25, 0.5])
            found.setdefault((name, record.round), {})[record.params["side"]] = quartile, median
    return [
        [name, number, *(f"{sides[side][i]:.5g}" for i in (0, 1) for side in SIDES)]
        for (name, number), sides in sorted(found.items())
        if len(sides) == len(SIDES)
    ]


if __name__ == "__main__":
    sys.exit(main())
