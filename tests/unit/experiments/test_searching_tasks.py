"""What the tasks that compare searches count, and what they refuse."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from seqbench_numpy.backend import NumpyBackend
from standins import FakeRegistry

from seqbench.data.corpus import Split
from seqbench.data.sequences import Sequences
from seqbench.experiments.plan import make_plans
from seqbench.experiments.resolving import Resolver
from seqbench.experiments.search_options import (
    EXACT_SEARCH,
    beam_errors_options,
    exact_search_options,
)
from seqbench.experiments.sweep import expand
from seqbench.experiments.tasks import beam_errors, exact_search
from seqbench.experiments.tasks.decoding import Ready
from seqbench.experiments.tasks.translate import Decoding
from seqbench.interfaces import DataError, UnknownNameError, UsageError
from seqbench.models.greedy import GreedyDecoder
from seqbench.models.hypotheses import Hypothesis
from seqbench.models.widening import widening
from seqbench.results.rebuilt import rebuilt
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.step_models import MarkovModel, SentenceBatch

BACKEND = NumpyBackend()
BOS, EOS, A, B = range(4)
MAX_LENGTH = 4
TRAP = {BOS: {A: 0.6, B: 0.4}, A: {A: 0.5, B: 0.3, EOS: 0.2}, B: {EOS: 0.9, A: 0.1}}
"""Greedy takes a and is lost: the best string is b, 0.36."""
PLAIN = {BOS: {A: 0.9, B: 0.1}, A: {EOS: 0.8, B: 0.2}, B: {EOS: 1.0}}
"""Greedy's a, 0.72, is the best there is."""


def table(*sentences):
    found = np.full((len(sentences), 4, 4), -1e9)
    for n, rows in enumerate(sentences):
        for last, chances in rows.items():
            for token, chance in chances.items():
                found[n, last, token] = math.log(chance)
        found[n, EOS, EOS] = 0.0
    return found


class NumberedBatch(SentenceBatch):
    """One sentence, with the place in the split that the task asks for."""

    @property
    def indices(self):
        return self.ids


def batch(number):
    return NumberedBatch(np.array([number], np.int64))


def compare(*sentences, decoder=GreedyDecoder, max_expansions=1000, answers=None):
    """The pairs of these sentences, searched by `decoder` or with given `answers`."""
    kernels = FixedKernels(BACKEND)
    model = MarkovModel(table(*sentences), BACKEND, bos_id=BOS, eos_id=EOS)
    batches = [batch(n) for n in range(len(sentences))]
    found = Ready(None, None, kernels, None, model, "", "")
    decoding = Decoding([], [0.001] * len(batches))
    for one in batches:
        best = decoder(kernels).decode(model, one, max_length=MAX_LENGTH)[0][0]
        decoding.hypotheses.append(best)
    decoding.hypotheses = answers or decoding.hypotheses
    settings = {"max_length": MAX_LENGTH, "alpha": 0.0, "penalty": "power"}
    options = EXACT_SEARCH | {"max_expansions": max_expansions}
    silent = SimpleNamespace(report=lambda *told: None)
    return exact_search.paired(found, settings, options, batches, decoding, silent)


def best_by_hand(rows):
    """log P of the best string that ends, over all there are."""
    found = -math.inf
    for length in range(MAX_LENGTH):
        for words in itertools.product((A, B), repeat=length):
            path = [BOS, *words, EOS]
            chances = [rows.get(p, {}).get(q, 0.0) for p, q in itertools.pairwise(path)]
            if all(chances):
                found = max(found, sum(map(math.log, chances)))
    return found


def values(pairs):
    decided = [pair for pair in pairs if pair is not None]
    return {s.metric: s.value for s in exact_search.samples_of(decided, 1e-9)}


def test_what_greedy_search_missed_by_brute_force():
    trap, plain = compare(TRAP, PLAIN)
    assert trap.exact_score == pytest.approx(best_by_hand(TRAP)) == pytest.approx(math.log(0.36))
    assert plain.exact_score == pytest.approx(best_by_hand(PLAIN)) == pytest.approx(math.log(0.72))
    assert trap.missed(1e-9)
    assert not plain.missed(1e-9)
    assert plain.gap == 0


def test_the_samples_of_an_effect_that_is_there_and_of_none():
    """Greedy's string of the trap is a a a and cut off: missed, without a gap in nats."""
    mixed, exact = values(compare(TRAP, PLAIN)), values(compare(PLAIN, PLAIN))
    assert (mixed["missed"], exact["missed"]) == (0.5, 0.0)
    assert (mixed["exact_worse"], exact["exact_worse"]) == (0.0, 0.0)
    assert "score_gap_missed" not in exact


def test_the_gap_of_a_string_that_ends():
    ended = Hypothesis((A, B), 0.0, 0.0, True, 3)  # 0.6 * 0.3 * 0.9
    found = values(compare(TRAP, PLAIN, answers=[ended, Hypothesis((A,), 0.0, 0.0, True, 2)]))
    gap = math.log(0.36) - math.log(0.6 * 0.3 * 0.9)
    assert found["score_gap_missed"] == pytest.approx(gap)
    assert found["score_gap"] == pytest.approx(gap / 2)


def test_an_exact_search_that_found_less_is_told():
    pair = compare(PLAIN)[0]
    worse = exact_search.Pair(pair.search, pair.exact, -1.0, -2.0, 0.1, 0.1, 3)
    assert worse.worse(1e-5)
    assert not worse.missed(1e-5)
    near = exact_search.Pair(pair.search, pair.exact, -1.0, -1.0 - 1e-7, 0.1, 0.1, 3)
    assert not near.worse(1e-5)
    cut = Hypothesis((A, A), 0.0, 0.0, False, 2)
    assert exact_search.Pair(pair.search, cut, -5.0, -1.0, 0.1, 0.1, 3).worse(1e-5)
    assert exact_search.Pair(cut, pair.exact, -1.0, -5.0, 0.1, 0.1, 3).missed(1e-5)


def test_a_space_that_is_too_large_stays_undecided():
    pairs = compare(TRAP, PLAIN, max_expansions=1)
    assert pairs == [None, None]
    items = exact_search.items_of(compare(TRAP, PLAIN), 1e-9)
    assert items["missed"] == [1, 0]
    found = rebuilt("missed", items, "", 0.5)
    assert found is not None
    assert found.value == 0.5


def split(*lengths):
    words = [tuple("x" * n) for n in lengths]
    starts = np.cumsum([0, *lengths], dtype=np.int64)
    ids = Sequences(np.arange(starts[-1], dtype=np.int32), starts, int(starts[-1]) + 1)
    return Split("test", words, words, ids, ids, 60)


def test_short_sentences_are_taken_with_their_ids():
    found = exact_search.short(split(3, 1, 2), 2)
    assert [len(s) for s in found.sources] == [1, 2]
    assert [found.source_ids[n].tolist() for n in (0, 1)] == [[3], [4, 5]]
    assert len(exact_search.short(split(3, 1), None)) == 2
    with pytest.raises(DataError, match=r"no sentence of test has 2 source tokens .* has 3; raise"):
        exact_search.short(split(3, 4), 2)


def test_rates_are_of_all_sentences():
    told = {s.metric: s.value for s in beam_errors.rate_samples(["search", "correct"] * 2)}
    assert told == {"search_error_rate": 0.5, "model_error_rate": 0.0}


def test_gains_and_the_items_they_are_rebuilt_from():
    narrow, wide = ["search", "model", "search"], ["correct", "model", "model"]
    scores = np.array([10.0, 20, 30]), np.array([100.0, 21, 30])
    compared = widening(narrow, wide, scores, scores)
    told = {s.metric: s.value for s in beam_errors.gain_samples(compared)}
    assert told["gain_at_fault"] == 45
    assert told["gain_elsewhere"] == 1
    assert told["mended_at_fault"] == 0.5
    assert told["sentences_at_fault"] == 2
    items = beam_errors.gain_items(compared)
    for metric in ("gain_at_fault", "gain_elsewhere"):
        assert rebuilt(metric, items, "", told[metric]).value == told[metric]
    none = widening(["model"], ["model"], (scores[0][:1],) * 2, (scores[0][:1],) * 2)
    assert "gain_at_fault" not in {s.metric for s in beam_errors.gain_samples(none)}


@pytest.mark.parametrize(
    ("options", "words"),
    [({"longest": 3}, "no option of exact_search named 'longest'"), ({"exact": "beam"}, "exact_")],
)
def test_options_of_exact_search_are_checked(options, words):
    with pytest.raises(UnknownNameError, match=words):
        exact_search_options(options)


def test_options_of_beam_errors_are_checked():
    with pytest.raises(UnknownNameError, match=r"no option of beam_errors named 'baseline'; did"):
        beam_errors_options({"baseline": 1})


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["experiment=beam_errors", "decoder=greedy"], "decoder.name is 'greedy', expected beam"),
        (
            ["experiment=exact_search", "decoder=exact_depth"],
            "decoder.name is 'exact_depth', expected beam or greedy",
        ),
        (["experiment=exact_search", "decoder=ctc_beam"], "is 'ctc_beam', expected beam or greedy"),
        (["experiment=beam_errors", "model=language_model"], "model.name is 'language_model'"),
        (["experiment=exact_search", "evaluate.batch_size=8"], "evaluate.batch_size is 8"),
        (["experiment=exact_search", "evaluate.options.exact=beam"], "exact decoder named 'beam'"),
        (["experiment=beam_errors", "evaluate.options.baseline_width=0"], "baseline_width is 0"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(composer, overrides, words):
    points = expand([*overrides, "size=tiny"], composer)
    with pytest.raises(UsageError, match=words):
        make_plans(points, Resolver(FakeRegistry()), device_model="cpu")
