"""The convolution's shared text beside torch's on one thread, at the sizes of the captioner."""

from __future__ import annotations

import numpy as np
import pytest
from ratio_table import RatioRow

import seqbench
from seqbench.kernels.conv2d import Conv2dDims, Conv2dInputs, Conv2dOutputs, Conv2dParams

pytestmark = pytest.mark.peer("torch")

SIZES = [(32, 3, 32, 16), (32, 16, 16, 32), (32, 32, 8, 64)]  # images, channels, side, filters


def draw(size):
    B, C, side, F = size
    rng = np.random.default_rng(0)
    shapes = (B, C, side, side), (F, C, 3, 3), (F,), (B, F, side, side)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "forward and backward"])
def test_conv2d(size, backward, peer, in_pairs, ratio_table):
    torch = peer("torch")
    torch.set_num_threads(1)
    images, weight, bias, d_maps = draw(size)
    B, C, side, F = size
    ours = seqbench.get("feature", "conv2d")
    plan = ours.plan(Conv2dDims(B, C, side, side, F, 3, 3, 1, 1), "float32", grad=backward)
    leaves = [torch.tensor(a, requires_grad=backward) for a in (images, weight, bias)]
    d_theirs = torch.tensor(d_maps)

    def own():
        plan.load(Conv2dParams(weight, bias))
        plan.forward(Conv2dInputs(images, 1, 1))
        if backward:
            plan.backward(Conv2dOutputs(d_maps))

    def theirs():
        maps = torch.nn.functional.conv2d(*leaves, padding=1)
        if backward:
            torch.autograd.grad(maps, leaves, d_theirs)

    seconds = in_pairs(own, theirs)
    group = "conv2d, forward and backward" if backward else "conv2d, forward"
    names = ours.impl_id, f"torch {torch.__version__}"
    told = f"{B} x {C} x {side} x {side}, {F} filters 3 x 3"
    ratio_table.rows.append(RatioRow(group, told, *names, *seconds))
