"""The trainer: every pair once, whatever the chunk; repeatable; it learns; mistakes are told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest

import seqbench
from seqbench.data.word_corpus import WordCorpus, word_corpus
from seqbench.interfaces import DataError, RangeError, SharedText, TrainingError, UsageError
from seqbench.kernels._word_vectors import UpdatedVectors
from seqbench.kernels.skipgram import SKIPGRAM_NS_UPDATE
from seqbench.kernels.word_vectors import VectorSettings
from seqbench.models import word2vec
from seqbench.models.vector_loss import held_out_loss
from seqbench.models.word2vec import WordVectorTrainer
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reference import HostBackend

NAMES = ["skipgram_softmax", "skipgram_hs", "skipgram_ns", "cbow_ns", "cbow_hs"]
SMALL = VectorSettings(size=8, epochs=2, window=3, chunk=32, block=4, shared_negatives=6)


def sentences(count=300, seed=0):
    """Words of two kinds that keep to themselves."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        kind = "ab"[number % 2]
        found.append([f"{kind}{n}" for n in rng.zipf(1.5, 12).clip(max=20)])
    return found


@pytest.fixture(scope="module")
def corpus() -> WordCorpus:
    return word_corpus(sentences(), min_count=2)


class Recorder(SharedText):
    """A step that keeps its chunks and changes nothing."""

    def __init__(self):
        super().__init__(SKIPGRAM_NS_UPDATE, HostBackend())
        self.chunks, self.rates = [], []

    def _plan(self, dims, dtype, *, grad):
        recorder, plan = self, super()._plan(dims, dtype, grad=grad)

        def forward(inputs):
            recorder.contract.validate(plan._params, inputs)
            recorder.chunks.append(inputs.chunk)
            recorder.rates.append(inputs.learning_rate)
            return UpdatedVectors(None, None)

        plan.forward = forward
        return plan


def recorded(corpus, settings, seed=0):
    recorder = Recorder()
    kernels = FixedKernels(recorder.backend, recorder)
    WordVectorTrainer(kernels, name="skipgram_ns").train(corpus, settings, seed=seed)
    return recorder


def pairs_of(recorder):
    """How often each (centre, context word) was trained on."""
    found = Counter()
    for chunk in recorder.chunks:
        for n, word in enumerate(chunk.ids.tolist()):
            window = range(n - int(chunk.left[n]), n + int(chunk.right[n]) + 1)
            found.update((word, int(chunk.ids[m])) for m in window if m != n)
    return found


def expected_pairs(corpus, window):
    found = Counter()
    for begin, end in zip(corpus.starts[:-1], corpus.starts[1:], strict=True):
        ids = corpus.ids[begin:end].tolist()
        for n, word in enumerate(ids):
            for m in range(max(0, n - window), min(len(ids), n + window + 1)):
                if m != n:
                    found[word, ids[m]] += 1
    return found


@pytest.mark.parametrize("chunk", [7, 32, 5000])
@pytest.mark.parametrize("segment", [50, 1 << 15])
def test_every_pair_of_a_sentence_is_met_once_an_epoch(corpus, monkeypatch, chunk, segment):
    monkeypatch.setattr(word2vec, "SEGMENT", segment)
    settings = replace(SMALL, epochs=1, chunk=chunk, shrink_window=False, subsampling="none")
    assert pairs_of(recorded(corpus, settings)) == expected_pairs(corpus, 3)


def test_chunk_and_segment_change_no_draw_of_tokens_and_windows(corpus, monkeypatch):
    settings = replace(SMALL, threshold=1e-2)
    whole = pairs_of(recorded(corpus, replace(settings, chunk=4000)))
    monkeypatch.setattr(word2vec, "SEGMENT", 64)
    assert pairs_of(recorded(corpus, replace(settings, chunk=11))) == whole
    assert pairs_of(recorded(corpus, settings, seed=1)) != whole


def test_windows_shrink_and_frequent_words_are_dropped(corpus):
    everything = sum(expected_pairs(corpus, 3).values())
    shrunk = recorded(corpus, replace(SMALL, epochs=1, subsampling="none"))
    assert 0.6 < sum(pairs_of(shrunk).values()) / everything < 0.75  # (1 + 2 + 3) / 9 and borders
    kept = recorded(corpus, replace(SMALL, epochs=1, shrink_window=False, threshold=1e-2))
    assert sum(pairs_of(kept).values()) < 0.5 * everything


def test_noise_words_of_different_steps_differ(corpus):
    chunks = recorded(corpus, SMALL).chunks
    drawn = {chunk.negatives.tobytes() for chunk in chunks}
    assert len(drawn) == len(chunks)


def test_the_rate_falls_linearly(corpus):
    settings = replace(SMALL, learning_rate=0.05, final_learning_rate=0.01, epochs=4)
    rates = recorded(corpus, settings).rates
    assert rates[0] == pytest.approx(0.05)
    assert 0.01 <= rates[-1] < 0.011
    steps = -np.diff(rates)
    assert (steps >= 0).all()
    assert abs(np.mean(rates) - 0.03) < 0.001


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bits(corpus, name):
    trainer = seqbench.get("model", name)
    first, again = (trainer.train(corpus, SMALL, seed=5) for _ in range(2))
    other = trainer.train(corpus, SMALL, seed=6)
    np.testing.assert_array_equal(first.weight_in, again.weight_in)
    np.testing.assert_array_equal(first.weight_out, again.weight_out)
    assert (first.weight_in != other.weight_in).any()


@pytest.mark.parametrize("name", NAMES)
def test_training_lowers_the_held_out_loss_and_parts_the_two_kinds(corpus, name):
    kernels = seqbench.registry().kernels("numpy")
    settings = replace(SMALL, epochs=30, learning_rate=0.05)
    trainer = WordVectorTrainer(kernels, name=name)
    told = []
    found = trainer.train(corpus, settings, report=lambda done, text: told.append(done))
    start = trainer.train(corpus, replace(settings, learning_rate=0.0, final_learning_rate=0.0))
    losses = [held_out_loss(kernels, name, corpus, made, settings) for made in (start, found)]
    assert losses[1] < 0.95 * losses[0]
    vectors = found.weight_in / np.linalg.norm(found.weight_in, axis=1, keepdims=True)
    kinds = np.array([word[0] == "a" for word in corpus.words])
    cosines = vectors @ vectors.T
    alike = kinds[:, None] == kinds[None, :]
    assert cosines[alike].mean() > cosines[~alike].mean() + 0.2
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert found.tokens == 30 * len(corpus)


def test_cbow_takes_the_update_that_is_asked_for(corpus):
    trainer = seqbench.get("model", "cbow_ns")
    assert trainer.train(corpus, SMALL).impl == "numpy.cbow_ns_update"
    as_gensim = trainer.train(corpus, replace(SMALL, update="word2vec"))
    assert as_gensim.impl == "numpy.cbow_ns_word2vec"


def test_start_is_gensims():
    weight_in, weight_out = word2vec.initial_vectors(1000, 1000, 50, seed=0)
    assert np.abs(weight_in).max() <= 1 / 50
    assert np.abs(weight_in).max() > 0.99 / 50
    assert (weight_out == 0).all()


@dataclass
class Corpus:
    ids: np.ndarray
    starts: np.ndarray
    counts: np.ndarray


FINE = Corpus(np.array([0, 1, 0], np.int32), np.array([0, 3]), np.array([2, 1]))


@pytest.mark.parametrize(
    ("corpus", "error", "words"),
    [
        (replace(FINE, ids=FINE.ids[:0], starts=np.array([0])), DataError, "has no tokens"),
        (replace(FINE, ids=FINE.ids + 1), RangeError, "an id of the corpus is 2, expected 0 to 1"),
        (replace(FINE, ids=FINE.ids - 1), RangeError, "an id of the corpus is -1, expected 0"),
        (replace(FINE, starts=np.arange(4)), DataError, "no sentence has two words"),
    ],
)
def test_a_corpus_without_pairs_is_told(corpus, error, words):
    with pytest.raises(error, match=words):
        seqbench.get("model", "skipgram_ns").train(corpus, SMALL)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window": 0}, "window is 0, expected at least 1"),
        ({"size": 0}, "size is 0, expected at least 1"),
        ({"epochs": 0}, "epochs is 0, expected at least 1"),
        ({"num_negatives": -1}, "num_negatives is -1, expected at least 0"),
        ({"noise_power": -0.5}, "noise_power is -0.5, expected a finite number of at least 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan, expected a finite number"),
        ({"damping": -1.0}, "damping is -1.0, expected a finite number of at least 0"),
        ({"threshold": 0.0}, "threshold is 0.0, expected above 0 and below 1"),
        ({"subsampling": "mine"}, "subsampling is 'mine', expected one of word2vec.c, paper, none"),
        ({"update": "gensim"}, "update is 'gensim', expected one of gradient, word2vec"),
        ({"chunk": 6}, "chunk is 6, expected more than twice the window"),
    ],
)
def test_settings_that_make_no_sense_are_told(corpus, options, words):
    with pytest.raises(RangeError, match=words):
        seqbench.get("model", "skipgram_ns").train(corpus, replace(SMALL, **options))


def test_vectors_that_blow_up_are_told(corpus):
    """Plain sums at an absurd rate; the message names what to lower."""
    wild = replace(SMALL, learning_rate=1e30, damping=0.0, epochs=3)
    with (
        np.errstate(all="ignore"),
        pytest.raises(TrainingError, match="not finite, at a rate of 1e\\+30; lower learning_rate"),
    ):
        seqbench.get("model", "skipgram_ns").train(corpus, wild)


def test_a_corpus_is_encoded_by_count_and_parts_are_held_out():
    text = [["b", "a", "rare"], ["a", "b", "a"], ["held", "a"], ["a", "c", "b", "c"]]
    corpus = word_corpus(text, min_count=2, held_out_every=3)
    assert corpus.words == ("a", "b", "c")
    assert corpus.counts.tolist() == [4, 3, 2]
    assert corpus.ids.tolist() == [1, 0, 0, 1, 0, 0, 2, 1, 2]
    assert corpus.starts.tolist() == [0, 2, 5, 9]
    assert corpus.held_out_ids.tolist() == [0]
    assert corpus.held_out_starts.tolist() == [0, 1]


def test_mistakes_of_a_corpus_are_told():
    with pytest.raises(DataError, match="none of 1 distinct words occurs 5 times in 1 training"):
        word_corpus([["a", "a"]])
    with pytest.raises(UsageError, match="min_count is 0, expected at least 1"):
        word_corpus([["a"]], min_count=0)
    with pytest.raises(UsageError, match="held_out_every is 1, expected at least 2"):
        word_corpus([["a"]], held_out_every=1)


def test_held_out_text_without_pairs_is_told():
    corpus = word_corpus(sentences(), min_count=2, held_out_every=None)
    kernels = seqbench.registry().kernels("numpy")
    made = WordVectorTrainer(kernels, name="skipgram_ns").train(corpus, SMALL)
    with pytest.raises(DataError, match="0 held-out tokens have no pair, expected some"):
        held_out_loss(kernels, "skipgram_ns", corpus, made, SMALL)
