"""What is drawn, read off the figure and the files."""

from __future__ import annotations

import pytest
from made_records import beam, cell, lost_beam, record

from seqbench.interfaces import Sample
from seqbench.results import plots
from seqbench.results.plots import PlotHints, line_plot
from seqbench.results.summary import summarise
from seqbench.results.table import tidy

BEAM = PlotHints("decoder.width", ("bleu", "tokens_per_s"), (), "log")
CELLS = PlotHints("cell.hidden_size", ("time",), ("cell.name", "backend.name"), "log", "log")


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """`drawn(records, hints)` -> the axes of the figure; nothing is saved."""
    kept = []
    monkeypatch.setattr(plots, "_save", lambda figure, base: kept.append(figure))

    def draw(records, hints):
        assert plot(records, hints, tmp_path / "plot") is None
        return kept[-1].axes

    return draw


def plot(records, hints, base):
    items = {r.trial_key: r.items for r in records}
    return line_plot(summarise(tidy(records), items), hints, base, "A title?")


def lines_of(axis):
    return {
        c.get_label(): list(zip(*(v.tolist() for v in c.lines[0].get_data()), strict=True))
        for c in axis.containers
    }


def test_a_panel_a_metric_with_units_and_log_x(drawn):
    made = [beam(w, h, round=r) for w, h in ((1, 200), (10, 300)) for r in (0, 1)]
    bleu, speed = drawn(made, BEAM)
    assert (bleu.get_ylabel(), speed.get_ylabel()) == ("bleu [BLEU]", "tokens_per_s [token/s]")
    assert bleu.get_xlabel() == "decoder.width"
    assert (bleu.get_xscale(), bleu.get_yscale()) == ("log", "linear")
    assert [t.get_text() for t in bleu.get_xticklabels()] == ["1", "10"]
    (points,) = lines_of(speed).values()
    assert points == [(1, 1000), (10, 100)]
    assert bleu.containers[0].has_yerr
    assert bleu.get_figure().get_suptitle() == "A title?"


def test_error_bars_are_the_interval(drawn):
    bleu, _ = drawn([beam(1, 200), beam(10, 300)], BEAM)
    summary = summarise(tidy([beam(10, 300)]), {"gru-10-0-0": beam(10, 300).items})
    row = summary[summary["metric"] == "bleu"].iloc[0]
    bars = bleu.containers[0].lines[2][0].get_segments()
    assert bars[1][:, 1] == pytest.approx([row["ci_low"], row["ci_high"]])


def test_lines_are_told_apart_by_the_group(drawn):
    made = [
        cell(c, h, b, [h / 1000])
        for c in ("gru", "lstm")
        for b in ("numpy", "torch")
        for h in (32, 64)
    ]
    (axis,) = drawn(made, CELLS)
    assert set(lines_of(axis)) == {
        f"cell.name={c}, backend.name={b}" for c in ("gru", "lstm") for b in ("numpy", "torch")
    }
    assert lines_of(axis)["cell.name=gru, backend.name=numpy"] == [(32, 32), (64, 64)]  # in ms
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert axis.get_ylabel() == "time [ms]"
    assert axis.get_legend() is not None


def test_what_was_swept_beside_the_hints_tells_lines_apart_too(drawn):
    made = [beam(w, 200, cell=c) for w in (1, 10) for c in ("gru", "lstm")]
    bleu, _ = drawn(made, BEAM)
    assert set(lines_of(bleu)) == {"cell.name=gru", "cell.name=lstm"}


def test_what_is_zipped_with_x_does_not(drawn):
    def trial(x):
        samples = [Sample("time", x * 1.0, "s", "lower", "forward")]
        params = {"cell": {"hidden_size": x}, "batch": 2 * x}
        return record(str(x), params=params, swept=["cell.hidden_size", "batch"], samples=samples)

    hints = PlotHints("cell.hidden_size", ("time",))
    (axis,) = drawn([trial(8), trial(16)], hints)
    assert len(axis.containers) == 1
    assert axis.get_legend() is None


def test_phases_get_panels_of_their_own(drawn):
    samples = [Sample("time", 1.0, "s", "lower", p) for p in ("load", "forward")]
    made = record("a", params={"x": 1}, swept=["x"], samples=samples)
    axes = drawn([made], PlotHints("x", ("time",)))
    assert [axis.get_ylabel() for axis in axes] == ["time forward [s]", "time load [s]"]


def test_names_stand_side_by_side_and_zero_is_not_put_on_a_log_axis(drawn):
    def trial(x, value):
        samples = [Sample("time", value, "s")]
        return record(str(x), params={"x": x}, swept=["x"], samples=samples)

    hints = PlotHints("x", ("time",), (), "log", "log")
    (axis,) = drawn([trial("b", 2.0), trial("a", 0.0)], hints)
    assert [t.get_text() for t in axis.get_xticklabels()] == ["a", "b"]
    assert (axis.get_xscale(), axis.get_yscale()) == ("linear", "linear")
    (axis,) = drawn([trial(0, 2.0), trial(3, 1.0)], hints)
    assert (axis.get_xscale(), axis.get_yscale()) == ("linear", "log")


def test_a_lost_case_is_no_point(drawn):
    bleu, _ = drawn([beam(1, 200), lost_beam(10)], BEAM)
    (points,) = lines_of(bleu).values()
    assert len(points) == 1


@pytest.mark.parametrize(
    ("records", "hints"),
    [
        ([beam(1, 200)], PlotHints()),
        ([beam(1, 200)], PlotHints("decoder.alpha", ("bleu",))),
        ([beam(1, 200)], PlotHints("decoder.width", ("wer",))),
        ([lost_beam(1)], BEAM),
        ([], BEAM),
    ],
)
def test_nothing_to_draw_is_no_plot(tmp_path, records, hints):
    assert plot(records, hints, tmp_path / "plot") == []
    assert list(tmp_path.iterdir()) == []


def test_the_files_are_a_png_and_an_svg_that_is_the_same_text_every_time(tmp_path):
    made = [beam(1, 200), beam(2, 300)]
    paths = plot(made, BEAM, tmp_path / "plot")
    assert [path.name for path in paths] == ["plot.png", "plot.svg"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    svg = paths[1].read_bytes()
    assert b"<svg" in svg
    plot(made, BEAM, tmp_path / "plot")
    assert paths[1].read_bytes() == svg
    assert len(list(tmp_path.iterdir())) == 2


def test_a_number_in_the_phase_can_be_x(drawn):
    """One trial that tells several lags; what has no number is not drawn."""
    made = [cell("gru", 8, "numpy", [1.0]), cell("lstm", 8, "numpy", [1.0])]
    for one, worst in zip(made, (0.5, 0.75), strict=True):
        one.samples = [
            Sample("accuracy", value, "fraction", "higher", phase)
            for phase, value in (("lag 10", 1.0), ("lag 100", worst), ("mean", 0.1))
        ]
    (axis,) = drawn(made, PlotHints("phase", ("accuracy",), ("cell.name",), "log"))
    assert lines_of(axis) == {
        "cell.name=gru": [(10, 1.0), (100, 0.5)],
        "cell.name=lstm": [(10, 1.0), (100, 0.75)],
    }
    assert axis.get_xlabel() == "phase"
    assert [t.get_text() for t in axis.get_xticklabels()] == ["10", "100"]
