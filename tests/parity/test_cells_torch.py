"""The cells against torch.nn, through packed sequences: outputs, states and every gradient."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from seqbench.interfaces import SharedText
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.gru import GRU
from seqbench.kernels.lstm import LSTM
from seqbench.kernels.rnn import RNN
from seqbench.models.bidirectional import (
    Bidirectional,
    BidirectionalInputs,
    BidirectionalLayer,
    BidirectionalOutputs,
)
from seqbench.models.parameters import Parameters
from seqbench.models.weights_torch import to_torch
from seqbench.testing.cases import random_cell_inputs, random_params
from seqbench.testing.comparing import relative_error
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reference import HostBackend
from seqbench.testing.trees import cast

pytestmark = pytest.mark.peer("torch")

DIMS = CellDims(T=9, B=5, I=4, H=6)
LENGTHS = np.array([4, 9, 1, 7, 9], np.int32)  # torch packs no zero length

every_cell = pytest.mark.parametrize("contract", [RNN, GRU, LSTM], ids=lambda c: c.name)
every_dtype = pytest.mark.parametrize(
    ("dtype", "tolerance", "gradient_tolerance"),
    [("float64", 1e-10, 1e-10), ("float32", 1e-5, 1e-4)],
)


class Peer:
    """torch's layer for a contract, on one set of parameters a direction."""

    def __init__(self, contract, params, dtype):
        import torch

        self.torch, self.contract, self.params = torch, contract, params
        layer = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[contract.name]
        self.layer = layer(
            DIMS.I, DIMS.H, bidirectional=len(params) == 2, dtype=getattr(torch, dtype)
        )
        state = to_torch(contract.name, params, bidirectional=len(params) == 2)
        self.layer.load_state_dict({n: torch.from_numpy(value) for n, value in state.items()})

    def tensor(self, array):
        return self.torch.tensor(array, requires_grad=True)

    def forward(self, x, states):
        """x (T, B, I), states each (directions, B, H)."""
        rnn = self.torch.nn.utils.rnn
        self.x, self.states = self.tensor(x), [self.tensor(s) for s in states]
        lengths = self.torch.from_numpy(LENGTHS.astype(np.int64))
        packed = rnn.pack_padded_sequence(self.x, lengths, enforce_sorted=False)
        initial = self.states[0] if len(states) == 1 else tuple(self.states)
        output, finals = self.layer(packed, initial)
        padded, _ = rnn.pad_packed_sequence(output, total_length=DIMS.T)
        self.outputs = [padded, *(finals if isinstance(finals, tuple) else [finals])]
        return [o.detach().numpy() for o in self.outputs]

    def backward(self, d_outputs):
        """(d_x, [d_state], [gradient of Params a direction])."""
        pairs = zip(self.outputs, d_outputs, strict=True)
        sum((o * self.torch.from_numpy(d)).sum() for o, d in pairs).backward()
        suffixes = ("", "_reverse")[: len(self.params)]
        d_states = [s.grad.numpy() for s in self.states]
        return self.x.grad.numpy(), d_states, [self._gradient(s) for s in suffixes]

    def _gradient(self, suffix):
        names = [f.name for f in fields(self.contract.Params)]
        torch_name = {"bias": "bias_ih"}
        return self.contract.Params(
            **{
                n: getattr(self.layer, f"{torch_name.get(n, n)}_l0{suffix}").grad.numpy()
                for n in names
            }
        )


def random_case(contract, dtype, directions):
    """(params a direction, x, states (directions, B, H), d_outputs as torch has them)."""
    rng = np.random.default_rng(7)
    params = [random_params(contract, DIMS, rng) for _ in range(directions)]
    x = random_cell_inputs(contract, DIMS, rng).x
    states = [rng.normal(0, 0.5, (directions, DIMS.B, DIMS.H)) for _ in contract.state]
    d_outputs = [rng.normal(size=(DIMS.T, DIMS.B, directions * DIMS.H))]
    d_outputs += [rng.normal(size=s.shape) for s in states]
    return cast((params, x, states, d_outputs), dtype)


def assert_close(actual, expected, tolerance):
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    assert relative_error(actual, expected) <= tolerance


def assert_params_close(actual, expected, tolerance):
    for field in fields(expected):
        assert_close(getattr(actual, field.name), getattr(expected, field.name), tolerance)


@every_cell
@every_dtype
def test_one_direction(contract, dtype, tolerance, gradient_tolerance):
    params, x, states, d_outputs = random_case(contract, dtype, 1)
    peer = Peer(contract, params, dtype)
    theirs = peer.forward(x, states)
    d_x, d_states, d_params = peer.backward(d_outputs)

    plan = SharedText(contract, HostBackend()).plan(DIMS, dtype, grad=True)
    plan.load(params[0])
    out = plan.forward(CellInputs(x, LENGTHS, *(s[0] for s in states)))
    assert_close(out.output, theirs[0], tolerance)
    for name, final in zip(contract.state, theirs[1:], strict=True):
        assert_close(getattr(out, name), final[0], tolerance)
    gradients = plan.backward(CellOutputs(d_outputs[0], *(d[0] for d in d_outputs[1:])))
    assert_close(gradients.inputs.x, d_x, gradient_tolerance)
    for name, d_state in zip(contract.state, d_states, strict=True):
        assert_close(getattr(gradients.inputs, name + "0"), d_state[0], gradient_tolerance)
    assert_params_close(gradients.params, d_params[0], gradient_tolerance)


@every_cell
@every_dtype
def test_both_directions(contract, dtype, tolerance, gradient_tolerance):
    params, x, states, d_outputs = random_case(contract, dtype, 2)
    peer = Peer(contract, params, dtype)
    theirs = peer.forward(x, states)
    d_x, d_states, d_params = peer.backward(d_outputs)

    backend = HostBackend()
    both = Bidirectional(FixedKernels(backend, SharedText(contract, backend)), contract.name)
    plan = both.plan(DIMS, dtype, grad=True)
    plan.load(tuple(params))
    out = plan.forward(BidirectionalInputs(x, LENGTHS, *(tuple(s) for s in states)))
    assert_close(out.output, theirs[0], tolerance)
    for name, final in zip(contract.state, theirs[1:], strict=True):
        assert_close(np.stack(getattr(out, name)), final, tolerance)
    d_finals = [tuple(d) for d in d_outputs[1:]]
    gradients = plan.backward(BidirectionalOutputs(d_outputs[0], *d_finals))
    assert_close(gradients.inputs.x, d_x, gradient_tolerance)
    for name, d_state in zip(contract.state, d_states, strict=True):
        assert_close(np.stack(getattr(gradients.inputs, name + "0")), d_state, gradient_tolerance)
    for ours, expected in zip(gradients.params, d_params, strict=True):
        assert_params_close(ours, expected, gradient_tolerance)


@every_cell
def test_the_layer_of_a_model(contract):
    """One initial state for both directions, final states side by side."""
    params, x, states, d_outputs = random_case(contract, "float64", 2)
    states = [np.stack([s[0], s[0]]) for s in states]
    peer = Peer(contract, params, "float64")
    theirs = peer.forward(x, states)
    d_x, d_states, d_params = peer.backward(d_outputs)

    backend = HostBackend()
    kernels = FixedKernels(backend, SharedText(contract, backend))
    shapes = BidirectionalLayer.shapes("encoder", contract, DIMS.I, DIMS.H)
    held = Parameters(shapes, "float64", backend)
    for way, half in zip(("forward", "backward"), params, strict=True):
        for field in fields(half):
            held[f"encoder.{way}.{field.name}"][...] = getattr(half, field.name)
    layer = BidirectionalLayer(kernels, contract.name, held, "encoder", grad=True)
    layer.load()
    output, finals = layer.forward(x, LENGTHS, tuple(s[0] for s in states), capacity=DIMS.T + 2)
    assert_close(output, theirs[0], 1e-10)
    for ours, final in zip(finals, theirs[1:], strict=True):
        assert_close(ours, np.concatenate(list(final), axis=1), 1e-10)
    d_state = tuple(np.concatenate(list(d), axis=1) for d in d_outputs[1:])
    d_inputs, d_initial = layer.backward(d_outputs[0], d_state)
    assert_close(d_inputs, d_x, 1e-10)
    for ours, d_both in zip(d_initial, d_states, strict=True):
        assert_close(ours, d_both.sum(axis=0), 1e-10)
    for way, half in zip(("forward", "backward"), d_params, strict=True):
        assert_params_close(
            contract.Params(**{f.name: held.d(f"encoder.{way}.{f.name}") for f in fields(half)}),
            half,
            1e-10,
        )
