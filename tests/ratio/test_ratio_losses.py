"""Losses with their gradient against torch.nn.functional, float32, the mean over tokens."""

from __future__ import annotations

import numpy as np
import pytest
from ratio_sides import normal, sides

from seqbench.kernels.binary_cross_entropy import BinaryCrossEntropyInputs
from seqbench.kernels.losses import LossOutputs, NoParams, SoftmaxCrossEntropyInputs

pytestmark = pytest.mark.peer("torch")

SOFTMAX_AT_MOST = {10_000: 0.16, 1000: None}


@pytest.mark.parametrize("vocab_size", SOFTMAX_AT_MOST)
def test_softmax_cross_entropy(vocab_size, compare, torch_on_one_thread):
    rng = np.random.default_rng(0)
    T, B = 64, 32
    targets = rng.integers(0, vocab_size, (T, B)).astype(np.int32)
    lengths = np.full(B, T, np.int32)
    inputs = SoftmaxCrossEntropyInputs(
        normal(rng, T, B, vocab_size), targets, lengths, "token_mean"
    )
    ours, peer = sides("loss/softmax_cross_entropy", NoParams(), inputs, LossOutputs(None))
    size = f"rows{T * B} V{vocab_size}"
    limit = SOFTMAX_AT_MOST[vocab_size]
    compare("loss/softmax_cross_entropy", size, ours, peer, at_most=limit)


def test_binary_cross_entropy(compare, torch_on_one_thread):
    """The size of trigger word detection: 1375 steps, 64 clips, positives weighted."""
    rng = np.random.default_rng(0)
    T, B = 1375, 64
    targets = (rng.random((T, B)) < 0.05).astype("float32")
    lengths = np.full(B, T, np.int32)
    inputs = BinaryCrossEntropyInputs(normal(rng, T, B), targets, lengths, "token_mean", 20.0)
    ours, peer = sides("loss/binary_cross_entropy", NoParams(), inputs, LossOutputs(None))
    compare("loss/binary_cross_entropy", f"T{T} B{B}", ours, peer)
