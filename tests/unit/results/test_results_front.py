"""The quality-cost front: against every pair, on made rows, and its sentence."""

from __future__ import annotations

import itertools
import random

from made_records import record

from seqbench.interfaces import Sample
from seqbench.results import plots
from seqbench.results.evidence import Evidence
from seqbench.results.front import Point, front, points_of
from seqbench.results.sentences import sentence
from seqbench.results.summary import summarise
from seqbench.results.table import tidy

KEYS = ["model.bidirectional", "model.options.num_layers"]


def test_the_front_is_what_no_pair_forbids():
    draw = random.Random(0)
    for _ in range(200):
        drawn = [(draw.randint(0, 4), draw.randint(0, 4)) for _ in range(6)]
        points = [Point(str(n), g, c) for n, (g, c) in enumerate(drawn)]
        beaten = {
            one.case
            for one, other in itertools.permutations(points, 2)
            if (other.goodness > one.goodness and other.cost <= one.cost)
            or (other.goodness >= one.goodness and other.cost < one.cost)
        }
        found = front(points)
        assert {point.case for point in found} == {p.case for p in points} - beaten
        assert [p.cost for p in found] == sorted(p.cost for p in found)


def test_equal_points_are_on_the_front_together():
    assert len(front([Point("a", 1.0, 2.0), Point("b", 1.0, 2.0)])) == 2


def network(both, layers, flops, *, cer=None, accuracy=None, to_target=None):
    """Its training and its evaluation; the evaluation alone knows a backend."""
    model = {"bidirectional": both, "options": {"num_layers": layers}}
    key = f"{both}-{layers}"
    paid = [Sample("train_flops", flops, "FLOP", "lower", "train")]
    if to_target is not None:
        paid.append(Sample("flops_to_quality", to_target, "FLOP", "lower", "train"))
    scored = [] if cer is None else [Sample("cer", cer, "fraction", "lower", "transcribe")]
    if accuracy is not None:
        scored.append(Sample("accuracy", accuracy, "fraction", "higher", "classify"))
    params = {"model": model, "cell": {"name": "gru"}}
    evaluated = params | {"backend": {"name": "numpy"}}
    return [
        record(f"t{key}", task="train_speech", params=params, swept=KEYS, samples=paid),
        record(f"e{key}", task="transcribe", params=evaluated, swept=KEYS, samples=scored),
    ]


def evidence(*networks):
    records = [one for both in networks for one in both]
    table = tidy([replaced(one) for one in records])
    return Evidence(table, summarise(table))


def replaced(one):
    one.experiment = "direction_depth"
    return one


THREE = (
    network(False, 1, 1e9, cer=0.2, to_target=4e8),
    network(True, 1, 2e9, cer=0.1, to_target=3e8),
    network(True, 2, 4e9, cer=0.15),
)


def test_quality_and_cost_of_two_tasks_are_joined_by_what_both_sweep():
    found = points_of(evidence(*THREE).summary, "cer", "train_flops")
    assert sorted((p.goodness, p.cost) for p in found) == [(-0.2, 1e9), (-0.15, 4e9), (-0.1, 2e9)]


def test_the_plot_has_a_panel_with_every_case_and_a_line_through_the_front(monkeypatch, tmp_path):
    kept = []
    monkeypatch.setattr(plots, "_save", lambda figure, base: kept.append(figure))
    hints = plots.PlotHints(KEYS[1], ("train_flops",), (KEYS[0],), front=("cer", "train_flops"))
    plots.line_plot(evidence(*THREE).summary, hints, tmp_path / "plot")
    first, last = kept[0].axes
    assert first.get_legend() is not None
    lines = {line.get_label(): line.get_xydata().tolist() for line in last.lines}
    assert lines["front"] == [[1e9, 0.2], [2e9, 0.1]]
    assert lines["bidirectional=true, num_layers=2"] == [[4e9, 0.15]]
    assert len(lines) == 4
    assert (last.get_xlabel(), last.get_ylabel()) == ("train_flops", "cer")


def test_the_sentence_names_the_front_and_what_is_beaten():
    assert sentence("direction_depth", evidence(*THREE)) == (
        "On the front of cer against FLOP of training: model.bidirectional=false, "
        "model.options.num_layers=1 (cer 0.2, 1 GFLOP); model.bidirectional=true, "
        "model.options.num_layers=1 (cer 0.1, 2 GFLOP); 1 case of 3 is beaten. The target loss was "
        "reached for the least FLOP, 300 MFLOP, by model.bidirectional=true, "
        "model.options.num_layers=1."
    )


def test_the_higher_accuracy_is_the_better():
    made = evidence(network(False, 1, 1e9, accuracy=0.9), network(True, 1, 2e9, accuracy=0.8))
    assert sentence("direction_depth", made) == (
        "On the front of accuracy against FLOP of training: model.bidirectional=false "
        "(accuracy 0.9, 1 GFLOP); 1 case of 2 is beaten."
    )


def test_without_a_quality_there_is_no_front():
    assert sentence("direction_depth", evidence(network(False, 1, 1e9))) == (
        "No case has a quality and its FLOP of training, so there is no front: 2 done."
    )
