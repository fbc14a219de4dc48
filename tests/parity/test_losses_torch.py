"""Both losses against torch.nn.functional, padding left out by `ignore_index` or selection."""

import numpy as np
import pytest

from seqbench.kernels.binary_cross_entropy import BINARY_CROSS_ENTROPY, BinaryCrossEntropyInputs
from seqbench.kernels.losses import (
    SOFTMAX_CROSS_ENTROPY,
    LossOutputs,
    NoParams,
    SoftmaxCrossEntropyInputs,
)
from seqbench.testing.reference import reference

pytestmark = pytest.mark.peer("torch")

T, B, V = 9, 5, 13
LENGTHS = np.array([4, 9, 0, 7, 9], np.int32)
INSIDE = np.arange(T)[:, None] < LENGTHS
REDUCTIONS = pytest.mark.parametrize(
    ("ours", "theirs"), [("sum", "sum"), ("token_mean", "mean"), ("none", "none")]
)


def run(contract, inputs):
    impl = reference(contract)
    plan = impl.plan(contract.dims(NoParams(), inputs), "float64", grad=True)
    plan.load(NoParams())
    loss = plan.forward(inputs).loss
    return loss, plan.backward(LossOutputs(None)).inputs.logits


@REDUCTIONS
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_softmax(peer, ours, theirs, smoothing):
    torch = peer("torch")
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(T, B, V)), rng.integers(0, V, (T, B)).astype(np.int32)
    loss, d_logits = run(
        SOFTMAX_CROSS_ENTROPY,
        SoftmaxCrossEntropyInputs(logits, targets, LENGTHS, ours, smoothing),
    )
    scores = torch.tensor(logits, requires_grad=True)
    wanted = torch.tensor(np.where(INSIDE, targets, -100), dtype=torch.int64)
    expected = torch.nn.functional.cross_entropy(
        scores.reshape(-1, V), wanted.reshape(-1), reduction=theirs, label_smoothing=smoothing
    )
    expected.sum().backward()
    np.testing.assert_allclose(loss, expected.detach().numpy().reshape(loss.shape), rtol=1e-12)
    np.testing.assert_allclose(d_logits, scores.grad.numpy(), rtol=1e-10, atol=1e-15)


@REDUCTIONS
@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_binary(peer, ours, theirs, weight):
    torch = peer("torch")
    rng = np.random.default_rng(1)
    logits, targets = 5 * rng.normal(size=(T, B)), rng.random((T, B))
    loss, d_logits = run(
        BINARY_CROSS_ENTROPY, BinaryCrossEntropyInputs(logits, targets, LENGTHS, ours, weight)
    )
    scores = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        scores[torch.tensor(INSIDE)],
        torch.tensor(targets[INSIDE]),
        reduction=theirs,
        pos_weight=torch.tensor(weight, dtype=torch.float64),
    )
    expected.sum().backward()
    np.testing.assert_allclose(
        loss[INSIDE] if ours == "none" else loss, expected.detach().numpy(), rtol=1e-12
    )
    np.testing.assert_allclose(d_logits, scores.grad.numpy(), rtol=1e-10, atol=1e-15)
