"""The language model: its gradient, its state across windows, its steps, its Problem."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from seqbench.data.language_batching import continuous_batches, ordered_batches
from seqbench.data.sequences import Sequences
from seqbench.data.text_corpus import build_text_corpus
from seqbench.data.vocabulary import BOS_ID, EOS_ID, Vocabulary
from seqbench.interfaces import DataError, RangeError, UnknownNameError
from seqbench.models.dropout_stream import DropoutStream
from seqbench.models.exhaustive import exhaustive_search
from seqbench.models.generating import generate, text_of
from seqbench.models.language_model import LanguageModel, LanguageModelConfig
from seqbench.models.language_problem import LanguageProblem
from seqbench.models.language_scoring import score_split, sentence_log_probs
from seqbench.models.language_steps import LanguageSteps, Prompts
from seqbench.models.scoring import pad_strings, score_sequences
from seqbench.models.training import Trainer, TrainSettings
from seqbench.registry import registry

V = 9
CONFIG = LanguageModelConfig(embedding_size=5, hidden_size=5, dtype="float64")
VARIANTS = {
    "lstm": CONFIG,
    "gru": replace(CONFIG, cell="gru", embedding_size=3),
    "rnn": replace(CONFIG, cell="rnn"),
    "peephole": replace(CONFIG, cell="lstm_peephole"),
    "coupled": replace(CONFIG, cell="lstm_coupled", num_layers=2),
    "reset_before": replace(CONFIG, cell="gru_reset_before"),
    "two_layers": replace(CONFIG, num_layers=2, embedding_size=4),
    "tied": replace(CONFIG, tied=True),
    "tied_two_layers_dropout": replace(CONFIG, tied=True, num_layers=2, dropout=0.4),
}
SENTENCES = Sequences(np.array([4, 5, 6, 7, 8, 4, 3], np.int32), np.array([0, 3, 3, 7]), V)
RANDOM = np.random.default_rng(0)
STREAM = RANDOM.integers(2, V, 23).astype(np.int32)


@pytest.fixture(scope="module")
def kernels():
    return registry().kernels("numpy")


def model_of(kernels, config=CONFIG, vocab_size=V, **options):
    """Parameters large enough that nothing is close to uniform."""
    model = LanguageModel(kernels, config, vocab_size, **options)
    model.initialise(0)
    model.parameters.flat += np.random.default_rng(1).normal(0, 0.4, model.parameters.size)
    model.load()
    return model


def windows(window, batch_size=2):
    return continuous_batches(
        STREAM, batch_size=batch_size, window=window, start_id=EOS_ID, vocab_size=V
    )


@pytest.fixture
def sentences():
    (batch,) = ordered_batches(SENTENCES, batch_size=3, start_id=BOS_ID)
    return batch


# -- the loss and its gradient -----------------------------------------------------------------


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("reduction", ["sum", "token_mean"])
def test_gradient_equals_central_differences(kernels, sentences, name, reduction):
    """Unequal lengths, a state that is carried in, dropout, label smoothing."""
    rng = np.random.default_rng(3)
    model = model_of(kernels, VARIANTS[name], label_smoothing=0.1)
    state = tuple(rng.normal(size=part.shape) for part in model.zero_state(3))
    options = {"reduction": reduction, "state": state, "stream": DropoutStream(1, 7)}
    flat = model.parameters.flat.copy()

    def loss_at(values):
        model.parameters.flat[...] = values
        model.load()
        return float(model.loss(sentences, capacity=8, **options))

    loss_at(flat)
    model.backward()
    gradient = model.parameters.gradient.copy()
    for tensor in model.parameters.shapes:
        view = model.parameters[tensor]
        start = (view.__array_interface__["data"][0] - model.parameters.flat.ctypes.data) // 8
        direction = np.zeros_like(flat)
        direction[start : start + view.size] = rng.normal(size=view.size)
        expected = (loss_at(flat + 1e-6 * direction) - loss_at(flat - 1e-6 * direction)) / 2e-6
        assert gradient @ direction == pytest.approx(expected, rel=2e-7, abs=2e-9), tensor


@pytest.mark.parametrize("name", VARIANTS)
def test_windows_with_the_state_carried_are_the_whole(kernels, name):
    config = replace(VARIANTS[name], dropout=0.0)
    model = model_of(kernels, config)
    whole = float(model.loss(windows(12)[0], reduction="sum"))
    state, total = None, 0.0
    for batch in windows(5):
        total += float(model.loss(batch, reduction="sum", state=state, capacity=5))
        state = model.state
    assert total == pytest.approx(whole, rel=1e-12)


def test_without_the_state_they_are_not(kernels):
    model = model_of(kernels)
    whole = float(model.loss(windows(12)[0], reduction="sum"))
    parts = sum(float(model.loss(batch, reduction="sum")) for batch in windows(5))
    assert abs(parts - whole) > 1e-3


def test_no_gradient_crosses_the_start_of_a_window(kernels):
    """The gradient of the second window is the one of a batch that begins at that state."""
    model = model_of(kernels)
    first, second = windows(6)
    model.loss(first, reduction="sum")
    state = model.state
    model.loss(second, reduction="sum", state=state)
    model.backward()
    carried = model.parameters.gradient.copy()
    fresh = model_of(kernels)
    fresh.loss(second, reduction="sum", state=state)
    fresh.backward()
    np.testing.assert_array_equal(carried, fresh.parameters.gradient)


def test_a_sentence_alone_has_the_loss_it_has_in_a_batch(kernels, sentences):
    model = model_of(kernels)
    together = model.loss(sentences, reduction="none").sum(axis=0).copy()
    for b in range(3):
        one = Sequences(SENTENCES[int(sentences.places[0, b])], np.array([0, 0]), V)
        one = Sequences(one.ids, np.array([0, one.ids.size]), V)
        (alone,) = ordered_batches(one, batch_size=1, start_id=BOS_ID)
        assert model.loss(alone, reduction="sum") == pytest.approx(together[b], rel=1e-12)


def test_tied_weights_are_one_tensor(kernels):
    tied, free = (model_of(kernels, VARIANTS[n]).parameters for n in ("tied", "lstm"))
    assert "output.weight" not in tied.shapes
    assert free.size - tied.size == V * CONFIG.hidden_size


def test_dropout_is_a_function_of_seed_and_step(kernels, sentences):
    model = model_of(kernels, VARIANTS["tied_two_layers_dropout"])

    def loss(*stream):
        return float(model.loss(sentences, reduction="sum", stream=DropoutStream(*stream)))

    assert loss(1, 1) == loss(1, 1)
    assert loss(1, 1) != loss(1, 2)
    assert loss(1, 1) != float(model.loss(sentences, reduction="sum"))


def test_an_lstm_begins_with_an_open_forget_gate(kernels):
    model = LanguageModel(kernels, VARIANTS["two_layers"], V)
    model.initialise(0)
    for name in ("layers.l0.bias", "layers.l1.bias"):
        assert (model.parameters[name][5:10] == 1).all()
        assert (model.parameters[name][:5] == 0).all()


def test_flops_grow_with_what_is_computed(kernels):
    model = model_of(kernels, VARIANTS["two_layers"])
    assert model.flops(10, 2, grad=False) == pytest.approx(2 * model.flops(5, 2, grad=False))
    assert 2.5 < model.flops(5, 2, grad=True) / model.flops(5, 2, grad=False) < 3.5


# -- log P and perplexity ----------------------------------------------------------------------


def test_log_p_of_a_sentence_is_the_sum_over_its_steps(kernels):
    vocabulary = Vocabulary(["<PAD>", "<BOS>", "<EOS>", "<UNK>", *"abcde"])
    model = model_of(kernels)
    found = sentence_log_probs(model, vocabulary, ["a b c", "", "e zzz"], start_id=BOS_ID)
    steps = LanguageSteps(model_of(kernels, grad=False), BOS_ID, EOS_ID)
    targets, lengths = pad_strings([[4, 5, 6], [], [8, 3]], EOS_ID)  # what is unknown is UNK
    expected = score_sequences(steps, Prompts.empty(3), targets, lengths, backend=kernels.backend)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_there_is_a_sentence(kernels):
    with pytest.raises(DataError, match="there is no sentence, expected at least one; an empty"):
        sentence_log_probs(model_of(kernels), Vocabulary.build(["a"]), [], start_id=BOS_ID)


@pytest.mark.parametrize("continuous", [True, False])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_the_score_of_a_split_is_that_of_its_lines(kernels, continuous, batch_size):
    corpus = build_text_corpus(
        "made",
        "",
        {"train": ["a b c", "", "c c b a d e"], "valid": ["b a", "d q e"]},
        level="word",
        continuous=continuous,
    )
    model = model_of(kernels)
    score = score_split(model, corpus, corpus.train, batch_size=batch_size, window=4)
    assert score.num_tokens.tolist() == [4, 1, 7]
    if continuous and batch_size == 1:
        stream = corpus.train.stream()
        (batch,) = continuous_batches(
            stream, batch_size=1, window=99, start_id=EOS_ID, vocab_size=V
        )
        losses = model.loss(batch, reduction="none")[:, 0]
        expected = [-losses[:4].sum(), -losses[4], -losses[5:].sum()]
        np.testing.assert_allclose(score.log_probs, expected, rtol=1e-10)
    if not continuous:
        lines = ["a b c", "", "c c b a d e"]
        alone = sentence_log_probs(model, corpus.vocabulary, lines, start_id=BOS_ID)
        np.testing.assert_allclose(score.log_probs, alone, rtol=1e-10)
    total = -score.log_probs.sum()
    assert score.perplexity == pytest.approx(math.exp(total / 12))
    assert score.bits_per_character == pytest.approx(total / math.log(2) / (6 + 1 + 12))


def test_a_model_that_knows_nothing_has_the_vocabulary_as_its_perplexity(kernels):
    corpus = build_text_corpus(
        "made", "", {"train": ["a b c d e"], "valid": ["e d"]}, level="word", continuous=True
    )
    model = LanguageModel(kernels, CONFIG, V)
    model.load()  # all zero
    score = score_split(model, corpus, corpus.valid, batch_size=1, window=4)
    assert score.perplexity == pytest.approx(V)


# -- one step at a time ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lstm", "gru", "tied_two_layers_dropout"])
def test_searches_drive_it(kernels, name):
    """A beam wider than all prefixes finds what brute force finds; greedy is a beam of one."""
    small = 4
    model = model_of(kernels, VARIANTS[name], vocab_size=small, grad=False)
    steps = LanguageSteps(model, 1, 2)
    batch = Prompts(np.array([[3, 0], [1, 0]], np.int32), np.array([2, 0], np.int32))
    get = registry().get
    beam = get("decoder", "beam").decode(steps, batch, width=27, max_length=4)
    best = exhaustive_search(steps, batch, backend=kernels.backend, max_length=4)
    for b in range(2):
        finished = [h for h in beam[b] if h.finished]
        assert finished[0].tokens == best[b][0].tokens
        assert finished[0].log_prob == pytest.approx(best[b][0].log_prob, rel=1e-10)
    greedy = get("decoder", "greedy").decode(steps, batch, max_length=6)
    one = get("decoder", "beam").decode(steps, batch, width=1, max_length=6)
    assert greedy[0][0].tokens == one[0][0].tokens


def test_a_prompt_is_read_before_the_first_token(kernels):
    """log P of what follows a prompt is log P of both less that of the prompt."""
    model = model_of(kernels, grad=False)
    steps = LanguageSteps(model, BOS_ID, EOS_ID)
    prompts = Prompts(np.array([[4, 7], [5, 0], [6, 0]], np.int32), np.array([3, 1], np.int32))
    tails = [[7, 8], [3]]
    found = score_sequences(steps, prompts, *pad_strings(tails, EOS_ID), backend=kernels.backend)
    whole = score_sequences(
        steps,
        Prompts.empty(2),
        *pad_strings([[4, 5, 6, 7, 8], [7, 3]], EOS_ID),
        backend=kernels.backend,
    )
    first = np.array([[4, 7], [5, 0], [6, 0]])
    heads = score_sequences(
        steps, Prompts.empty(2), first, np.array([3, 1]), backend=kernels.backend
    )
    np.testing.assert_allclose(found, whole - heads, rtol=1e-9)


def test_padding_of_a_prompt_does_not_matter(kernels):
    steps = LanguageSteps(model_of(kernels, grad=False), BOS_ID, EOS_ID)
    short = Prompts(np.array([[4]], np.int32), np.array([1], np.int32))
    long = Prompts(np.array([[4], [99], [-1]], np.int32), np.array([1], np.int32))
    (one, _), (other, _) = (
        steps.step(steps.start(p, 2), np.full((2, 1), BOS_ID, np.int32)) for p in (short, long)
    )
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_memory_is_told_for_the_search(kernels):
    steps = LanguageSteps(model_of(kernels, grad=False), BOS_ID, EOS_ID)
    assert steps.state_bytes(4, 3) == 12 * steps.state_bytes(1, 1)
    wide = LanguageSteps(model_of(kernels, VARIANTS["two_layers"], grad=False), BOS_ID, EOS_ID)
    assert wide.state_bytes(1, 1) > steps.state_bytes(1, 1)


@pytest.mark.parametrize("name", ["greedy", "beam", "sampling"])
def test_texts_are_written(kernels, name):
    vocabulary = Vocabulary(["<PAD>", "<BOS>", "<EOS>", "<UNK>", *"abcde"])
    steps = LanguageSteps(model_of(kernels, grad=False), BOS_ID, EOS_ID)
    settings = {"max_length": 5, "width": 3, "n_best": 2, "num_samples": 2, "seed": 1}
    decoder = registry().get("decoder", name)
    (found,) = generate(decoder, name, steps, vocabulary, "a b", settings)
    assert len(found) == (1 if name == "greedy" else 2)
    text = text_of(found[0], vocabulary, "a b")
    assert text.split()[:2] == ["a", "b"]
    assert text.split()[2:] == vocabulary.decode(found[0].tokens)
    with pytest.raises(UnknownNameError, match="no decoder of a language model named 'best'"):
        generate(decoder, "best", steps, vocabulary, "", settings)


# -- settings and training ---------------------------------------------------------------------


def test_settings_out_of_range():
    with pytest.raises(RangeError, match=r"num_layers is 0, expected at least 1; set model.opt"):
        LanguageModelConfig(num_layers=0)
    message = r"embedding_size is 8 with tied weights, expected hidden_size = 5; make them equal"
    with pytest.raises(RangeError, match=message):
        LanguageModelConfig(embedding_size=8, hidden_size=5, tied=True)


TEXT = ["a b c d e", "b c d e a", "c d e a b"] * 12


class Kept:
    """A checkpoint in memory; `stop_after` saves it is as if the process were killed."""

    def __init__(self, stop_after=None):
        self.saved, self.saves, self.stop_after = None, 0, stop_after

    def load(self):
        return self.saved

    def save(self, arrays, meta):
        self.saved = ({k: v.copy() for k, v in arrays.items()}, json.loads(json.dumps(meta)))
        self.saves += 1
        if self.saves == self.stop_after:
            raise KeyboardInterrupt


def trainer(kernels, continuous, **settings):
    corpus = build_text_corpus(
        "made", "", {"train": TEXT, "valid": TEXT[:6]}, level="word", continuous=continuous
    )
    config = LanguageModelConfig(embedding_size=8, hidden_size=8, dropout=0.1)
    model = LanguageModel(kernels, config, len(corpus.vocabulary))
    model.initialise(0)
    problem = LanguageProblem(model, corpus, batch_size=4, window=5, seed=0)
    return Trainer(problem, kernels, TrainSettings(learning_rate=0.02, **settings), 0)


def silent(fraction, message):
    pass


@pytest.mark.parametrize("continuous", [True, False])
def test_training_learns_and_a_killed_one_resumes_to_the_same_bits(kernels, continuous):
    whole = trainer(kernels, continuous, epochs=4)
    progress = whole.run(Kept(), silent)
    losses = [entry["valid_nll"] for entry in progress.history]
    assert losses[-1] < losses[0] < math.log(V) * 1.1
    checkpoint = Kept(stop_after=2)
    with pytest.raises(KeyboardInterrupt):
        trainer(kernels, continuous, epochs=4).run(checkpoint, silent)
    resumed = trainer(kernels, continuous, epochs=4)
    resumed.run(checkpoint, silent)
    np.testing.assert_array_equal(resumed.problem.parameters.flat, whole.problem.parameters.flat)


def test_clipping_by_value_is_a_setting_of_training(kernels):
    def after(**options):
        run = trainer(kernels, True, epochs=1, optimizer="sgd", **options)
        run.run(Kept(), silent)
        return run.problem.parameters.flat

    assert not np.array_equal(after(), after(clip_value=1e-3))
    with pytest.raises(RangeError, match=r"clipping: limit is -1.0, expected a number above 0"):
        after(clip_value=-1.0)
