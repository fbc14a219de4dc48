"""E01, E02, E07 and E18 at size=tiny: every part of a claim finds its rows."""

from __future__ import annotations

import json

import pytest
from tiny_run import run


def parts_without_rows(tmp_path):
    (path,) = tmp_path.rglob("claim.json")
    measured = json.loads(path.read_text())["measured"]
    return {name for name, found in measured.items() if not found["units"]}


def values(rows, *, width):
    return {r["metric"]: float(r["value"]) for r in rows if r.get("p.decoder.width") == str(width)}


def test_beam_errors_tells_rates_and_gains(tmp_path):
    out, rows = run(tmp_path, "beam_errors")
    assert "Does a wider beam help only where the beam was at fault?" in out
    assert "The claim “Widen the beam only if the beam is at fault” is undecided" in out
    wide, narrow = values(rows, width=4), values(rows, width=1)
    for found in (narrow, wide):
        assert found["search_error_rate"] + found["model_error_rate"] <= found["wrong"] + 1e-12
        assert 0 < found["exact_decided"] <= 1
    assert narrow["gain_elsewhere"] == 0
    # A model that two epochs trained has no search errors to mend, so that part may have no rows.
    assert parts_without_rows(tmp_path) <= {"gain_at_fault"}


def test_exact_search_is_never_worse(tmp_path):
    out, rows = run(tmp_path, "exact_search")
    assert "How far is beam search from the best string" in out
    for width in (1, 4):
        found = values(rows, width=width)
        assert found["exact_worse"] == 0
        assert found["exact_decided"] > 0
        assert {"missed", "exact_time", "search_time", "bleu", "exact_bleu"} <= set(found)
    assert not parts_without_rows(tmp_path)


def test_a_wider_beams_claim_finds_its_rows(tmp_path):
    out, _ = run(tmp_path, "beam_width_bleu")
    assert "is undecided on embedded data (grammar), a demonstration" in out
    assert not parts_without_rows(tmp_path)


@pytest.mark.slow
def test_cells_of_equal_size_have_equally_many_parameters(tmp_path):
    _, rows = run(tmp_path, "cell_quality")
    counts = {
        (r["p.cell.name"], r["p.cell.hidden_size"]): float(r["value"])
        for r in rows
        if r["metric"] == "num_parameters"
    }
    assert len(counts) == 6
    for gru, others in {"16": ("22", "15"), "32": ("47", "29")}.items():
        for cell, size in zip(("rnn", "lstm"), others, strict=True):
            assert counts[cell, size] == pytest.approx(counts["gru", gru], rel=0.05)
    assert parts_without_rows(tmp_path) == {"less_work"}  # no target at size=tiny
