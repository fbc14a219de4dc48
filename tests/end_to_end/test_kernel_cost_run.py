"""A kernel is timed, held against the roof and told; a length sweep gets its exponent."""

from __future__ import annotations

import csv

from tiny_run import run


def test_a_kernel_is_timed_beside_its_peer(tmp_path):
    out, rows = run(tmp_path, "kernel_cost", "kernel=optimizer/adam", "sizes.N=4096")
    assert "binds forward" in out
    assert "ceilings: call" in out
    ours = [row for row in rows if row["p.backend.name"] == "numpy"]
    found = {row["metric"] for row in ours if row["phase"] == "forward"}
    assert {"time", "flops", "bytes", "limit_memory", "share_of_limit", "peak_memory"} <= found
    assert {row["kernel_impl"] for row in ours} == {"numpy.adam"}
    (flops,) = [row["value"] for row in ours if row["metric"] == "flops"]
    assert float(flops) == 12 * 4096


def test_a_size_that_a_kernel_lacks_is_a_skipped_row(tmp_path):
    out, rows = run(tmp_path, "kernel_cost", "kernel=optimizer/adam", "sizes.T=4")
    assert {row["status"] for row in rows} == {"skipped"}
    assert "optimizer/adam has no size T, expected one of N" in out


def test_the_growth_of_attention_is_told(tmp_path):
    out, _ = run(tmp_path, "attention_scaling")
    (path,) = tmp_path.rglob("scaling.csv")
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert f"growth: {path}" in out
    for row in rows:
        assert (row["axis"], row["metric"] in ("time", "peak_memory")) == ("sizes.Tx", True)
        assert float(row["largest"]) == 64
    assert ("Time forward grows as Tx^" in out) == any(r["metric"] == "time" for r in rows)
    answer, claim = [line for line in out.splitlines() if line][-2:]
    assert "Tx" in answer
    assert "The claim" in claim
