"""Forward and backward of the cells against torch, new weights loaded each time, float32.

Targets: the geometric mean of the ratios over the three larger sizes, and the share of this run's
ceiling (products at GEMM rate, nonlinearities at NumPy's tanh) at each. A batch of one is shown
and bound by nothing: there NumPy's calls are the time.
"""

from __future__ import annotations

import importlib

import pytest
from ratio_clock import CpuClocked
from ratio_table import RatioRow

from seqbench.kernels._cell import CellDims
from seqbench.measure.ceilings import ceiling_s, measure_ceilings
from seqbench.measure.roofline import transcendentals_of
from seqbench.measure.workloads import draw
from seqbench.testing.trees import on_device

pytestmark = pytest.mark.peer("torch")

LEAST_SHARE = {
    CellDims(B=1, T=128, I=64, H=64): None,
    CellDims(B=32, T=64, I=128, H=128): 0.50,
    CellDims(B=64, T=50, I=256, H=512): 0.75,
    CellDims(B=128, T=24, I=512, H=1024): 0.80,
}
AT_MOST = {"rnn": 0.50, "gru": 0.50, "lstm": 1.15}


def updater(backend, name, work, dims):
    """What is timed: the plan and its arrays are made beforehand."""
    registry = importlib.import_module("seqbench").registry()
    cell = registry.get("cell", name, backend)
    params, inputs, d_outputs = on_device((work.params, work.inputs, work.d_outputs), cell.backend)
    plan = cell.plan(dims, "float32", grad=True)

    def update() -> None:
        plan.load(params)
        plan.forward(inputs)
        plan.backward(d_outputs)

    return cell, update


@pytest.mark.parametrize("dims", LEAST_SHARE, ids=lambda d: f"{d.B}x{d.T}x{d.I}x{d.H}")
@pytest.mark.parametrize("name", AT_MOST)
def test_forward_backward(name, dims, in_pairs, ratio_table, torch_on_one_thread, benchmark):
    contract = importlib.import_module("seqbench").registry().contract("cell", name)
    work = draw(contract, dims._asdict(), "float32", seed=0)
    ours, our_update = updater("numpy", name, work, dims)
    peer, peer_update = updater("torch", name, work, dims)
    flops, tanhs = contract.flops(dims, True), transcendentals_of(contract, dims, True)
    ceilings_s = []

    def measure_ceiling() -> None:
        found = measure_ceilings(CpuClocked(), "float32", repeats=1)
        ratio_table.meet(found)
        ceilings_s.append(ceiling_s(flops, tanhs, found))

    ours_s, peer_s = in_pairs(our_update, peer_update, measure_ceiling)
    row = RatioRow(
        group=f"cell/{name}",
        size=f"B{dims.B} T{dims.T} I{dims.I} H{dims.H}",
        ours=ours.impl_id,
        peer=peer.impl_id,
        ours_s=ours_s,
        peer_s=peer_s,
        ceiling_s=tuple(ceilings_s),
        least_share=LEAST_SHARE[dims],
        in_mean=dims.B > 1,
    )
    ratio_table.rows.append(row)
    ratio_table.at_most[row.group] = AT_MOST[name]
    benchmark.extra_info["ratio"] = row.ratio
