"""How often doctor's verdicts are wrong on this machine: the same code twice, and 5 % planted.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE \\
        .venv/bin/python tests/statistics/doctor_statistics.py --budget 9000

Three parts, each with a table under results/cpu/doctor/ that grows as it goes:

    certificate.csv   an A/A test of every cell: its error, and whether 5 % can be seen in a minute
    aa.csv            further A/A runs at the certificate's margin: how many cells are called what
    planted.csv       side b 5 % slower, in certified cells of 1 ms or more: found, or SAME
    pairs.csv         the pairs of the first A/A runs, which CI plants changes into

A budget that ends before the runs that were asked for is told, with what was done by then.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seqbench.experiments.doctor.cells import Cell, all_cells, chosen_cells
from seqbench.experiments.doctor.certificate import (
    BUDGET_S,
    LONG_S,
    Certificate,
    certify,
    document_of,
    write_certificate,
)
from seqbench.experiments.doctor.interleaved import Twice, time_twice
from seqbench.measure.sensitivity import (
    AMBIGUOUS,
    FASTER,
    SAME,
    SLOWER,
    differences,
    smallest_changes,
    verdicts,
)

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "results" / "cpu" / "doctor"
PLANTED = {"planted_cell": "planted_cell:run"}
SLOWDOWN = 0.05
WORDS = (SAME, AMBIGUOUS, SLOWER, FASTER)


def main() -> int:
    asked = arguments()
    sys.path.insert(0, str(HERE))  # the zygote sees the same modules
    began = time.monotonic()
    cells = all_cells() if asked.cells is None else chosen_cells(asked.cells)
    twice, certificate = certified(cells, asked)
    planted_s = asked.planted_share * asked.budget
    same_code(cells, certificate.margin, asked, began + asked.budget - planted_s)
    planted(cells, twice, certificate, asked, began + asked.budget)
    tell(asked.out)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", type=float, required=True, help="seconds for everything")
    parser.add_argument("--runs", type=int, default=20, help="A/A runs")
    parser.add_argument("--rounds", type=int, default=10, help="processes a side and run")
    parser.add_argument("--seconds", type=float, default=0.05, help="sampling in a process")
    parser.add_argument("--planted", type=int, default=100, help="planted comparisons at least")
    parser.add_argument("--planted-share", type=float, default=0.25, help="of the budget")
    parser.add_argument("--cells", type=int, help="so many instead of all")
    parser.add_argument("--keep-pairs", type=int, default=2, help="runs in pairs.csv")
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


def certified(cells: list[Cell], asked: argparse.Namespace) -> tuple[Twice, Certificate]:
    """Doctor's certificate for all cells; written to the user's cache as doctor does."""
    twice = time_twice(cells, rounds=asked.rounds, seconds=asked.seconds, seed=-1)
    certificate = certify(twice)
    write_certificate(document_of(certificate, quick=False))
    rows = [
        {
            "cell": one.name,
            "ms": f"{one.seconds * 1e3:.4g}",
            "error": f"{one.error:.4f}",
            "smallest_change": f"{one.smallest:.4f}",
            "within_60_s": f"{one.within_budget:.4f}",
            "certified": int(one.certified),
        }
        for one in certificate.cells
    ]
    write(asked.out / "certificate.csv", rows)
    share = certificate.certified_share
    print(f"margin {certificate.margin:.4f}, certified {share:.0%} of cells of 1 ms", flush=True)
    return twice, certificate


def same_code(cells: list[Cell], margin: float, asked: argparse.Namespace, deadline: float) -> None:
    rows: list[dict[str, Any]] = []
    pairs: list[dict[str, Any]] = []
    longest = 0.0
    for run in range(asked.runs):
        if time.monotonic() + longest > deadline:
            print(f"the budget ends after {run} of {asked.runs} A/A runs", flush=True)
            break
        began = time.monotonic()
        twice = time_twice(cells, rounds=asked.rounds, seconds=asked.seconds, seed=run)
        longest = max(longest, time.monotonic() - began)
        rows.append({"run": run, **counts(twice, np.log1p(margin)), "s": round(longest)})
        write(asked.out / "aa.csv", rows)
        if run < asked.keep_pairs:
            pairs += pair_rows(run, twice)
            write(asked.out / "pairs.csv", pairs)


def planted(
    cells: list[Cell],
    twice: Twice,
    certificate: Certificate,
    asked: argparse.Namespace,
    deadline: float,
) -> None:
    """Side b slowed by SLOWDOWN in the certified cells."""
    chosen = [
        place
        for place, one in enumerate(certificate.cells)
        if one.certified and one.seconds >= LONG_S
    ]
    rounds = rounds_needed(twice, certificate, chosen)
    rounds = min(rounds, int((deadline - time.monotonic()) // round_s(twice, chosen)))
    if rounds < twice.rounds:
        print("the budget ends before a change is planted", flush=True)
        return
    rows: list[dict[str, Any]] = []
    done, run, longest = 0, 0, 0.0
    while chosen and done < asked.planted and time.monotonic() + longest < deadline:
        began = time.monotonic()
        found = time_twice(
            [cells[place] for place in chosen],
            rounds=rounds,
            seconds=asked.seconds,
            seed=1000 + run,
            task="planted_cell",
            tasks=PLANTED,
            more={"b": {"slowdown": SLOWDOWN}},
        )
        longest = time.monotonic() - began
        told = counts(found, np.log1p(certificate.margin))
        rows.append({"run": run, "rounds": rounds, **told, "s": round(longest)})
        write(asked.out / "planted.csv", rows)
        done, run = done + len(chosen), run + 1
    if done < asked.planted:
        print(f"the budget ends after {done} of {asked.planted} planted comparisons", flush=True)


def rounds_needed(twice: Twice, certificate: Certificate, chosen: list[int]) -> int:
    """Processes a side that see SLOWDOWN in nineteen of twenty of the cells, within a minute each.

    Never fewer than the certificate's own.
    """
    if not chosen:
        return twice.rounds
    found = differences(twice.seconds)
    most = int(np.median([BUDGET_S / (2 * twice.process_s[place]) for place in chosen]))
    for rounds in range(twice.rounds, most, 2):
        changes = smallest_changes(
            found.with_rounds(twice.rounds, rounds), np.log1p(certificate.margin)
        )
        if np.mean(changes[chosen] <= SLOWDOWN) >= 0.95:
            return rounds
    return max(twice.rounds, most)


def round_s(twice: Twice, chosen: list[int]) -> float:
    """Seconds of one round of these cells, both sides; endless without any."""
    return float(2 * twice.process_s[chosen].sum()) if chosen else float("inf")


def counts(twice: Twice, margin: float) -> dict[str, int]:
    """Cells by verdict."""
    words = verdicts(differences(twice.seconds), margin)
    found = {word: int((words == word).sum()) for word in WORDS}
    print(found, *twice.errors, flush=True)
    return {"cells": len(words), **found}


def pair_rows(run: int, twice: Twice) -> Iterator[dict[str, Any]]:
    for cell, rounds in zip(twice.cells, twice.seconds, strict=True):
        for number, (one, other) in enumerate(rounds * 1e6):
            yield {
                "run": run,
                "cell": cell.name,
                "round": number,
                "a_us": f"{one:.5g}",
                "b_us": f"{other:.5g}",
            }


def read_pairs(path: Path) -> tuple[list[str], np.ndarray]:
    """(names, (C, R, 2) seconds) of a file of pairs; a cell of another run is another cell."""
    found: dict[str, list[list[float]]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            pair = [float(row["a_us"]) / 1e6, float(row["b_us"]) / 1e6]
            found.setdefault(f"{row['run']}: {row['cell']}", []).append(pair)
    return list(found), np.array(list(found.values()))


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    rows = list(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def tell(out: Path) -> None:
    """The shares that the tables show."""
    for name, what in (("aa.csv", "identical code"), ("planted.csv", "5 % planted")):
        if not (out / name).exists():
            continue
        with (out / name).open(newline="") as file:
            rows = list(csv.DictReader(file))
        total = sum(int(row["cells"]) for row in rows)
        shares = {w: sum(int(row[w]) for row in rows) / total for w in WORDS}
        told = ", ".join(f"{word} {share:.2%}" for word, share in shares.items())
        print(f"{what}: {len(rows)} runs, {total} comparisons: {told}")


if __name__ == "__main__":
    sys.exit(main())
