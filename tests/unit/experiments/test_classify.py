"""What a classification tells: the share of answers that another order of the words changes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from seqbench.data.labelled import build_labelled
from seqbench.data.labelled_batching import evaluation_batches
from seqbench.experiments.tasks.classify import classify, items_of, samples_of
from seqbench.registry import registry


def corpus():
    """`x y` is of class 0 and `y x` of class 1: the order is all there is."""
    items = [(("x", "y"), 0), (("y", "x"), 1)] * 10
    splits = dict.fromkeys(("train", "valid", "test"), items)
    return build_labelled("made", "a test", ("xy", "yx"), splits, min_count=1, max_length=5)


class StandIn:
    """Gives every sentence, (T, B) ids, the class that `answer` says."""

    def __init__(self, answer):
        self.backend, self._answer = registry().kernels("numpy").backend, answer

    def logits(self, batch, *, capacity):
        columns = zip(batch.ids.T, batch.lengths, strict=True)
        classes = [self._answer(ids[:length]) for ids, length in columns]
        return np.eye(2)[classes]


def told(answer):
    made = corpus()
    context = SimpleNamespace(report=lambda *_: None)
    found = classify(StandIn(answer), evaluation_batches(made.test, 2, 7), context)
    values = {s.metric: s.value for s in samples_of(found, made.test, 2)}
    return values, items_of(found, made.test)


def test_an_answer_by_the_sum_of_the_words_is_the_same_in_any_order():
    values, items = told(lambda ids: int(ids.sum()) % 2)
    assert (values["accuracy"], values["swap_changes"]) == (0.5, 0.0)
    assert items["shuffled"] == items["predicted"]


def test_an_answer_by_the_first_word_changes_with_the_order():
    first = int(corpus().vocabulary.encode("x")[0])
    values, items = told(lambda ids: int(ids[0] != first))
    assert (values["accuracy"], values["swap_changes"]) == (1.0, 1.0)
    assert items["correct"] == [1] * 20
    assert [1 - c for c in items["shuffled"]] == items["predicted"]
