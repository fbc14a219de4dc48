"""What the tasks of word vectors tell: times by word and pair, code lengths, judging sets."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from seqbench.data.huffman import huffman_tree
from seqbench.data.planted_words import load_planted_words
from seqbench.experiments.composing import initialised
from seqbench.experiments.config import run_config
from seqbench.experiments.sweep import expand
from seqbench.experiments.tasks.word_cost import by_word, run, turns
from seqbench.experiments.tasks.word_judges import analogy_sections, similarity_sets
from seqbench.experiments.taskspecs import task_spec
from seqbench.interfaces import Sample, UnknownNameError, UsageError
from seqbench.kernels._word_vectors import SoftmaxChunk, TreeChunk
from seqbench.measure.workloads import draw
from seqbench.models.word_analogies import accuracy_change
from seqbench.registry import registry


def tree_chunk():
    tree = huffman_tree(np.array([50, 20, 10, 5, 1]))
    ids = np.array([0, 3, 1, 4, 2, 0], np.int32)
    left, right = np.array([0, 1, 2, 0, 1, 2], np.int32), np.array([2, 1, 0, 1, 1, 0], np.int32)
    return TreeChunk(ids, left, right, tree.nodes, tree.signs, 2), tree


def test_turns_are_those_on_every_path():
    chunk, tree = tree_chunk()
    expected = 0
    for n, word in enumerate(chunk.ids):
        for m, context in enumerate(chunk.ids):
            if n - chunk.left[n] <= m <= n + chunk.right[n] and m != n:
                expected += tree.lengths[context]
        assert word < 5
    assert turns(chunk) == expected


def test_times_are_told_by_word_and_pair():
    chunk, _ = tree_chunk()
    samples = [
        Sample("time", s, "s", "lower", "forward", n) for n, s in enumerate((6.0, 12.0, 9.0))
    ]
    samples.append(Sample("time", 99.0, "s", "lower", "load", 0))
    told = by_word(samples, chunk)
    found = {(s.metric, s.repetition): s.value for s in told}
    pairs = int(chunk.left.sum() + chunk.right.sum())
    assert found["word_time", 1] == 2.0
    assert found["pair_time", 1] == 12.0 / pairs
    assert [s.value for s in told if s.metric == "words_per_s"] == [6 / 9.0]
    assert [s.value for s in told if s.metric == "mean_code_length"] == [turns(chunk) / pairs]
    assert {s.phase for s in told} == {"forward"}


def test_without_a_tree_there_is_no_code_length_and_without_times_nothing():
    chunk, _ = tree_chunk()
    plain = SoftmaxChunk(chunk.ids, chunk.left, chunk.right, 2)
    metrics = {s.metric for s in by_word([Sample("time", 1.0, "s", "lower", "forward")], plain)}
    assert metrics == {"word_time", "pair_time", "words_per_s"}
    assert by_word([], chunk) == []


def test_a_kernel_that_trains_no_words_has_no_time_a_word():
    params = {"backend": {"name": "numpy", "impl": {}}, "kernel": "embedding/gather"}
    case = SimpleNamespace(params=params | {"sizes": {}, "dtype": "float32"}, seed=0)
    with pytest.raises(UsageError, match="kernel is 'embedding/gather', expected a step of word"):
        run(case, None)


def test_longer_codes_of_a_larger_vocabulary():
    """What E08 plots a tree's time against grows with the vocabulary as its entropy does."""
    contract = registry().kernels("numpy").get("vectors", "skipgram_hs_update").contract
    lengths = []
    for V in (100, 1000, 10_000):
        chunk = draw(contract, {"V": V, "D": 2, "N": 200}).inputs.chunk
        lengths.append(turns(chunk) / int(chunk.left.sum() + chunk.right.sum()))
        shares = 1 / np.arange(1, V + 1)
        shares /= shares.sum()
        assert lengths[-1] == pytest.approx(-(shares * np.log2(shares)).sum(), rel=0.1)
    assert lengths == sorted(lengths)


# -- what makes no sense is refused before anything runs ------------------------------------------


@pytest.fixture(scope="module")
def composer():
    with initialised([]) as composer:
        yield composer


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["experiment=debias", "dataset=brown"],
            "dataset.name is 'brown', expected vectors with lists for debiasing .planted_bias, "
            "debias.; set dataset=planted_bias",
        ),
        (
            ["experiment=sampling_power", "dataset=planted_bias"],
            "dataset.name is 'planted_bias', expected a text to train word vectors on .planted_w",
        ),
        (
            ["experiment=glove", "model=encoder_decoder"],
            "model.name is 'encoder_decoder', expected a trainer of word vectors .*skipgram_ns.*, "
            "which is all that experiment glove trains; set model=skipgram_ns",
        ),
        (
            ["experiment=word_vectors", "model=cbow_hs", "+model.options.noise_power=1"],
            "model.options.noise_power is 1 with model.name 'cbow_hs', expected a model with noise",
        ),
        (
            ["experiment=softmax_loss", "dataset=grammar"],
            "dataset.name is 'grammar', expected a text",
        ),
        (
            ["experiment=softmax_cost", "kernel=vectors/skipgram_ns"],
            "kernel is 'vectors/skipgram_ns', expected a step of word vectors such as "
            "vectors/skipgram_ns_update; experiment=kernel_cost times any other",
        ),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(composer, overrides, message):
    config = run_config(expand([*overrides, "size=tiny"], composer)[-1].config)
    with pytest.raises(UsageError, match=message):
        task_spec(config.experiment.task).uses(config)


def test_what_makes_sense_is_not(composer):
    for more in (["model=cbow_ns"], ["dataset=brown"], ["backend.name=torch"]):
        for point in expand(["experiment=sampling_power", "size=tiny", *more], composer):
            config = run_config(point.config)
            assert f"model/{config.model.name}" in task_spec("vector_quality").uses(config)


# -- judging sets -------------------------------------------------------------------------------


def test_a_data_set_is_judged_by_its_own_sets():
    corpus = load_planted_words(num_train=100, min_count=1)
    assert set(similarity_sets(corpus, None)) == {"planted"}
    assert set(similarity_sets(corpus, ["planted"])) == {"planted"}
    assert similarity_sets(corpus, []) == {}
    assert analogy_sections(corpus) is corpus.analogies
    with pytest.raises(UnknownNameError, match="set of this data set named 'wordsim353'"):
        similarity_sets(corpus, ["wordsim353"])


@pytest.mark.data
def test_one_without_sets_is_judged_by_those_of_the_data_root():
    assert set(similarity_sets(object(), None)) == {"wordsim353"}
    assert set(similarity_sets(object(), ["rg65"])) == {"rg65"}
    assert len(analogy_sections(object())) == 7


def test_the_interval_of_a_change_is_that_of_drawn_questions():
    """Held against the bootstrap written out."""
    rng = np.random.default_rng(1)
    before, after = rng.random(300) < 0.6, rng.random(300) < 0.5
    low, high = accuracy_change(before, after, resamples=20_000, seed=3)
    drawn = rng.integers(0, 300, (20_000, 300))
    means = after[drawn].mean(axis=1) - before[drawn].mean(axis=1)
    expected = np.percentile(means, [2.5, 97.5])
    np.testing.assert_allclose([low, high], expected, atol=0.008)
    assert accuracy_change(before, before) == (0.0, 0.0)
