"""Sides of comparisons made for tests: cells with times by process, translations by seed."""

from __future__ import annotations

import numpy as np
from made_records import beam, cell

from seqbench.results.compare import Options, built_in, compare, side_of
from seqbench.results.table import tidy

ROUNDS = 12


def times(factor=1.0, *, rounds=ROUNDS, noise=0.003, seed=0, backend="numpy", size=64, **more):
    """Records of one cell: a median a process around `factor` milliseconds."""
    drawn = factor * 1e-3 * np.exp(np.random.default_rng(seed).normal(0, noise, rounds))
    return [
        cell("gru", size, backend, [value] * 3, round=number, **more)
        for number, value in enumerate(drawn.tolist())
    ]


def bleus(hits, **more):
    """Records of one width, one a seed, each with so many words right."""
    return [beam(4, count, seed=seed, **more) for seed, count in enumerate(hits)]


def side(records, name="BASE", machine=""):
    items = {record.trial_key: record.items for record in records if record.items}
    machines = {"": machine} if machine else {}
    return side_of(tidy(records), name, items=items, machines=machines)


def compared(base, new, rules=None, machines=("", ""), **options):
    sides = side(base, "BASE", machines[0]), side(new, "NEW", machines[1])
    return compare(*sides, rules or built_in(), Options(**options))


def row(comparison, metric, phase=None):
    """The only row of a metric."""
    rows = comparison.rows[comparison.rows["metric"] == metric]
    if phase is not None:
        rows = rows[rows["phase"] == phase]
    assert len(rows) == 1, rows
    return rows.iloc[0]
