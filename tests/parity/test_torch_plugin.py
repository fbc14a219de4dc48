"""The torch peer: every conformance check, and that it is torch as a user would write it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from seqbench_torch import cells  # noqa: E402 (torch first: without it there is nothing here)
from seqbench_torch.backend import TorchBackend  # noqa: E402

from seqbench.interfaces import UnsupportedError  # noqa: E402
from seqbench.kernels._cell import CellDims, CellOutputs  # noqa: E402
from seqbench.kernels.gru import GRU  # noqa: E402
from seqbench.kernels.lstm import LSTM  # noqa: E402
from seqbench.kernels.rnn import RNN  # noqa: E402
from seqbench.testing.cases import random_cell_inputs, random_params  # noqa: E402
from seqbench.testing.conformance import BackendConformance  # noqa: E402
from seqbench.testing.trees import cast, on_device  # noqa: E402

pytestmark = pytest.mark.peer("torch")

DIMS = CellDims(T=5, B=4, I=3, H=6)
PEERS = {
    "rnn": (cells.rnn(RNN, TorchBackend()), torch.nn.RNN),
    "gru": (cells.gru(GRU, TorchBackend()), torch.nn.GRU),
    "lstm": (cells.lstm(LSTM, TorchBackend()), torch.nn.LSTM),
}
every_peer = pytest.mark.parametrize(("cell", "layer"), PEERS.values(), ids=PEERS)


class TestTorch(BackendConformance):
    backend = "torch"


def case(cell, lengths):
    """float32 tensors: params, inputs and an upstream gradient of the output."""
    rng = np.random.default_rng(11)
    params = random_params(cell.contract, DIMS, rng)
    inputs = random_cell_inputs(cell.contract, DIMS, rng, np.array(lengths, np.int32))
    d_output = rng.normal(size=(DIMS.T, DIMS.B, DIMS.H))
    return on_device(cast((params, inputs, d_output), "float32"), cell.backend)


def plain(layer_type, params, inputs):
    """(output, layer, x): torch used directly on a batch of full sequences."""
    layer = layer_type(DIMS.I, DIMS.H)
    values = {
        "weight_ih_l0": params.weight_ih,
        "weight_hh_l0": params.weight_hh,
        "bias_ih_l0": getattr(params, "bias_ih", getattr(params, "bias", None)),
        "bias_hh_l0": getattr(params, "bias_hh", torch.zeros_like(params.weight_hh[:, 0])),
    }
    layer.load_state_dict(values)
    x = inputs.x.clone().requires_grad_()
    state = inputs.h0[None] if inputs.c0 is None else (inputs.h0[None], inputs.c0[None])
    return layer(x, state)[0], layer, x


@every_peer
def test_a_full_batch_is_the_layer_itself_to_the_bit(cell, layer):
    params, inputs, d_output = case(cell, [DIMS.T] * DIMS.B)
    expected, module, x = plain(layer, params, inputs)
    expected.backward(d_output)
    plan = cell.plan(DIMS, "float32", grad=True)
    plan.load(params)
    outputs = plan.forward(inputs)
    assert torch.equal(outputs.output, expected)
    assert not outputs.output.requires_grad
    assert not inputs.x.requires_grad
    gradients = plan.backward(CellOutputs(output=d_output, h=None))
    assert torch.equal(gradients.inputs.x, x.grad)
    assert torch.equal(gradients.params.weight_hh, module.weight_hh_l0.grad)
    assert torch.equal(gradients.params.weight_ih, module.weight_ih_l0.grad)


@every_peer
@pytest.mark.parametrize(
    ("lengths", "packed"),
    [([5, 5, 5, 5], []), ([5, 2, 1, 3], [5, 2, 1, 3]), ([4, 0, 2, 0], [4, 2]), ([0] * 4, [])],
    ids=["full", "unequal", "some zero", "all zero"],
)
def test_only_what_needs_it_is_packed(cell, layer, lengths, packed, monkeypatch):
    seen = []
    pack = cells.pack_padded_sequence

    def spy(x, lengths, **options):
        seen.extend(lengths.tolist())
        return pack(x, lengths, **options)

    monkeypatch.setattr(cells, "pack_padded_sequence", spy)
    params, inputs, _ = case(cell, lengths)
    plan = cell.plan(DIMS, "float32")
    plan.load(params)
    outputs = plan.forward(inputs)
    assert seen == packed
    for row, length in enumerate(lengths):
        assert not outputs.output[length:, row].any()
        last = outputs.output[length - 1, row] if length else inputs.h0[row]
        assert torch.equal(outputs.h[row], last)


@every_peer
def test_backward_without_grad_says_what_to_ask_for(cell, layer):
    params, inputs, d_output = case(cell, [DIMS.T] * DIMS.B)
    plan = cell.plan(DIMS, "float32")
    plan.load(params)
    assert not plan.forward(inputs).output.requires_grad
    with pytest.raises(UnsupportedError, match=r"grad=False.* ask for plan\(dims, dtype, grad=Tr"):
        plan.backward(CellOutputs(output=d_output, h=None))


@every_peer
def test_the_process_is_left_as_it_was(cell, layer):
    """A plan neither draws from torch's generator nor sets threads: `measure` does."""
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    cell.plan(DIMS, "float64", grad=True)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_the_backend_shares_memory_and_adds_repeated_rows():
    backend = TorchBackend()
    host = np.arange(6, dtype=np.float32).reshape(3, 2)
    tensor = backend.to_device(host)
    assert np.shares_memory(backend.to_host(tensor), host)
    backend.scatter_add(tensor, torch.tensor([2, 0, 2], dtype=torch.int32), torch.ones(3, 2))
    assert host.tolist() == [[1, 2], [2, 3], [6, 7]]
    assert backend.versions()["torch"] == torch.__version__
    assert backend.xp is None


def test_the_plugin_imports_torch_only_when_it_is_used():
    program = (
        "import sys, seqbench, seqbench_torch; seqbench.registry(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
