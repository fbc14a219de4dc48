"""The arithmetic of the ratio table, by hand."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ratio_provenance import provenance
from ratio_table import RatioRow, RatioTable, geometric_mean

from seqbench.measure.ceilings import Ceilings


def row(group="cell/x", size="B1", ours=(2.0, 3.0, 9.0), peer=(1.0, 2.0, 3.0), **options):
    return RatioRow(group, size, "numpy.x", "torch.x", ours, peer, **options)


def table():
    rows = [
        row(ceiling_s=(1.0, 2.4, 1.0), least_share=0.6),  # ratios 2, 1.5, 3; shares .5, .8, .11
        row(size="B2", ours=(1.0,), peer=(2.0,)),
        row(size="B3", ours=(100.0,), peer=(1.0,), in_mean=False),
    ]
    return RatioTable(rows=rows, at_most={"cell/x": 0.9}, notes={"threads": "1"})


def test_ratio_and_share_are_medians_over_pairs():
    assert row().ratio == 2.0
    assert row().share is None
    assert table().rows[0].share == 0.5


def test_the_geometric_mean_leaves_out_what_does_not_count():
    assert geometric_mean([4.0, 1.0]) == pytest.approx(2.0)
    assert table().mean("cell/x") == pytest.approx(1.0)


def test_missed_targets_are_told():
    assert table().missed() == [
        "cell/x B1: 0.50 of the ceiling, expected at least 0.60",
        "cell/x: geometric mean 1.00, expected at most 0.90",
    ]
    met = RatioTable(rows=[row(ceiling_s=(1.0, 2.4, 1.0), least_share=0.5)], at_most={"cell/x": 2})
    assert met.missed() == []


def test_a_row_has_a_target_of_its_own():
    found = RatioTable(rows=[row(at_most=1.9), row(size="B2", at_most=2.0)])
    assert found.missed() == ["cell/x B1: ratio 2.00, expected at most 1.90"]


def test_a_line_a_size_and_the_mean():
    lines = table().lines()
    assert lines[0] == "threads: 1"
    numbers = [line.split()[2:] for line in lines[2:5]]
    assert numbers[0] == ["3000.00", "2000.00", "2.00", "1.75", "2.50", "0.50"]
    assert numbers[1] == ["1000.00", "2000.00", "0.50", "0.50", "0.50"]
    assert lines[-1].endswith("geometric mean 1.00, at the ceiling it would be 1.00")
    assert table().mean_at_ceiling("cell/x") == 1.0  # of 1, 1.2 and 1/3


def test_the_best_ceilings_are_kept():
    found = RatioTable()
    found.meet(Ceilings("float32", 80.0, 10.0, 3.0, 2.0, 0.5))
    found.meet(Ceilings("float32", 90.0, 9.0, 4.0, 1.0, 0.6))
    assert found.ceilings == Ceilings("float32", 90.0, 10.0, 3.0, 1.0, 0.5)
    assert "90.0 GFLOP/s" in "\n".join(found.lines())


def test_a_folder_gets_a_file_a_family(tmp_path):
    found = RatioTable(rows=[row(), row(group="loss/y", at_most=0.5), row(group="cell/z")])
    found.notes["machine"] = "a processor"
    written = found.write(tmp_path / "cpu")
    assert [path.name for path in written] == ["cell_ratios.csv", "loss_ratios.csv"]
    with written[0].open(newline="") as handle:
        assert [r["group"] for r in csv.DictReader(handle)] == ["cell/x", "cell/z"]
    with written[1].open(newline="") as handle:
        (only,) = csv.DictReader(handle)
    assert (only["ratio"], only["ratio_low"], only["ratio_high"]) == ("2.0", "1.75", "2.5")
    assert (only["at_most"], only["machine"]) == ("0.5", "a processor")


def test_no_table_is_written_under_a_preset_blas_core(tmp_path):
    command = ["-m", "pytest", "tests/ratio", "-q", "--ratio-table", str(tmp_path / "x.csv")]
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OPENBLAS_CORETYPE": "Haswell"},
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "OPENBLAS_CORETYPE is Haswell, expected it unset" in done.stderr
    assert "env -u OPENBLAS_CORETYPE" in done.stderr


def test_provenance_names_what_moves_a_ratio():
    notes = provenance()
    assert {"machine", "blas", "threads", "numpy", "commit", "date", "clock"} <= set(notes)


def test_files_hold_what_the_table_shows(tmp_path):
    table().write(tmp_path / "ratios.json")
    table().write(tmp_path / "ratios.csv")
    whole = json.loads((tmp_path / "ratios.json").read_text())
    assert [r["ratio"] for r in whole["rows"]] == [2.0, 0.5, 100.0]
    assert whole["rows"][0]["ours_s"] == [2.0, 3.0, 9.0]
    with (tmp_path / "ratios.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(r["size"], r["share_of_ceiling"], r["threads"]) for r in rows] == [
        ("B1", "0.5", "1"),
        ("B2", "", "1"),
        ("B3", "", "1"),
    ]
