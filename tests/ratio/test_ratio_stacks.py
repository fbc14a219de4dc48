"""Both directions, and two layers, against torch's bidirectional=True and num_layers=2.

Forward and backward of full batches, new weights loaded each time, float32. The targets are those
of one layer in one direction: what is built of cells may lose nothing over them.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from ratio_clock import CpuClocked
from ratio_table import RatioRow
from test_ratio_cells import AT_MOST

from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.measure.ceilings import ceiling_s, measure_ceilings
from seqbench.measure.roofline import transcendentals_of
from seqbench.models.stacked import Stacked
from seqbench.models.weights_torch import to_torch
from seqbench.testing.comparing import relative_error

pytestmark = pytest.mark.peer("torch")

SIZES = (CellDims(B=32, T=64, I=128, H=128), CellDims(B=64, T=50, I=256, H=512))
SHAPES = {"both_directions": (1, True), "two_layers": (2, False)}


def random_work(stack, dims):
    """(params, inputs, d_outputs), full length."""
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.normal(0, 0.5 / np.sqrt(shape[-1]), shape).astype("float32")

    params = tuple(
        stack.cell.Params(**{n: normal(*shape) for n, shape in shapes.items()})
        for shapes in stack.shapes(dims)
    )
    state = (stack.num_parts, dims.B, dims.H)
    lengths = np.full(dims.B, dims.T, np.int32)
    states = [normal(*state) for _ in stack.state]
    inputs = CellInputs(normal(dims.T, dims.B, dims.I), lengths, *states)
    d_states = [normal(*state) for _ in stack.state]
    width = stack.num_directions * dims.H
    return params, inputs, CellOutputs(normal(dims.T, dims.B, width), *d_states)


def our_update(stack, work, dims):
    params, inputs, d_outputs = work
    plan = stack.plan(dims, "float32", grad=True)

    def update():
        plan.load(params)
        return plan.forward(inputs), plan.backward(d_outputs)

    return update


def torch_update(torch, stack, work, dims):
    """(outputs, gradient of x) of torch's layer of the same weights."""
    params, inputs, d_outputs = work
    name, both = stack.cell.name, stack.num_directions == 2
    made = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[name]
    layer = made(dims.I, dims.H, num_layers=stack.num_layers, bidirectional=both)
    state = to_torch(name, params, bidirectional=both)
    weights = {n: torch.from_numpy(value) for n, value in state.items()}
    held = dict(layer.named_parameters())
    names = ("x", *(n + "0" for n in stack.state))
    leaves = [torch.from_numpy(getattr(inputs, n)).requires_grad_() for n in names]
    upstream = [torch.from_numpy(getattr(d_outputs, n)) for n in ("output", *stack.state)]

    def update():
        with torch.no_grad():
            for name, value in weights.items():
                held[name].copy_(value)
        output, finals = layer(leaves[0], leaves[1] if len(leaves) == 2 else tuple(leaves[1:]))
        outputs = [output, *(finals if isinstance(finals, tuple) else [finals])]
        return outputs, torch.autograd.grad(outputs, [*leaves, *held.values()], upstream)

    return update


@pytest.mark.parametrize("dims", SIZES, ids=lambda d: f"{d.B}x{d.T}x{d.I}x{d.H}")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", AT_MOST)
def test_forward_backward(name, shape, dims, in_pairs, ratio_table, torch_on_one_thread, benchmark):
    depth, both = SHAPES[shape]
    kernels = importlib.import_module("seqbench").registry().kernels("numpy")
    stack = Stacked(kernels, name, num_layers=depth, bidirectional=both)
    work = random_work(stack, dims)
    ours = our_update(stack, work, dims)
    peer = torch_update(torch_on_one_thread, stack, work, dims)
    (out, gradients), (theirs, d_theirs) = ours(), peer()
    assert relative_error(out.output, theirs[0].detach().numpy()) < 1e-5
    assert relative_error(gradients.inputs.x, d_theirs[0].numpy()) < 1e-4
    flops = stack.flops(dims, True)
    tanhs = sum(
        stack.num_directions * transcendentals_of(stack.cell, layer, True)
        for layer in stack.layer_dims(dims)
    )
    ceilings_s = []

    def measure_ceiling():
        found = measure_ceilings(CpuClocked(), "float32", repeats=1)
        ratio_table.meet(found)
        ceilings_s.append(ceiling_s(flops, tanhs, found))

    ours_s, peer_s = in_pairs(ours, peer, measure_ceiling)
    row = RatioRow(
        group=f"{shape}/{name}",
        size=f"B{dims.B} T{dims.T} I{dims.I} H{dims.H}",
        ours=f"numpy.{name}",
        peer=f"torch.{name}",
        ours_s=ours_s,
        peer_s=peer_s,
        ceiling_s=tuple(ceilings_s),
    )
    ratio_table.rows.append(row)
    ratio_table.at_most[row.group] = AT_MOST[name]
    ratio_table.notes["torch"] = torch_on_one_thread.__version__
    benchmark.extra_info["ratio"] = row.ratio
