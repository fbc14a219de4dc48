"""The transcribing composition: a language model as an automaton, ranks, what it refuses."""

import importlib
import itertools
import math

import numpy as np
import pytest

from seqbench.interfaces import RangeError, ShapeError
from seqbench.models.ctc_decoder import automaton
from seqbench.models.ngram import NGramModel, witten_bell

SENTENCES = ["a b a", "a b", "b b a", "c a b a b", "a"]
WORDS = ("", "a", "b", "c")


def decoder():
    return importlib.import_module("seqbench").registry().get("decoder", "ctc")


def language_model(order):
    return NGramModel(witten_bell([s.split() for s in SENTENCES], order), WORDS)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_the_automaton_scores_as_the_model_does(order):
    model = language_model(order)
    table = automaton(model, 4, 0, alpha=0.7, beta=0.3)
    for length in range(5):
        for labels in itertools.product((1, 2, 3), repeat=length):
            state, total = 0, 0.0
            for v in labels:
                total += table.bonus[state, v]
                state = table.next_state[state, v]
            total += table.final[state]
            expected = 0.7 * model.log_prob([WORDS[v] for v in labels]) + 0.3 * length
            assert total == pytest.approx(expected, rel=1e-12)
    assert (table.bonus[:, 0] == 0).all()  # the blank says nothing


def test_ranks_are_scores_and_the_weighted_model():
    rng = np.random.default_rng(0)
    logits, lengths = rng.normal(size=(4, 2, 4)), np.array([4, 2], np.int32)
    model = language_model(3)
    found = decoder().beam(
        logits, lengths, width=200, n_best=50, language_model=model, alpha=0.5, beta=1.5
    )
    plain = decoder().beam(logits, lengths, width=200, n_best=200)
    for b, told in enumerate(found):
        scores = {t.labels: t.score for t in plain[b]}
        for t in told:
            prior = 0.5 * model.log_prob([WORDS[v] for v in t.labels]) + 1.5 * len(t.labels)
            assert t.score == pytest.approx(scores[t.labels], rel=1e-10, abs=1e-12)
            assert t.rank == pytest.approx(t.score + prior, rel=1e-10, abs=1e-12)
        assert [t.rank for t in told] == sorted((t.rank for t in told), reverse=True)


def test_a_language_model_can_turn_the_answer():
    """c and b sound alike after a; the model has heard a b alone."""
    logits = np.log(np.array([[0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.35, 0.45]]))[:, None]
    lengths = np.array([2], np.int32)
    assert decoder().greedy(logits, lengths)[0].labels == (1, 3)
    assert decoder().beam(logits, lengths, width=30)[0][0].labels == (1, 3)
    heard = decoder().beam(logits, lengths, width=30, language_model=language_model(2), beta=1.0)
    assert heard[0][0].labels == (1, 2)


def test_a_bonus_a_label_alone():
    logits = np.zeros((3, 1, 2))
    lengths = np.array([3], np.int32)
    short = decoder().beam(logits, lengths, width=9, beta=-9.0)[0][0]
    long = decoder().beam(logits, lengths, width=9, beta=9.0)[0][0]
    assert (short.labels, long.labels) == ((), (1, 1))
    assert long.rank == pytest.approx(long.score + 18)


def test_greedy_tells_the_score_of_its_path():
    logits = np.log(np.array([[0.5, 0.5 - 1e-3, 1e-3], [0.2, 0.7, 0.1]]))[:, None]
    found = decoder().greedy(logits, np.array([2], np.int32))[0]
    assert found.labels == (1,)
    assert found.score == pytest.approx(math.log(0.35))


def test_fewer_labellings_than_asked_for():
    assert (
        len(decoder().beam(np.zeros((1, 1, 3)), np.array([1], np.int32), width=9, n_best=9)[0]) == 3
    )


def test_what_it_refuses():
    logits, lengths = np.zeros((1, 1, 3)), np.array([1], np.int32)
    with pytest.raises(ShapeError, match=r"names 4 words, expected V = 3; give it one word"):
        decoder().beam(logits, lengths, width=2, language_model=language_model(2))
    with pytest.raises(RangeError, match=r"alpha is -1\.0 and beta 0\.0, expected finite"):
        decoder().beam(logits, lengths, width=2, alpha=-1.0)
    with pytest.raises(RangeError, match="width is 0"):
        decoder().beam(logits, lengths, width=0)


def test_tables_are_made_anew_for_another_model_or_weight():
    """One decoder for many batches: what it keeps must be what was asked for last."""
    logits = np.log(np.array([[0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.35, 0.45]]))[:, None]
    lengths, model, one = np.array([2], np.int32), language_model(2), decoder()
    for alpha, beta, order in [(1.0, 1.0, 2), (0.01, 0.0, 2), (1.0, 1.0, 2), (1.0, 1.0, 1)]:
        model = language_model(order)
        asked = {"width": 30, "language_model": model, "alpha": alpha, "beta": beta}
        found, fresh = (d.beam(logits, lengths, **asked)[0][0] for d in (one, decoder()))
        assert found == fresh


def test_tables_are_made_once_for_batches_of_one_text(monkeypatch):
    made = []
    module = importlib.import_module("seqbench.models.ctc_decoder")

    def counting(*args, **options):
        made.append(args)
        return automaton(*args, **options)

    monkeypatch.setattr(module, "automaton", counting)
    logits, lengths = np.zeros((2, 1, 4)), np.array([2], np.int32)
    one, model = decoder(), language_model(2)
    for _ in range(3):
        one.beam(logits, lengths, width=3, language_model=model)
    assert len(made) == 1
