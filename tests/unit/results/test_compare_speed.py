"""Large tables: the targets are of a quiet machine (docs/comparing.md), here with room for others.

CPU time of this process, which neighbours disturb least.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from seqbench.interfaces import SCHEMA_VERSION, Sample
from seqbench.results.compare import built_in, compare, read_side, rendered, side_of
from seqbench.results.table import COLUMNS, tidy, write_csv, write_parquet

pytestmark = pytest.mark.slow
ROOM = 3


def table(cases, processes, repetitions, seed):
    """cases * processes * repetitions rows of times."""
    count = cases * processes * repetitions
    row = np.arange(count)
    case, process = row // (processes * repetitions), row // repetitions % processes
    fixed = dict.fromkeys(COLUMNS, "") | {
        "seed": 0,
        "status": "done",
        "gate": "pass",
        "valid": True,
        "metric": "time",
        "unit": "s",
        "direction": "lower",
        "group": "block@1",
        "schema_version": SCHEMA_VERSION,
    }
    values = np.random.default_rng(seed).lognormal(-7, 0.01, count)
    return pd.DataFrame(
        fixed
        | {
            "trial_key": [f"{c}-{p}" for c, p in zip(case, process, strict=True)],
            "case_id": [f"case-{c}" for c in case],
            "round": process,
            "repetition": row % repetitions,
            "value": values,
            "p.size": case,
        }
    )[[*COLUMNS, "p.size"]]


def cpu_seconds(function):
    began = time.process_time()
    result = function()
    return time.process_time() - began, result


@pytest.mark.parametrize("write", [write_parquet, write_csv])
@pytest.mark.parametrize(("cases", "processes"), [(100_000, 1), (10_000, 10)])
def test_two_tables_of_a_hundred_thousand_rows(tmp_path, write, cases, processes):
    suffix = ".parquet" if write is write_parquet else ".csv"
    paths = [
        write(table(cases, processes, 1, seed), tmp_path / f"{seed}{suffix}") for seed in (0, 1)
    ]

    def run():
        return rendered(compare(*map(read_side, paths), built_in()), "table")

    seconds, text = cpu_seconds(run)
    print(f"{cases} cases of {processes} processes as {suffix}: {seconds:.2f} s")
    assert f"of {cases} rows" in text
    assert seconds < 3 * ROOM


@pytest.mark.parametrize(("cases", "repetitions"), [(5_000, 20), (50_000, 2)])
def test_a_million_rows_become_a_table(cases, repetitions):
    rows = table(cases, 10, repetitions, 0)
    assert len(rows) == 1_000_000
    seconds, side = cpu_seconds(lambda: side_of(rows, "table"))
    print(f"{cases} cases of a million rows: {seconds:.2f} s")
    assert len(side.units) == cases * 10
    assert seconds < 3 * ROOM


def test_a_million_samples_of_records_become_a_table():
    from made_records import record

    samples = [Sample("time", 1e-3, "s", "lower", "forward", n) for n in range(1000)]
    records = [record(f"{n:04d}", samples=samples) for n in range(1000)]
    seconds, rows = cpu_seconds(lambda: tidy(records))
    print(f"a million samples: {seconds:.2f} s")
    assert len(rows) == 1_000_000
    assert seconds < 3 * ROOM
