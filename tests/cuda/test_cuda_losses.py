"""Losses on the device beyond the suite's sizes: rows of many warps, kept or read again."""

from __future__ import annotations

import numpy as np
import pytest
from emulated import implementation
from emulator import emulation

from seqbench.kernels.binary_cross_entropy import BinaryCrossEntropyInputs
from seqbench.kernels.losses import REDUCTIONS, LossOutputs, NoParams, SoftmaxCrossEntropyInputs
from seqbench.testing.comparing import GRADIENT_TOLERANCES, TOLERANCES, require_equal
from seqbench.testing.reference import reference
from seqbench.testing.trees import cast

LENGTHS = np.array([2, 0, 1], np.int32)


def results(impl, inputs, dtype, d_loss):
    given = cast(inputs, dtype)
    plan = impl.plan(impl.contract.dims(NoParams(), given), dtype, grad=True)
    plan.load(NoParams())
    loss = np.array(plan.forward(given).loss)
    upstream = None if d_loss is None else np.asarray(d_loss(loss.shape), dtype)
    return loss, plan.backward(LossOutputs(upstream)).inputs.logits


def require_like_float64(key, inputs, d_loss=None, dtype="float32"):
    impl = implementation(key)
    exact_loss, exact = results(reference(impl.contract), inputs, "float64", d_loss)
    with emulation(shadow=True):
        loss, d_logits = results(impl, inputs, dtype, d_loss)
    require_equal("loss", loss, exact_loss, TOLERANCES[dtype])
    require_equal("gradient", d_logits, exact, GRADIENT_TOLERANCES[dtype])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("V", [31, 1000, 60_000])
def test_rows_of_many_warps(V, reduction):
    """60,000 logits do not fit a block's shared memory: the row is read a second time."""
    rng = np.random.default_rng(V)
    targets = rng.integers(0, V, (2, 3)).astype(np.int32)
    inputs = SoftmaxCrossEntropyInputs(
        3 * rng.normal(size=(2, 3, V)), targets, LENGTHS, reduction, 0.1
    )
    require_like_float64("loss/softmax_cross_entropy", inputs)


def test_an_upstream_gradient_a_row():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 300, (2, 3)).astype(np.int32)
    logits = rng.normal(size=(2, 3, 300))
    inputs = SoftmaxCrossEntropyInputs(logits, targets, LENGTHS, "none")
    require_like_float64("loss/softmax_cross_entropy", inputs, lambda s: np.arange(6.0).reshape(s))


def test_more_steps_than_threads():
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 41, 60).astype(np.int32)
    logits, targets = 3 * rng.normal(size=(40, 60)), rng.random((40, 60))
    inputs = BinaryCrossEntropyInputs(logits, targets, lengths, "token_mean", 2.5)
    require_like_float64("loss/binary_cross_entropy", inputs)
