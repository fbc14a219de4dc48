import numpy as np
import pytest

from seqbench.interfaces import DtypeError, RangeError, ShapeError
from seqbench.kernels.binary_cross_entropy import BINARY_CROSS_ENTROPY, BinaryCrossEntropyInputs
from seqbench.kernels.losses import (
    SOFTMAX_CROSS_ENTROPY,
    LossOutputs,
    NoParams,
    SoftmaxCrossEntropyInputs,
)
from seqbench.testing.cases import cases
from seqbench.testing.checks import checks_for
from seqbench.testing.reference import reference
from seqbench.testing.running import gradients_of

CONTRACTS = (SOFTMAX_CROSS_ENTROPY, BINARY_CROSS_ENTROPY)
LOGITS = np.log(np.array([[[1.0, 3.0]], [[4.0, 4.0]], [[9.0, 1.0]]]))  # (3, 1, 2)
TARGETS = np.array([[1], [0], [0]], np.int32)
TWO = np.array([2], np.int32)
SUM = np.log(4 / 3) + np.log(2)  # of the first two steps


def softmax_inputs(**changes):
    given = {"logits": LOGITS, "targets": TARGETS, "lengths": TWO} | changes
    return SoftmaxCrossEntropyInputs(**given)


def binary_inputs(**changes):
    given = {"logits": np.zeros((3, 1)), "targets": np.ones((3, 1)), "lengths": TWO} | changes
    return BinaryCrossEntropyInputs(**given)


def softmax_loss(**changes):
    return reference(SOFTMAX_CROSS_ENTROPY)(NoParams(), softmax_inputs(**changes)).loss


def binary_loss(**changes):
    return reference(BINARY_CROSS_ENTROPY)(NoParams(), binary_inputs(**changes)).loss


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.name)
def test_conforms(contract):
    impl = reference(contract)
    for check in checks_for(impl):
        assert check(impl).ran


def test_reductions_by_hand():
    assert softmax_loss(reduction="sum") == pytest.approx(SUM)
    assert softmax_loss(reduction="token_mean") == pytest.approx(SUM / 2)
    each = softmax_loss(reduction="none")
    np.testing.assert_allclose(each, [[np.log(4 / 3)], [np.log(2)], [0]], atol=1e-15)


def test_label_smoothing_by_hand():
    one = np.array([1], np.int32)
    # 0.9 on the target, 0.05 more on each of both labels
    expected = -0.95 * np.log(3 / 4) - 0.05 * np.log(1 / 4)
    assert softmax_loss(label_smoothing=0.1, lengths=one) == pytest.approx(expected)


def test_large_logits_stay_finite():
    loss = softmax_loss(logits=LOGITS + np.array([1e4, -1e4]))  # the first target is unlikely
    assert loss == pytest.approx(2e4 - np.log(3), rel=1e-12)
    assert binary_loss(logits=np.array([[-1e4], [1e4], [0.0]])) == pytest.approx(1e4)


def test_an_empty_batch_costs_nothing():
    nobody = np.zeros(1, np.int32)
    assert softmax_loss(reduction="token_mean", lengths=nobody) == 0
    assert binary_loss(reduction="token_mean", lengths=nobody) == 0


def test_binary_by_hand():
    assert binary_loss() == pytest.approx(2 * np.log(2))
    assert binary_loss(positive_weight=3.0) == pytest.approx(6 * np.log(2))
    assert binary_loss(targets=np.zeros((3, 1)), positive_weight=3.0) == pytest.approx(
        2 * np.log(2)
    )


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.name)
def test_no_upstream_means_the_gradient_of_the_loss_itself(contract):
    impl = reference(contract)
    for case in cases(contract, ("odd", "padded")):
        ones = (
            np.ones(case.inputs.targets.shape) if case.inputs.reduction == "none" else np.ones(())
        )
        _, expected = gradients_of(impl, case, LossOutputs(ones))
        _, actual = gradients_of(impl, case, LossOutputs(None))
        np.testing.assert_array_equal(actual.inputs.logits, expected.inputs.logits)


def test_targets_past_the_length_are_ignored():
    targets = TARGETS.copy()
    targets[2] = 99
    assert softmax_loss(targets=targets) == pytest.approx(SUM)
    outside = np.array([[1.0], [1.0], [np.nan]])
    assert binary_loss(targets=outside) == pytest.approx(2 * np.log(2))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"targets": TARGETS + 1}, RangeError, "one of the targets is 2, expected 0 to 1"),
        ({"targets": TARGETS * 1.0}, DtypeError, "targets are float64, expected int32"),
        ({"targets": TARGETS[:2]}, ShapeError, r"targets is \(2, 1\), expected \(3, 1\)"),
        ({"logits": LOGITS[:, 0]}, ShapeError, r"logits have shape \(3, 2\), expected \(T, B, V\)"),
        ({"lengths": TWO + 2}, RangeError, "a length is 4, expected 0 to T = 3"),
        ({"reduction": "mean"}, RangeError, "'mean', expected one of sum, token_mean, none"),
        ({"label_smoothing": 1.0}, RangeError, "label_smoothing is 1.0, expected at least 0"),
    ],
)
def test_softmax_refuses(changes, error, message):
    with pytest.raises(error, match=message):
        softmax_loss(**changes)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"targets": np.full((3, 1), 1.5)}, RangeError, "a target is 1.5, expected 0 to 1"),
        ({"targets": np.full((3, 1), np.nan)}, RangeError, "a target is nan, expected 0 to 1"),
        ({"logits": LOGITS}, ShapeError, r"logits have shape \(3, 1, 2\), expected \(T, B\)"),
        ({"positive_weight": 0.0}, RangeError, "positive_weight is 0.0, expected above 0"),
        ({"reduction": "mean"}, RangeError, "'mean', expected one of"),
    ],
)
def test_binary_refuses(changes, error, message):
    with pytest.raises(error, match=message):
        binary_loss(**changes)
