"""Stacks against torch's layers of several, packed sequences, by way of the weight loaders."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from seqbench.interfaces import SharedText
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.gru import GRU
from seqbench.kernels.lstm import LSTM
from seqbench.kernels.rnn import RNN
from seqbench.models.stacked import Stacked
from seqbench.models.weights_torch import from_torch, to_torch
from seqbench.testing.comparing import relative_error
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reference import HostBackend

pytestmark = pytest.mark.peer("torch")

DIMS = CellDims(T=9, B=5, I=4, H=6)
LENGTHS = np.array([4, 9, 1, 7, 9], np.int32)  # torch packs no zero length

every_cell = pytest.mark.parametrize("contract", [RNN, GRU, LSTM], ids=lambda c: c.name)
either_way = pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
deep = pytest.mark.parametrize("depth", [2, 3])
every_dtype = pytest.mark.parametrize(
    ("dtype", "tolerance", "gradient_tolerance"),
    [("float64", 1e-10, 1e-10), ("float32", 1e-5, 1e-4)],
)


def torch_layer(contract, depth, both, dtype):
    """torch's own, with its own random weights: two biases that are not zero."""
    import torch

    made = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[contract.name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return made(
            DIMS.I, DIMS.H, num_layers=depth, bidirectional=both, dtype=getattr(torch, dtype)
        )


def run_torch(layer, x, states, d_outputs):
    """(outputs, gradients of x and the states); gradients of the weights stay in the layer."""
    import torch

    rnn = torch.nn.utils.rnn
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, *states)]
    lengths = torch.from_numpy(LENGTHS.astype(np.int64))
    packed = rnn.pack_padded_sequence(leaves[0], lengths, enforce_sorted=False)
    output, finals = layer(packed, leaves[1] if len(states) == 1 else tuple(leaves[1:]))
    padded, _ = rnn.pad_packed_sequence(output, total_length=DIMS.T)
    outputs = [padded, *(finals if isinstance(finals, tuple) else [finals])]
    pairs = zip(outputs, d_outputs, strict=True)
    sum((o * torch.from_numpy(d)).sum() for o, d in pairs).backward()
    return [o.detach().numpy() for o in outputs], [leaf.grad.numpy() for leaf in leaves]


def assert_close(actual, expected, tolerance):
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    assert relative_error(actual, expected) <= tolerance


@every_cell
@deep
@either_way
@every_dtype
def test_a_stack(contract, depth, both, dtype, tolerance, gradient_tolerance):
    layer = torch_layer(contract, depth, both, dtype)
    state = {name: value.detach().numpy() for name, value in layer.state_dict().items()}
    loaded = from_torch(contract.name, state)
    assert (loaded.num_layers, loaded.bidirectional) == (depth, both)

    backend = HostBackend()
    kernels = FixedKernels(backend, SharedText(contract, backend))
    stack = Stacked(kernels, contract.name, num_layers=depth, bidirectional=both)
    rng = np.random.default_rng(7)
    shape = (stack.num_parts, DIMS.B, DIMS.H)
    x = rng.normal(size=(DIMS.T, DIMS.B, DIMS.I)).astype(dtype)
    states = [rng.normal(0, 0.5, shape).astype(dtype) for _ in stack.state]
    width = stack.num_directions * DIMS.H
    d_outputs = [rng.normal(size=(DIMS.T, DIMS.B, width)).astype(dtype)]
    d_outputs += [rng.normal(size=shape).astype(dtype) for _ in stack.state]
    theirs, d_theirs = run_torch(layer, x, states, d_outputs)

    inputs = CellInputs(x, LENGTHS, *states)
    stack.validate(loaded.parts, inputs)
    plan = stack.plan(DIMS, dtype, grad=True)
    plan.load(loaded.parts)
    out = plan.forward(inputs)
    for name, expected in zip(("output", *stack.state), theirs, strict=True):
        assert_close(getattr(out, name), expected, tolerance)
    gradients = plan.backward(CellOutputs(*d_outputs))
    for name, expected in zip(("x", *(n + "0" for n in stack.state)), d_theirs, strict=True):
        assert_close(getattr(gradients.inputs, name), expected, gradient_tolerance)
    d_state = {name: p.grad.numpy() for name, p in layer.named_parameters()}
    assert_gradients(contract, gradients.params, d_state, both, gradient_tolerance)


def assert_gradients(contract, parts, d_state, both, tolerance):
    """Each of torch's two biases has the gradient that our one has."""
    ways = 2 if both else 1
    for index, part in enumerate(parts):
        suffix = f"_l{index // ways}" + ("_reverse" if index % ways else "")
        for field in fields(contract.Params):
            names = ["bias_ih", "bias_hh"] if field.name == "bias" else [field.name]
            for name in names:
                assert_close(getattr(part, field.name), d_state[name + suffix], tolerance)


@every_cell
@either_way
def test_torch_takes_our_weights(contract, both):
    """`to_torch` loads strictly, and the layer then computes what ours does."""
    import torch

    layer = torch_layer(contract, 2, both, "float64")
    backend = HostBackend()
    kernels = FixedKernels(backend, SharedText(contract, backend))
    stack = Stacked(kernels, contract.name, num_layers=2, bidirectional=both)
    rng = np.random.default_rng(8)
    parts = tuple(
        contract.Params(**{n: rng.normal(0, 0.5, s) for n, s in shapes.items()})
        for shapes in stack.shapes(DIMS)
    )
    state = to_torch(contract.name, parts, bidirectional=both)
    layer.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    zero = np.zeros((stack.num_parts, DIMS.B, DIMS.H))
    x = rng.normal(size=(DIMS.T, DIMS.B, DIMS.I))
    full = np.full(DIMS.B, DIMS.T, np.int32)
    ours = stack(parts, CellInputs(x, full, *[zero] * len(stack.state)))
    theirs = layer(torch.from_numpy(x))[0].detach().numpy()
    assert_close(ours.output, theirs, 1e-10)
