"""Clipping by value and by global norm."""

import numpy as np
import pytest

from seqbench.interfaces import RangeError
from seqbench.kernels.clipping import clip_by_global_norm, clip_by_value
from seqbench.registry import registry


@pytest.fixture
def clipping():
    return registry().get("analysis", "clipping", "numpy")


def test_by_norm_keeps_the_direction():
    gradient = np.array([3.0, -4.0])
    assert clip_by_global_norm(gradient, 1.0, xp=np) == pytest.approx(5.0)
    np.testing.assert_allclose(gradient, [0.6, -0.8], rtol=1e-6)


def test_a_gradient_below_the_norm_stays_to_the_bit():
    gradient = np.array([3.0, -4.0])
    clip_by_global_norm(gradient, 5.1, xp=np)
    assert gradient.tolist() == [3.0, -4.0]
    clip_by_global_norm(gradient, np.inf, xp=np)
    assert gradient.tolist() == [3.0, -4.0]


def test_a_zero_gradient_stays_zero():
    gradient = np.zeros(3)
    assert clip_by_global_norm(gradient, 1.0, xp=np) == 0
    assert gradient.tolist() == [0, 0, 0]


def test_by_value_cuts_each_element():
    gradient = np.array([3.0, -4.0, 0.5])
    clip_by_value(gradient, 1.0, xp=np)
    assert gradient.tolist() == [1.0, -1.0, 0.5]


def test_one_norm_over_several_tensors(clipping):
    gradients = [np.full((2, 2), 3.0), np.array([-8.0])]
    assert clipping.by_norm(gradients, 5.0) == pytest.approx(10.0)
    np.testing.assert_allclose(gradients[0], 1.5, rtol=1e-6)
    np.testing.assert_allclose(gradients[1], -4.0, rtol=1e-6)
    clipping.by_value(gradients, 2.0)
    assert gradients[1].tolist() == [-2.0]


@pytest.mark.parametrize("bad", [0, -1.0, float("nan")])
def test_limits_are_positive(bad):
    with pytest.raises(RangeError, match=f"clipping: max_norm is {bad}, expected a number above"):
        clip_by_global_norm(np.ones(2), bad, xp=np)
    with pytest.raises(RangeError, match=f"clipping: limit is {bad}, .*; inf turns clipping off"):
        clip_by_value(np.ones(2), bad, xp=np)
