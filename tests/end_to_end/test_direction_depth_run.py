"""E16 and E19 at their smallest, through the command line to a table and a sentence."""

from __future__ import annotations

from tiny_run import run


def by(rows, metric, *keys):
    """The swept values -> the metric's value."""
    return {
        tuple(row[f"p.{key}"] for key in keys): float(row["value"])
        for row in rows
        if row["metric"] == metric
    }


NETWORK = ("model.bidirectional", "model.options.num_layers")


def test_direction_and_depth_of_a_recogniser(tmp_path):
    out, rows = run(tmp_path, "direction_depth")
    assert "On the front of cer against FLOP of training: " in out
    assert len(by(rows, "cer", *NETWORK)) == 4
    flops = by(rows, "train_flops", *NETWORK)  # a training's row tells what it trained
    assert flops["false", "1"] < flops["false", "2"] < flops["true", "2"]
    sizes = by(rows, "num_parameters", *NETWORK)
    assert sizes["false", "1"] < sizes["true", "1"] < sizes["true", "2"]


def test_direction_and_depth_of_a_classifier(tmp_path):
    out, rows = run(tmp_path, "direction_depth_sentences", "train.target_nll=0.69")
    assert "On the front of accuracy against FLOP of training: " in out
    assert len(by(rows, "accuracy", *NETWORK)) == 4
    assert by(rows, "flops_to_quality", *NETWORK)  # some network gets below chance's loss


def test_a_dense_net_at_unseen_positions(tmp_path):
    _, rows = run(tmp_path, "dense_positions", "train.epochs=20")
    sizes = ("model.name", "dataset.max_length", "dataset.options.vocab_size")
    parameters = by(rows, "num_parameters", *sizes)
    hidden, classes = 32, 4
    for length in (8, 16):
        one, other = (parameters["dense_classifier", str(length), v] for v in ("50", "100"))
        assert other - one == 50 * length * hidden
        assert one == 54 * length * hidden + hidden + hidden * classes + classes
    assert (
        parameters["recurrent_classifier", "8", "50"]
        == parameters["recurrent_classifier", "16", "50"]
    )
    easiest = ("dense_classifier", "8", "50")
    seen, unseen = (by(rows, f"accuracy_{group}", *sizes) for group in ("seen", "unseen"))
    assert seen[easiest] > unseen[easiest] + 0.3
