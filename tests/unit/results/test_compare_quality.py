"""Qualities: paired by seed, items resampled together, three seeds or no verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_records import beam, bleu_of, record, statistics
from made_sides import bleus, compared, row

from seqbench.interfaces import Sample
from seqbench.results.compare.quality import item_variances, with_items
from seqbench.results.rebuilt import FORMS, rebuilt

NOISE = [0, 2, -2, 1, -1]


def hits(middle, seeds=5):
    return [middle + n for n in NOISE[:seeds]]


@pytest.mark.parametrize(("new", "expected"), [(360, "BETTER"), (240, "WORSE"), (300, "SAME")])
def test_every_verdict_of_a_quality(new, expected):
    wide = 2.0
    rules = margin("bleu", wide)
    shifted = [
        h + (n if new == 300 else 0) for h, n in zip(hits(new), [1, 0, -1, 0, 0], strict=True)
    ]
    found = row(compared(bleus(hits(300)), bleus(shifted), rules=rules), "bleu")
    assert found["verdict"] == expected
    assert found["worse"] == (expected == "WORSE")
    assert found["low"] <= found["difference"] <= found["high"]
    assert found["n_base"] == 5


def margin(metric, value):
    from seqbench.results.compare import built_in

    return replace(built_in(), absolute={metric: value})


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_difference_of_few_seeds_is_at_best_ambiguous_and_says_so(seeds):
    found = row(compared(bleus(hits(380, seeds)), bleus(hits(40, seeds))), "bleu")
    assert found["verdict"] == "AMBIGUOUS"
    assert found["reason"] == f"{seeds} seed{'s' * (seeds > 1)} on a side, a verdict needs 3"
    assert not found["worse"]


def test_three_seeds_are_enough():
    found = row(compared(bleus(hits(380, 3)), bleus(hits(40, 3))), "bleu")
    assert found["verdict"] == "WORSE"


def test_what_is_identical_in_every_seed_is_the_same():
    found = row(compared(bleus(hits(300, 1)), bleus(hits(300, 1))), "bleu")
    assert (found["verdict"], found["reason"]) == ("SAME", "identical")


def test_seeds_pair():
    """Seeds that differ much and move together tell a small change."""
    far = [100, 200, 300, 380]
    base = [beam(4, h, seed=s, items=False) for s, h in enumerate(far)]
    new = [beam(4, h + 8, seed=s, items=False) for s, h in enumerate(far)]
    assert row(compared(base, new), "bleu")["verdict"] == "BETTER"
    shuffled = [beam(4, h + 8, seed=s, items=False) for s, h in enumerate(far[::-1])]
    assert row(compared(base, shuffled), "bleu")["verdict"] == "AMBIGUOUS"


def test_seeds_of_one_side_alone_are_left_out():
    found = row(compared(bleus(hits(300, 5)), bleus(hits(200, 4))), "bleu")
    assert found["n_base"] == 4
    assert found["verdict"] == "WORSE"


def test_rounds_of_a_seed_are_no_further_seeds():
    base = [beam(4, 300, round=i) for i in range(6)]
    new = [beam(4, 200, round=i) for i in range(6)]
    assert row(compared(base, new), "bleu")["reason"].startswith("1 seed on a side")


def test_few_items_widen_the_interval():
    """The same seeds' scores over a tenth of the sentences tell less."""

    def trial(sentences, right, seed):
        correct = [1] * int(right * sentences) + [0] * (sentences - int(right * sentences))
        order = np.random.default_rng(seed).permutation(sentences)
        kept = {"correct": np.array(correct)[order].tolist()}
        sample = Sample("accuracy", float(np.mean(correct)), "fraction", "higher")
        return record(f"k{seed}", case_id=f"c{seed}", seed=seed, samples=[sample], items=kept)

    def width(sentences):
        base = [trial(sentences, 0.5, seed) for seed in range(4)]
        new = [
            trial(sentences, 0.6 + 0.01 * (seed % 2) * (100 / sentences), seed) for seed in range(4)
        ]
        found = row(compared(base, new), "accuracy")
        return found["high"] - found["low"]

    assert width(100) > 2 * width(10000)


def test_items_and_seeds_both_count():
    value, seeds = np.array([1.0]), np.array([4])
    found = with_items(value, np.array([0.3]), seeds, np.array([0.16]))
    assert found.error[0] == pytest.approx(0.5)
    assert found.df[0] == pytest.approx(3 * (0.25 / 0.09) ** 2)
    without = with_items(value, np.array([0.3]), seeds, np.array([0.0]))
    assert without.df[0] == 3


def test_the_bootstrap_has_the_variance_of_a_mean():
    rng = np.random.default_rng(3)
    base, new = rng.normal(size=400), rng.normal(size=400)
    pair = (
        rebuilt("mean_log_prob", {"log_probs": base}, "", float(base.mean())),
        rebuilt("mean_log_prob", {"log_probs": new}, "", float(new.mean())),
    )
    expected = np.var(new - base) / 400
    assert item_variances([[pair]], 4000)[0] == pytest.approx(expected, rel=0.1)
    twice = item_variances([[pair, pair]], 4000)[0]
    assert twice == pytest.approx(expected, rel=0.1)  # another training on the same items


ITEMS = {
    "correct": [1, 0, 1, 1],
    "character_edits": [0, 2, 1, 0],
    "characters": [5, 4, 6, 5],
    "word_edits": [0, 1, 1, 0],
    "words": [2, 1, 2, 2],
    "log_probs": [-4.0, -6.0, -2.0, -8.0],
    "num_tokens": [4, 5, 2, 5],
    "matches": [1, 0, 2, 1],
    "detections": [1, 1, 2, 2],
    "references": [2, 1, 2, 1],
    "hypothesis_lengths": [3, 4, 5, 6],
    "reference_lengths": [4, 4, 6, 6],
    "gains": [0.5, -0.1, 0.0, 0.2],
    "at_fault": [1, 0, 1, 0],
    "elsewhere": [0, 1, 0, 0],
    "missed": [1, 0, 0, 1],
    "decided": [1, 1, 0, 1],
}
EXPECTED = {
    "accuracy": 3 / 4,
    "exact_match": 3 / 4,
    "exact": 2 / 4,
    "cer": 3 / 20,
    "wer": 2 / 7,
    "nll": 20 / 16,
    "perplexity": np.exp(20 / 16),
    "length_ratio": 18 / 20,
    "gain_at_fault": 0.5 / 2,
    "gain_elsewhere": -0.1,
    "missed": 2 / 3,
    "mean_log_prob": -5.0,
    "event_f1": 8 / 12,
    "event_precision": 4 / 6,
    "event_recall": 4 / 6,
}


@pytest.mark.parametrize("metric", sorted(FORMS))
def test_scores_are_rebuilt_from_items(metric):
    found = rebuilt(metric, ITEMS, "", EXPECTED[metric])
    assert found is not None
    assert found.value == pytest.approx(EXPECTED[metric])
    assert rebuilt(metric, ITEMS, "", EXPECTED[metric] * 1.01) is None
    assert rebuilt(metric, {}, "", EXPECTED[metric]) is None


def test_classification_keeps_its_losses_themselves():
    assert rebuilt("nll", {"nll": [1.0, 2.0]}, "", 1.5).value == 1.5


def test_bleu_is_rebuilt_as_the_models_scorer_has_it():
    kept = statistics(250)
    assert rebuilt("bleu", kept, "smooth:exp", bleu_of(kept)).value == pytest.approx(bleu_of(kept))
    assert rebuilt("bleu", kept, "smooth:exp", bleu_of(kept) + 0.1) is None


def test_precisions_and_bleu_without_penalty_are_rebuilt():
    """40 sentences of ten words, the first 255 words right; outputs half as long as they should."""
    kept = statistics(255) | {"reference_lengths": [20] * 40}
    precisions = [
        100 * np.sum(kept["bleu_matches"], axis=0)[n] / np.sum(kept["bleu_totals"], axis=0)[n]
        for n in range(4)
    ]
    expected = {f"precision_{n}": value for n, value in enumerate(precisions, start=1)}
    expected["bleu_without_penalty"] = np.exp(np.mean(np.log(precisions)))
    expected["bleu"] = expected["bleu_without_penalty"] * np.exp(-1)
    for metric, value in expected.items():
        assert rebuilt(metric, kept, "smooth:exp", value).value == pytest.approx(value)
        assert rebuilt(metric, kept, "smooth:exp", value * 1.01) is None
        assert rebuilt(metric, {}, "smooth:exp", value) is None


def test_no_detection_and_no_event_is_a_perfect_f1():
    nothing = {"matches": [0, 0], "detections": [0, 0], "references": [0, 0]}
    assert rebuilt("event_f1", nothing, "", 1.0).value == 1.0
