"""Drawing the next token against torch.multinomial, float32.

torch is given probabilities, made before the clock starts; ours is given logits. For one sample a
row torch draws an exponential number an id whatever `replacement` says; what it does for several is
timed as well, and shown without a target.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from ratio_table import RatioRow

from seqbench.kernels.losses import NoParams
from seqbench.kernels.sample import SampleDims, SampleInputs

pytestmark = pytest.mark.peer("torch")

AT_MOST = 0.05
SIZES = [(64, 10_000), (1, 10_000), (64, 1000)]


def ours_on(logits):
    impl = importlib.import_module("seqbench").get("decoder", "sample", backend="numpy")
    plan = impl.plan(SampleDims(*logits.shape), "float32")
    plan.load(NoParams())
    inputs = SampleInputs(logits, seed=1)
    return impl.impl_id, lambda: plan.forward(inputs)


@pytest.mark.parametrize(("B", "V"), SIZES)
@pytest.mark.parametrize("samples", [1, 2])
def test_sample(B, V, samples, in_pairs, ratio_table, torch_on_one_thread, benchmark):
    torch = torch_on_one_thread
    logits = np.random.default_rng(0).normal(size=(B, V)).astype(np.float32)
    impl_id, ours = ours_on(logits)
    probs = torch.softmax(torch.from_numpy(logits), dim=1)

    def peer() -> None:
        torch.multinomial(probs, samples, replacement=True)

    ours_s, peer_s = in_pairs(ours, peer)
    row = RatioRow(
        group="decoder/sample" if samples == 1 else "decoder/sample, torch draws 2",
        size=f"B{B} V{V}",
        ours=impl_id,
        peer="torch.multinomial",
        ours_s=ours_s,
        peer_s=peer_s,
        in_mean=(B, V) == (64, 10_000),
    )
    ratio_table.rows.append(row)
    if samples == 1:
        ratio_table.at_most[row.group] = AT_MOST
    benchmark.extra_info["ratio"] = row.ratio
