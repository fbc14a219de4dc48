"""E03, E17 and E20 as a user runs them, tiny."""

from __future__ import annotations

import json

import pytest
from tiny_run import run


def values(rows, metric, key="p.cell.name"):
    return {
        (row[key], row["phase"]): float(row["value"]) for row in rows if row["metric"] == metric
    }


def claim_of(tmp_path):
    (path,) = tmp_path.rglob("claim.json")
    return json.loads(path.read_text())


def test_recall_by_lag(tmp_path):
    told, rows = run(tmp_path, "recall_by_lag")
    assert "How many steps back does each cell still know what it saw?" in told
    accuracy = values(rows, "accuracy")
    assert set(accuracy) == {(c, f"lag {n}") for c in ("rnn", "gru", "lstm") for n in (1, 3)}
    for (cell, _), solved in values(rows, "solved_lag").items():
        lags = [n for n in (1, 3) if accuracy[cell, f"lag {n}"] >= 0.9]
        assert solved == max(lags, default=0)
    for when in ("start", "trained"):
        norms = values(rows, f"gradient_{when}")
        assert all(norm > 0 for norm in norms.values())
        assert len(values(rows, f"gradient_decay_{when}")) == 3
    units = {row["metric"]: row["unit"] for row in rows}
    assert units["gradient_decay_start"] == "nats/step"
    assert units["valid_nll"] == "nats/sequence"
    parts = claim_of(tmp_path)["measured"]
    assert all(len(part["units"]) == 1 for part in parts.values()), parts  # rows were found
    assert (next(tmp_path.rglob("plot.svg"))).stat().st_size > 1000


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("peepholes", {"lstm", "lstm_peephole", "lstm_peephole_full"}),
        ("reset_gate", {"gru_simplified", "gru", "gru_reset_before"}),
    ],
)
def test_one_cell_against_another(tmp_path, name, cells):
    _, rows = run(tmp_path, name)
    assert {cell for cell, _ in values(rows, "accuracy_mean")} == cells
    cost = {cell: value for (cell, _), value in values(rows, "step_flops").items()}
    assert min(cost, key=cost.get) in ("lstm", "gru_simplified")
    parts = claim_of(tmp_path)["measured"]
    assert all(len(part["units"]) == 1 for part in parts.values()), parts
