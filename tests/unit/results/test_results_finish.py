"""The one call that ends a run: files, printing, and campaigns in every state."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from made_records import beam, cell, lost_beam, record, written

from seqbench.interfaces import Sample, StoreError
from seqbench.results import finish, read_csv, read_parquet

HINTS = {
    "x": "decoder.width",
    "metrics": ("bleu", "tokens_per_s"),
    "group": (),
    "x_scale": "log",
    "y_scale": "linear",
    "later": "is ignored",
}
QUESTION = "Does a larger beam translate better?"


def finished(folder, experiment="beam_width_bleu", hints=HINTS):
    out = io.StringIO()
    found = finish(folder, experiment=experiment, question=QUESTION, plot_hints=hints, out=out)
    return found, out.getvalue()


def test_a_campaign_ends_with_its_table_paths_and_answer(tmp_path):
    records = [beam(w, h, round=r) for w, h in ((1, 200), (10, 300)) for r in (0, 1)]
    found, out = finished(written(tmp_path / "c", records))
    names = [
        "plan.json",
        "plot.png",
        "plot.svg",
        "report.html",
        "summary.csv",
        "table.csv",
        "table.parquet",
    ]
    assert sorted(p.name for p in (tmp_path / "c").iterdir()) == [*names, "trials"]
    assert len(read_csv(found.table_path)) == 12
    assert read_csv(found.table_path).equals(read_parquet(found.parquet_path))
    assert [p.name for p in found.plot_paths] == ["plot.png", "plot.svg"]
    lines = out.splitlines()
    assert lines[0] == "translate: cell.name=gru"
    assert f"table: {found.table_path}" in lines
    assert f"plot:  {found.plot_paths[0]}" in lines
    assert lines[-1] == f"{QUESTION} {found.sentence}"
    assert found.sentence.startswith("Widening the beam from 1 to 10 raised BLEU by ")


def test_it_is_the_same_the_second_time(tmp_path):
    folder = written(tmp_path / "c", [beam(1, 200), beam(10, 300)])
    first, out = finished(folder, hints={})
    texts = [path.read_bytes() for path in (first.table_path, first.summary_path)]
    second, again = finished(folder, hints={})
    assert [path.read_bytes() for path in (second.table_path, second.summary_path)] == texts
    assert (second, again) == (first, out)


def test_when_everything_failed_the_faults_are_shown_and_no_plot(tmp_path):
    folder = written(tmp_path / "c", [lost_beam(1), lost_beam(10)])
    (folder / "plot.png").write_bytes(b"of an earlier run")
    found, out = finished(folder)
    assert found.plot_paths == []
    assert not (folder / "plot.png").exists()
    assert "oom: 2 trials (decoder.width=1 and 1 more): it does not fit" in out
    assert out.endswith("has a value, so there is no answer: 2 oom.\n")
    assert "plot:" not in out
    assert len(read_csv(found.table_path)) == 2


def test_a_campaign_without_records(tmp_path):
    found, out = finished(written(tmp_path / "c", [], plan=False))
    assert found.sentence == "No trial of beam_width_bleu left a record, so there is no answer."
    assert len(read_csv(found.table_path)) == 0
    assert out.startswith("table: ")


def test_a_damaged_record_is_told(tmp_path):
    folder = written(tmp_path / "c", [beam(1, 200), beam(10, 300)])
    (folder / "trials" / "gru-1-0-0.json").write_text("{")
    found, out = finished(folder, hints={})
    assert "gru-1-0-0.json is damaged" in out
    assert "1 of 2 planned trials have no record" in out
    assert found.sentence.startswith("Only B = 10 was measured")


def test_an_experiment_without_hints_has_no_plot(tmp_path):
    samples = [Sample("bleu", 30.0, "BLEU", "higher")]
    folder = written(tmp_path / "c", [record("a", samples=samples)])
    found, _ = finished(folder, "single", {})
    assert found.plot_paths == []
    assert found.sentence == "bleu was 30 BLEU."


def test_cells_are_told_with_the_ceilings(tmp_path):
    folder = written(tmp_path / "c", [cell(c, 16, "numpy", [1.0, 2.0]) for c in ("gru", "lstm")])
    found, out = finished(folder, "cell_cost", {})
    assert "ceilings: gemm_float32 100 GFLOP/s" in out
    assert found.sentence.startswith("GRU took 1x LSTM's time forward and backward on numpy")


def test_what_is_no_campaign_is_refused(tmp_path):
    with pytest.raises(StoreError, match="has no folder `trials`"):
        finished(tmp_path)


def test_results_import_no_runner_and_draw_lazily():
    code = (
        "import sys\n"
        "for m in ('hydra', 'omegaconf', 'rich', 'matplotlib', 'torch', 'scipy'):\n"
        "    sys.modules[m] = None\n"
        "import seqbench.results\n"
        "assert not any(m.startswith(('seqbench.experiments', 'seqbench.models'))"
        " for m in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
