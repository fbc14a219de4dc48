"""The affine map: few rows go in blocks of outputs, many in one product."""

from __future__ import annotations

import numpy as np
import pytest
from seqbench_numpy.backend import NumpyBackend

from seqbench.models.linear import FEW_ROWS, UNPACKED, linear, linear_backward, linear_shapes
from seqbench.models.parameters import Parameters


def made(inputs, outputs):
    params = Parameters(linear_shapes("output", inputs, outputs), "float64", NumpyBackend())
    params.flat[:] = np.random.default_rng(0).normal(size=params.size)
    return params


@pytest.mark.parametrize("outputs", [0, 1, 7, 1000, 1003])
@pytest.mark.parametrize("rows", [0, 1, 2, 5, FEW_ROWS, FEW_ROWS + 1])
def test_every_number_of_rows_gives_the_product(rows, outputs):
    """UNPACKED // (5 * 256) = 156 divides neither 1000 nor 1003: a last, shorter block is left."""
    params = made(256, outputs)
    x = np.random.default_rng(1).normal(size=(rows, 256))
    expected = x @ params["output.weight"].T + params["output.bias"]
    y = linear(params, "output", x)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    assert y.shape == (rows, outputs)
    assert y.flags.c_contiguous


def test_leading_axes_stay_and_the_gradients_are_of_the_sum():
    params = made(40, 2 * UNPACKED // (6 * 40))  # two blocks
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 3, 40))
    y = linear(params, "output", x)
    d_y = rng.normal(size=y.shape)
    d_x = linear_backward(params, "output", x, d_y)
    np.testing.assert_allclose((d_x * x).sum(), ((y - params["output.bias"]) * d_y).sum())
    np.testing.assert_allclose(params.d("output.bias"), d_y.sum(axis=(0, 1)))
    np.testing.assert_allclose(
        (params.d("output.weight") * params["output.weight"]).sum(),
        ((y - params["output.bias"]) * d_y).sum(),
    )
