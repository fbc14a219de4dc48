"""Changes to sampling, one-hot vectors, language models and gradients by lag to be noticed."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from mutant import Mutant, conformance

from seqbench.data.language_batching import continuous_batches, ordered_batches
from seqbench.data.sequences import Sequences
from seqbench.interfaces import Kernels
from seqbench.kernels._cell import CellDims, CellOutputs
from seqbench.kernels.losses import NoParams
from seqbench.kernels.sample import SAMPLE, SampleInputs
from seqbench.registry import registry
from seqbench.testing.cases import random_cell_inputs, random_params
from seqbench.testing.reference import HostBackend, reference

SAMPLING = conformance("decoder/sample")
TUNED = conformance("decoder/sample", "numpy.sample")
V = 9
SENTENCES = Sequences(np.array([4, 5, 6, 7, 8, 4, 3], np.int32), np.array([0, 3, 3, 7]), V)


def kernels() -> Kernels:
    found: Kernels = registry().kernels("numpy")
    return found


def model_of(module: ModuleType, **options):
    config = module.LanguageModelConfig(
        embedding_size=5, hidden_size=5, num_layers=2, dtype="float64", **options
    )
    model = module.LanguageModel(kernels(), config, V)
    model.initialise(0)
    model.parameters.flat += np.random.default_rng(1).normal(0, 0.4, model.parameters.size)
    model.load()
    return model


def gradient(module: ModuleType) -> None:
    """Along one direction over all parameters, tied and under dropout."""
    from seqbench.models.dropout_stream import DropoutStream

    model = model_of(module, tied=True, dropout=0.4)
    (batch,) = ordered_batches(SENTENCES, batch_size=3, start_id=1)
    flat = model.parameters.flat.copy()
    direction = np.random.default_rng(2).normal(size=flat.size)

    def loss(step: float) -> float:
        model.parameters.flat[...] = flat + step * direction
        model.load()
        return float(model.loss(batch, reduction="sum", stream=DropoutStream(1, 2)))

    loss(0)
    model.backward()
    found = float(model.parameters.gradient @ direction)
    np.testing.assert_allclose(found, (loss(1e-6) - loss(-1e-6)) / 2e-6, rtol=1e-6)


def carried(module: ModuleType) -> None:
    """Windows with the state carried have the loss of the whole."""
    model = model_of(module)
    stream = np.random.default_rng(0).integers(2, V, 23).astype(np.int32)

    def windows(window: int):
        return continuous_batches(stream, batch_size=2, window=window, start_id=2, vocab_size=V)

    whole, state, total = float(model.loss(windows(12)[0], reduction="sum")), None, 0.0
    for batch in windows(5):
        total += float(model.loss(batch, reduction="sum", state=state))
        state = model.state
    np.testing.assert_allclose(total, whole, rtol=1e-10)


def steps(module: ModuleType) -> None:
    """What the steps score after a prompt is what the loss says of the whole, less the prompt."""
    from seqbench.models import language_model
    from seqbench.models.scoring import score_sequences

    model = model_of(language_model)
    view = module.LanguageSteps(model, 1, 2)
    prompts = module.Prompts(np.array([[4, 7], [5, 0]], np.int32), np.array([2, 0], np.int32))
    empty = module.Prompts.empty(2)
    backend = kernels().backend

    def score(batch, rows, lengths):
        return score_sequences(view, batch, np.array(rows), np.array(lengths), backend=backend)

    tail = score(prompts, [[6, 3], [2, 2]], [2, 2])
    whole = score(empty, [[4, 3], [5, 2], [6, 2], [2, 2]], [4, 2])
    head = score(empty, [[4, 0], [5, 0]], [2, 0])
    np.testing.assert_allclose(tail, whole - head, rtol=1e-9)


def every_token_once(module: ModuleType) -> None:
    stream = np.arange(3, 26, dtype=np.int32)
    batches = module.continuous_batches(stream, batch_size=4, window=3, start_id=2, vocab_size=26)
    seen = np.concatenate([b.places[b.places >= 0] for b in batches])
    assert sorted(seen) == list(range(23))
    previous = np.concatenate([[2], stream[:-1]])
    for b in batches:
        np.testing.assert_array_equal(b.inputs[b.places >= 0], previous[b.places[b.places >= 0]])


def lags(module: ModuleType) -> None:
    """The gradient of the initial state is the full backward's, of an LSTM."""
    impl = registry().get("cell", "lstm")
    rng, dims = np.random.default_rng(0), CellDims(5, 2, 3, 4)
    params, d_last = random_params(impl.contract, dims, rng), rng.normal(size=(2, 4))
    inputs = random_cell_inputs(impl.contract, dims, rng)
    plan = impl.plan(dims, "float64", grad=True)
    plan.load(params)
    plan.forward(inputs)
    d_output = np.zeros((5, 2, 4))
    d_output[-1] = d_last
    d_inputs = plan.backward(CellOutputs(d_output, None, None)).inputs
    found = module.GradientByLag(kernels()).norms("lstm", params, inputs, d_last)
    np.testing.assert_allclose(found.by_state["h"][-1], np.linalg.norm(d_inputs.h0, axis=1))
    np.testing.assert_allclose(found.by_state["c"][-1], np.linalg.norm(d_inputs.c0, axis=1))


def edge(module: ModuleType) -> None:
    """Of equal values at the edge the lowest ids are kept, so many that there are `count`."""
    kept = module.among_largest(np.array([[0.0, 2.0, 1.0, 1.0, 1.0]]), 3, xp=np)
    assert kept.tolist() == [[False, True, True, True, False]]


def used_again(module: ModuleType) -> None:
    """A plan's second batch has nothing of the first."""
    plan = reference(module.ONE_HOT).plan(module.OneHotDims(1, 2, 4), "float64")
    plan.load(NoParams())
    lengths = np.ones(2, np.int32)
    for ids in ([[1, 2]], [[3, 2]]):
        found = plan.forward(module.OneHotInputs(np.array(ids, np.int32), lengths, 4)).one_hot
        assert found.sum() == 2


def rescued(module: ModuleType) -> None:
    """Rows far from zero draw as the shared text does."""
    logits = np.random.default_rng(4).normal(size=(40, 300)).astype("float32")
    logits[::2] += 200
    logits[1::2] -= 200
    inputs = SampleInputs(logits, temperature=0.5, seed=1)
    with np.errstate(over="ignore"):
        ours = module.Sample(SAMPLE, HostBackend())(NoParams(), inputs).ids
    np.testing.assert_array_equal(ours, reference(SAMPLE)(NoParams(), inputs).ids)


def clipped(module: ModuleType) -> None:
    gradient = np.array([3.0, -4.0])
    module.clip_by_global_norm(gradient, 1.0, xp=np)
    np.testing.assert_allclose(gradient, [0.6, -0.8], rtol=1e-5)
    gradient = np.array([3.0, -4.0])
    module.clip_by_global_norm(gradient, 6.0, xp=np)
    module.clip_by_value(gradient, 3.5, xp=np)
    np.testing.assert_array_equal(gradient, [3.0, -3.5])


def uniform_bits(module: ModuleType) -> None:
    from seqbench.kernels.philox import uniform

    for start in (0, 1, 2**33 + 1):
        expected = uniform((9,), seed=2**40 + 7, stream=3, start=start, dtype="float64", xp=np)
        found = module.uniform_float64(9, seed=2**40 + 7, stream=3, start=start)
        np.testing.assert_array_equal(found, expected)


MUTANTS = [
    Mutant(
        "seqbench.kernels.sample",
        "drawn[:, None] * total).sum",
        "(1 - drawn[:, None]) * total).sum",
        SAMPLING,
    ),
    Mutant(
        "seqbench.kernels.sample", "keepdims=True)) / temperature)", "keepdims=True)))", SAMPLING
    ),
    Mutant("seqbench.kernels.sample", "<= room)", "< room)", edge),
    Mutant("seqbench.kernels.sample", "start=inputs.offset", "start=0", SAMPLING),
    Mutant("seqbench.kernels.one_hot", "found[...] = 0", "pass", used_again),
    Mutant(
        "seqbench.kernels.one_hot",
        "inside.reshape(-1).astype(found.dtype)",
        "1",
        conformance("feature/one_hot"),
    ),
    Mutant("seqbench_numpy.sample", "running[rows, block - 1], 0)", "0, 0)", TUNED),
    Mutant("seqbench_numpy.sample", "block[row] * BLOCK - first[row]] = 0", "0] = 0", TUNED),
    Mutant("seqbench_numpy.sample", "kept[crowded] = among_largest", "_ = among_largest", TUNED),
    Mutant("seqbench_numpy.sample", "weights -= self._shift\n", "\n", rescued),
    Mutant("seqbench_numpy.sample", "(total >= FAINTEST) & ", "", rescued),
    Mutant("seqbench_numpy._philox", "high[::-1]", "high", uniform_bits),
    Mutant(
        "seqbench.models.language_model",
        "d_output += d_weight",
        "d_output[...] = d_weight",
        gradient,
    ),
    Mutant(
        "seqbench.models.language_model",
        "_masked(d_features, tape.masks[1])",
        "d_features",
        gradient,
    ),
    Mutant("seqbench.models.language_model", "_masked(d_x, tape.masks[0])", "d_x", gradient),
    Mutant(
        "seqbench.models.language_model",
        "d_rows.sum(axis=0)",
        "d_rows.mean(axis=0)",
        gradient,
    ),
    Mutant(
        "seqbench.models.language_model",
        "initial = self.zero_state(batch.size) if state is None else state",
        "initial = self.zero_state(batch.size)",
        carried,
    ),
    Mutant(
        "seqbench.models.language_steps",
        "np.concatenate([first, ids[:-1]])",
        "ids",
        steps,
    ),
    Mutant("seqbench.models.language_steps", "device(lengths > 0))", "device(lengths < 0))", steps),
    Mutant("seqbench.data.language_batching", "stream[:-1]])", "stream[1:]])", every_token_once),
    Mutant("seqbench.models.gradient_by_lag", "self._step(t, states[t])", "pass", lags),
    Mutant(
        "seqbench.models.gradient_by_lag",
        "CellOutputs(None, *gradients[-1])",
        "CellOutputs(None, gradients[-1][0])",
        lags,
    ),
    Mutant("seqbench.kernels.clipping", "(norm + 1e-6), 1)", "(norm + 1e-6), 9)", clipped),
    Mutant("seqbench.kernels.clipping", "-limit, limit, out", "0, limit, out", clipped),
]
