"""The convolution over time by its sum, and what bad input is told."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.interfaces import DtypeError, RangeError, ShapeError
from seqbench.kernels.conv1d import CONV1D, Conv1dInputs, Conv1dParams
from seqbench.testing.checks import checks_for
from seqbench.testing.reference import reference


def by_the_sum(params, x, lengths, taps, stride):
    """y[t] = bias + sum_k weight[:, k] x[t stride + k - (K - 1) // 2], step by step."""
    steps, batch, size = x.shape
    out = np.zeros((-(-steps // stride), batch, len(params.bias)))
    for b in range(batch):
        for t in range(-(-int(lengths[b]) // stride)):
            out[t, b] = params.bias
            for k in range(taps):
                at = t * stride + k - (taps - 1) // 2
                if 0 <= at < lengths[b]:
                    out[t, b] += params.weight[:, k * size : (k + 1) * size] @ x[at, b]
    return out


@pytest.mark.parametrize("taps", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("stride", [1, 2, 3, 5])
@pytest.mark.parametrize("steps", [1, 2, 6, 7])
def test_equals_the_sum(taps, stride, steps):
    rng = np.random.default_rng([taps, stride, steps])
    x, lengths = rng.normal(size=(steps, 3, 2)), np.array([steps, 0, 1], np.int32)
    params = Conv1dParams(rng.normal(size=(4, taps * 2)), rng.normal(size=4))
    found = reference(CONV1D)(params, Conv1dInputs(x, lengths, taps, stride))
    np.testing.assert_allclose(found.y, by_the_sum(params, x, lengths, taps, stride), atol=1e-12)
    assert found.lengths.tolist() == [-(-n // stride) for n in lengths.tolist()]


def test_conforms():
    impl = reference(CONV1D)
    for check in checks_for(impl):
        assert check(impl).ran


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"stride": 0}, RangeError, r"conv1d: stride is 0, expected at least 1; set stride=1"),
        ({"kernel_size": 0}, RangeError, r"conv1d: kernel_size is 0, expected at least 1"),
        ({"kernel_size": 4}, ShapeError, r"weight is \(2, 6\), expected \(2, 8\)"),
        ({"x": np.ones((5, 2))}, ShapeError, r"x has shape \(5, 2\), expected \(Tx, B, I\)"),
        ({"x": np.ones((5, 1, 2), "float32")}, DtypeError, r"is float64, expected float32 as x"),
        ({"lengths": np.array([6], np.int32)}, RangeError, r"a length is 6, expected 0 to T = 5"),
    ],
)
def test_bad_input_is_told(changes, error, message):
    given = {"x": np.ones((5, 1, 2)), "lengths": np.array([5], np.int32), "kernel_size": 3}
    params = Conv1dParams(np.ones((2, 6)), np.ones(2))
    with pytest.raises(error, match=message):
        CONV1D.validate(params, Conv1dInputs(**(given | changes)))
