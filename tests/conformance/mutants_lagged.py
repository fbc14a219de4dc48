"""Changes to sequences by lag, to where weights start and to what is told of a lag."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from mutant import Mutant

from seqbench.kernels._cell import CellInputs
from seqbench.models.classifier_configuration import ClassifierConfig
from seqbench.models.parameters import Parameters
from seqbench.registry import registry
from seqbench.testing.reference import HostBackend

RECALL = "seqbench.data.recall"
INTERVALS = "seqbench.data.intervals"
LAGGED = "seqbench.data.lagged"
START = "seqbench.models.recurrent_start"
MEASURES = "seqbench.models.lag_measures"


def asks_for_the_first_symbol(module: ModuleType) -> None:
    corpus = module.load_recall(lags=(5,))
    batch = corpus.batch("train", 5, 200)
    words = [[corpus.tokens[i] for i in ids] for ids in batch.ids.T]
    assert all(w[0] == corpus.classes[k] for w, k in zip(words, batch.labels, strict=True))
    assert all(w[-1] == "?" and len(w) == 7 for w in words)
    assert {letter[0] for w in words for letter in w[1:-1]} == {"d"}


def ticks_are_the_interval_apart(module: ModuleType) -> None:
    batch = module.load_intervals(lags=(5,)).batch("train", 5, 200)
    for ids, length, label in zip(batch.ids.T, batch.lengths, batch.labels, strict=True):
        first, last = np.flatnonzero(ids == 1)
        assert last - first == 5 + label
        assert last + 1 == length


def splits_and_epochs_differ(module: ModuleType) -> None:
    from seqbench.data.recall import load_recall

    plain = load_recall(lags=(2, 3))
    fields = {name: getattr(plain, name) for name in plain.__dataclass_fields__}
    corpus = module.LaggedCorpus(**fields)
    places = [("train", 2, 0), ("train", 2, 1), ("valid", 2, 0), ("test", 2, 0), ("train", 3, 0)]
    drawn = [corpus.batch(split, lag, 60, epoch).labels for split, lag, epoch in places]
    assert len({labels.tobytes() for labels in drawn}) == len(places)
    numbers = np.concatenate([batch.indices for batch in corpus.held_out("test", 2, 64)])
    assert numbers.tolist() == list(range(plain.num_test))


def every_gate_is_orthogonal(module: ModuleType) -> None:
    parameters = Parameters({"layer0.weight_hh": (12, 4)}, "float64", HostBackend())
    module.start_recurrent(parameters, "orthogonal", 0)
    blocks = parameters["layer0.weight_hh"].reshape(3, 4, 4)
    assert all(np.allclose(block @ block.T, np.eye(4)) for block in blocks)
    assert not np.allclose(blocks[0], blocks[1])


def the_keeping_gate_keeps(module: ModuleType) -> None:
    """Its bias at 40 and all else zero: a state is what it was."""
    for cell in ("lstm_coupled", "gru", "gru_simplified"):
        factory = type(registry().get("model", "recurrent_classifier"))(registry().kernels("numpy"))
        model = factory(ClassifierConfig(5, cell=cell, hidden_size=6, dtype="float64"), 4, 2)
        model.parameters.flat[...] = 0.0
        module.set_forget_bias(model.parameters, cell, 40.0, 6)
        implementation = registry().get("cell", cell)
        params = model.parameters.group("layer0", implementation.contract.Params)
        state = [np.full((1, 6), 0.3) for _ in implementation.contract.state]
        lengths = np.full(1, 4, np.int32)
        out = implementation(params, CellInputs(np.ones((4, 1, 5)), lengths, *state))
        assert np.allclose(getattr(out, implementation.contract.state[-1]), 0.3)


def planted_decays(module: ModuleType) -> None:
    norms = 0.5 ** np.arange(8.0)[:, None]
    norms[0] = 9.0
    norms[5], norms[6:] = 0.0, 9.0  # what comes after a zero is not followed
    assert np.allclose(module.decays(norms), np.log(0.5))
    assert module.solved_lag({1: 1.0, 10: 0.9, 100: 0.1}, 0.9) == 10
    assert np.isclose(module.mean_norm(np.array([[2.0, 4.0], [1.0, 0.5]]), 1), 0.25)


def logits_gradients(module: ModuleType) -> None:
    """Where softmax is one but for 1e-26, its difference from one is still told."""
    found = module._d_logits(np.array([[60.0, 0.0], [0.0, 1.0]]), np.array([0, 0]))
    assert np.allclose(found[0], [-np.exp(-60), np.exp(-60)], rtol=1e-12, atol=0)
    probs = np.exp([0, 1]) / np.exp([0, 1]).sum()
    assert np.allclose(found[1], [probs[0] - 1, probs[1]])


MUTANTS = [
    Mutant(  # distractors are symbols
        RECALL,
        "ids[1:-1] = symbols + below(raw[:, 1:], distractors).T",
        "ids[1:-1] = below(raw[:, 1:], distractors).T",
        asks_for_the_first_symbol,
    ),
    Mutant(  # the symbol comes last
        RECALL, "ids[0] = labels", "ids[-2] = labels", asks_for_the_first_symbol
    ),
    Mutant(  # from the start and not from the first tick
        INTERVALS, "pause + lag + labels", "lag + labels", ticks_are_the_interval_apart
    ),
    Mutant(  # the second tick is cut off
        INTERVALS,
        "lengths = (last + 1).astype(np.int32)",
        "lengths = last.astype(np.int32)",
        ticks_are_the_interval_apart,
    ),
    Mutant(  # every epoch is the first
        LAGGED, "lag << 18 | epoch % EPOCHS", "lag << 18", splits_and_epochs_differ
    ),
    Mutant(  # what is held out was trained on
        LAGGED,
        "SPLITS.index(split) << 30 | lag << 18 | epoch % EPOCHS",
        "lag << 18 | epoch % EPOCHS",
        splits_and_epochs_differ,
    ),
    Mutant(  # the second batch starts where the first did
        LAGGED,
        "batch.indices[s : s + size],",
        "batch.indices[: len(batch.labels[s : s + size])],",
        splits_and_epochs_differ,
    ),
    Mutant(  # one draw for all gates
        START,
        "blocks = [_block(initial, H, rng) for _ in range(shape[0] // H)]",
        "blocks = [_block(initial, H, rng)] * (shape[0] // H)",
        every_gate_is_orthogonal,
    ),
    Mutant(  # R and not Q
        START,
        "signed: np.ndarray = q * np.sign(np.diag(r))",
        "signed: np.ndarray = r * np.sign(np.diag(r))",
        every_gate_is_orthogonal,
    ),
    Mutant(  # the coupled LSTM's input gate is opened
        START,
        '"lstm_coupled": ("bias", 0, -1.0)',
        '"lstm_coupled": ("bias", 0, 1.0)',
        the_keeping_gate_keeps,
    ),
    Mutant(  # the reset gate is opened
        START, '"gru": ("bias_ih", 1, 1.0)', '"gru": ("bias_ih", 0, 1.0)', the_keeping_gate_keeps
    ),
    Mutant(  # the loss's own gradient is a lag
        MEASURES,
        "np.asarray(norms, np.float64)[1:].T",
        "np.asarray(norms, np.float64).T",
        planted_decays,
    ),
    Mutant(  # goes on after a zero
        MEASURES,
        "kept = column[: bad[0]] if bad.size else column",
        "kept = column[column > 0]",
        planted_decays,
    ),
    Mutant(  # the arithmetic mean
        MEASURES, "np.exp(np.log(relative).mean())", "relative.mean()", planted_decays
    ),
    Mutant(  # past the threshold only
        MEASURES, "if found >= threshold", "if found > threshold", planted_decays
    ),
    Mutant(  # one minus nearly one
        MEASURES,
        "probs[rows, labels] = -others.sum(axis=1)",
        "probs[rows, labels] -= 1.0",
        logits_gradients,
    ),
]
