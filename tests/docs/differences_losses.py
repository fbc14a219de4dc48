"""Differences told by the losses."""

from __future__ import annotations

import numpy as np
from difference import Difference

from seqbench.kernels.losses import SOFTMAX_CROSS_ENTROPY, NoParams, SoftmaxCrossEntropyInputs
from seqbench.testing.reference import reference


def loss_over_one_step() -> float:
    """Loss of a sequence of 20 steps over that of its first step alone."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20, 1, 10))
    targets = rng.integers(0, 10, (20, 1)).astype(np.int32)

    def loss(steps: int) -> float:
        lengths = np.array([steps], np.int32)
        inputs = SoftmaxCrossEntropyInputs(logits[:steps], targets[:steps], lengths, "sum")
        return float(reference(SOFTMAX_CROSS_ENTROPY)(NoParams(), inputs).loss)

    return loss(20) / loss(1)


ENTRIES = [
    Difference(
        id="A04",
        title="the loss of a sequence is a sum over its steps",
        notes="write the loss of the whole sequence equal to that of one step.",
        papers="the sum over t of the steps' losses (Werbos 1990); the reduction is named: `sum`, "
        "`token_mean` or `none`.",
        shows="Loss of 20 random steps over the loss of the first alone",
        number=loss_over_one_step,
        form="{:.0f}",
    ),
]
