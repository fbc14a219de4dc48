"""Language models, gradients by lag, clipping and one-hot vectors against torch."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.data.language_batching import LanguageBatch
from seqbench.kernels._cell import CellDims
from seqbench.kernels.losses import NoParams
from seqbench.kernels.one_hot import ONE_HOT, OneHotInputs
from seqbench.models.gradient_by_lag import GradientByLag
from seqbench.models.language_model import LanguageModel, LanguageModelConfig
from seqbench.registry import registry
from seqbench.testing.cases import random_cell_inputs, random_params
from seqbench.testing.reference import reference

pytestmark = pytest.mark.peer("torch")

T, B, V, E, H, LAYERS = 7, 4, 11, 5, 6, 2
LENGTHS = np.array([7, 3, 1, 5], np.int32)
LAYER_TYPES = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}


def tensors(torch, values, requires_grad=True):
    return {n: torch.tensor(v, requires_grad=requires_grad) for n, v in values.items()}


def run_layer(torch, cell, values, layer, x, state):
    """torch's own layer with our tensors as its weights; (output, final state parts)."""
    prefix = f"layers.l{layer}"
    module = getattr(torch.nn, LAYER_TYPES[cell])(x.shape[-1], H, dtype=torch.float64)
    weights = {
        "weight_ih_l0": values[f"{prefix}.weight_ih"],
        "weight_hh_l0": values[f"{prefix}.weight_hh"],
    }
    if cell == "gru":
        weights |= {f"bias_{k}_l0": values[f"{prefix}.bias_{k}"] for k in ("ih", "hh")}
    else:
        bias = values[f"{prefix}.bias"]
        weights |= {"bias_ih_l0": bias, "bias_hh_l0": torch.zeros_like(bias)}
    first = tuple(part[None] for part in state)
    return torch.func.functional_call(module, weights, (x, first if cell == "lstm" else first[0]))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("cell", LAYER_TYPES)
def test_loss_and_gradients(peer, cell, tied):
    """Embedding, two layers, output and cross-entropy, padded, from a state."""
    torch = peer("torch")
    config = LanguageModelConfig(
        cell=cell,
        embedding_size=H if tied else E,
        hidden_size=H,
        num_layers=LAYERS,
        tied=tied,
        dtype="float64",
    )
    model = LanguageModel(registry().kernels("numpy"), config, V)
    rng = np.random.default_rng(0)
    model.parameters.flat[...] = rng.normal(0, 0.4, model.parameters.size)
    model.load()
    ids, targets = (rng.integers(0, V, (T, B)).astype(np.int32) for _ in range(2))
    inside = np.arange(T)[:, None] < LENGTHS
    batch = LanguageBatch(ids, targets, LENGTHS, np.where(inside, 0, -1))
    state = tuple(rng.normal(size=part.shape) for part in model.zero_state(B))
    loss = model.loss(batch, reduction="token_mean", state=state)
    model.backward()

    values = tensors(torch, model.parameters.to_host())
    x = torch.nn.functional.embedding(
        torch.tensor(ids, dtype=torch.int64), values["embedding.weight"]
    )
    for layer in range(LAYERS):
        x, _ = run_layer(torch, cell, values, layer, x, [torch.tensor(p[layer]) for p in state])
    weight = values["embedding.weight" if tied else "output.weight"]
    logits = x @ weight.T + values["output.bias"]
    wanted = torch.tensor(np.where(inside, targets, -100), dtype=torch.int64)
    expected = torch.nn.functional.cross_entropy(logits.reshape(-1, V), wanted.reshape(-1))
    expected.backward()
    assert float(loss) == pytest.approx(float(expected.detach()), rel=1e-12)
    for name, value in values.items():
        found, wanted_grad = model.parameters.d(name), value.grad.numpy()
        error = np.abs(found - wanted_grad).max() / np.abs(wanted_grad).max()
        assert error < 1e-10, name


@pytest.mark.parametrize("cell", LAYER_TYPES)
def test_gradients_by_lag(peer, cell):
    """Autograd's gradient at every state of a sequence run one step at a time."""
    torch = peer("torch")
    dims, rng = CellDims(T, B, E, H), np.random.default_rng(1)
    contract = registry().contract("cell", cell)
    params = random_params(contract, dims, rng)
    inputs = random_cell_inputs(contract, dims, rng)
    d_last = rng.normal(size=(B, H))
    found = GradientByLag(registry().kernels("numpy")).norms(cell, params, inputs, d_last)

    values = {f"layers.l0.{n}": getattr(params, n) for n in params.__dataclass_fields__}
    values = tensors(torch, values, requires_grad=False)
    states = [[torch.tensor(getattr(inputs, n + "0"), requires_grad=True) for n in contract.state]]
    for t in range(T):
        x = torch.tensor(inputs.x[t : t + 1])
        _, final = run_layer(torch, cell, values, 0, x, states[-1])
        states.append([part[0] for part in (final if cell == "lstm" else (final,))])
        for part in states[-1]:
            part.retain_grad()
    states[-1][0].backward(torch.tensor(d_last))
    for part, name in enumerate(contract.state):
        for lag in range(1, T + 1):
            gradient = states[T - lag][part].grad.numpy()
            np.testing.assert_allclose(
                found.by_state[name][lag], np.linalg.norm(gradient, axis=1), rtol=1e-10
            )


@pytest.mark.parametrize("limit", [0.05, 1.0, 1e3])
def test_clipping(peer, limit):
    torch = peer("torch")
    rng = np.random.default_rng(2)
    arrays = [rng.normal(size=shape) for shape in ((3, 4), (5,), (2, 2, 2))]
    clipping = registry().get("analysis", "clipping", "numpy")

    def leaves():
        made = [torch.zeros(a.shape, dtype=torch.float64, requires_grad=True) for a in arrays]
        for leaf, array in zip(made, arrays, strict=True):
            leaf.grad = torch.tensor(array)
        return made

    ours, theirs = [a.copy() for a in arrays], leaves()
    norm = clipping.by_norm(ours, limit)
    assert norm == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs, limit)), rel=1e-12)
    for found, leaf in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-12)

    ours, theirs = [a.copy() for a in arrays], leaves()
    clipping.by_value(ours, limit)
    torch.nn.utils.clip_grad_value_(theirs, limit)
    for found, leaf in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(found, leaf.grad.numpy())


def test_one_hot(peer):
    torch = peer("torch")
    ids = np.random.default_rng(3).integers(0, V, (T, B)).astype(np.int32)
    found = reference(ONE_HOT)(NoParams(), OneHotInputs(ids, np.full(B, T, np.int32), V)).one_hot
    expected = torch.nn.functional.one_hot(torch.tensor(ids, dtype=torch.int64), V)
    np.testing.assert_array_equal(found, expected.numpy())
