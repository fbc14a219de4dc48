"""Pooling over time, convolution and pooling over images: by hand, odd arrays, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.interfaces import DtypeError, RangeError, ShapeError
from seqbench.kernels.conv2d import CONV2D, Conv2dInputs, Conv2dParams, output_size
from seqbench.kernels.losses import NoParams
from seqbench.kernels.max_pool2d import MAX_POOL2D, MaxPool2dInputs, MaxPool2dOutputs
from seqbench.kernels.time_pooling import MAX_POOL, MEAN_POOL, PoolInputs, PoolOutputs
from seqbench.testing.cases import cases
from seqbench.testing.checks import checks_for
from seqbench.testing.reference import reference

X = np.array([[[1.0, -4.0]], [[3.0, -2.0]], [[9.0, 9.0]]])  # (3, 1, 2)
TWO = np.array([2], np.int32)


@pytest.mark.parametrize(
    "contract", [MEAN_POOL, MAX_POOL, CONV2D, MAX_POOL2D], ids=lambda c: c.name
)
def test_conforms(contract):
    impl = reference(contract)
    for check in checks_for(impl):
        assert check(impl).ran


def pooled(contract, x=X, lengths=TWO):
    return reference(contract)(NoParams(), PoolInputs(x, lengths)).pooled


def test_pools_over_time_by_hand():
    assert pooled(MEAN_POOL).tolist() == [[2.0, -3.0]]
    assert pooled(MAX_POOL).tolist() == [[3.0, -2.0]]


@pytest.mark.parametrize("contract", [MEAN_POOL, MAX_POOL], ids=lambda c: c.name)
def test_a_sequence_of_nothing_is_the_zero_vector(contract):
    x = np.full_like(X, np.nan)
    assert pooled(contract, x, np.zeros(1, np.int32)).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("contract", [MEAN_POOL, MAX_POOL], ids=lambda c: c.name)
def test_nan_inside_a_length_comes_through(contract):
    x = X.copy()
    x[1, 0, 0] = np.nan
    found = pooled(contract, x)
    assert np.isnan(found[0, 0])
    assert found[0, 1] in (-3.0, -2.0)


def gradient(contract, inputs, d_outputs):
    plan = reference(contract).plan(contract.dims(NoParams(), inputs), "float64", grad=True)
    plan.load(NoParams())
    plan.forward(inputs)
    return plan.backward(d_outputs).inputs


@pytest.mark.parametrize("contract", [MEAN_POOL, MAX_POOL], ids=lambda c: c.name)
def test_a_batch_without_a_step_is_zero_vectors(contract):
    inputs = PoolInputs(np.zeros((0, 2, 3)), np.zeros(2, np.int32))
    assert pooled(contract, inputs.x, inputs.lengths).tolist() == [[0.0] * 3] * 2
    assert gradient(contract, inputs, PoolOutputs(np.ones((2, 3)))).x.shape == (0, 2, 3)


def test_of_equal_maxima_the_first_takes_the_gradient():
    inputs = PoolInputs(np.ones((3, 1, 1)), np.array([3], np.int32))
    assert gradient(MAX_POOL, inputs, PoolOutputs(np.full((1, 1), 5.0))).x.ravel().tolist() == [
        5,
        0,
        0,
    ]
    image = MaxPool2dInputs(np.ones((1, 1, 2, 2)), 2, 2)
    found = gradient(MAX_POOL2D, image, MaxPool2dOutputs(np.full((1, 1, 1, 1), 5.0)))
    assert found.images.ravel().tolist() == [5, 0, 0, 0]


@pytest.mark.parametrize("contract", [MEAN_POOL, MAX_POOL], ids=lambda c: c.name)
@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (PoolInputs(X[0], TWO), ShapeError, r"x has shape \(1, 2\), expected \(T, B, E\)"),
        (PoolInputs(X.astype(int), TWO), DtypeError, "x is int64, expected a floating dtype"),
        (PoolInputs(X, TWO.astype(np.int64)), DtypeError, "lengths are int64, expected int32"),
        (PoolInputs(X, TWO + 2), RangeError, "a length is 4, expected 0 to T = 3"),
    ],
)
def test_bad_input_of_pools_is_told(contract, inputs, error, message):
    with pytest.raises(error, match=rf"{contract.name}: {message}"):
        reference(contract)(NoParams(), inputs)


def convolved(images, weight, bias=None, **options):
    bias = np.zeros(len(weight)) if bias is None else bias
    return reference(CONV2D)(Conv2dParams(weight, bias), Conv2dInputs(images, **options)).maps


def direct(images, weight, bias, stride, padding):
    """The definition: six loops' worth of sums over one window at a time."""
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    B, (F, _, P, Q) = len(images), weight.shape
    M, N = (
        output_size(size, kernel, stride, padding)
        for size, kernel in zip(images.shape[2:], (P, Q), strict=True)
    )
    maps = np.zeros((B, F, M, N))
    for m in range(M):
        for n in range(N):
            window = padded[:, :, m * stride : m * stride + P, n * stride : n * stride + Q]
            maps[:, :, m, n] = np.einsum("bcpq,fcpq->bf", window, weight) + bias
    return maps


@pytest.mark.parametrize("size", ["tiny", "odd", "one", "step", "padded", "empty"])
def test_a_convolution_is_its_definition(size):
    (case,) = cases(CONV2D, (size,))
    given = case.inputs
    expected = direct(
        given.images, case.params.weight, case.params.bias, given.stride, given.padding
    )
    found = reference(CONV2D)(case.params, given).maps
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_kernel_is_not_turned():
    image = np.zeros((1, 1, 3, 3))
    image[0, 0, 1, 1] = 1.0
    weight = np.arange(9.0).reshape(1, 1, 3, 3)
    found = convolved(image, weight, padding=1)
    assert found[0, 0].tolist() == weight[0, 0, ::-1, ::-1].tolist()


def test_odd_memory_layouts_give_the_same():
    rng = np.random.default_rng(0)
    images, weight = rng.normal(size=(2, 3, 6, 5)), rng.normal(size=(4, 3, 3, 2))
    last = np.asfortranarray(images)
    strided = np.repeat(images, 2, axis=3)[:, :, :, ::2]
    expected = convolved(images, weight, stride=2, padding=1)
    for other in (last, strided):
        np.testing.assert_allclose(convolved(other, weight, stride=2, padding=1), expected)
    turned = np.ascontiguousarray(weight.transpose(3, 2, 1, 0)).transpose(3, 2, 1, 0)
    np.testing.assert_allclose(convolved(images, turned, stride=2, padding=1), expected)
    pooled_images = reference(MAX_POOL2D)
    whole = pooled_images(NoParams(), MaxPool2dInputs(images)).pooled
    np.testing.assert_array_equal(pooled_images(NoParams(), MaxPool2dInputs(strided)).pooled, whole)


def test_nan_in_a_window_comes_through_and_no_further():
    images = np.zeros((2, 1, 6, 6))
    images[0, 0, 0, 0] = np.nan
    found = convolved(images, np.ones((1, 1, 3, 3)))
    assert np.isnan(found[0, 0, 0, 0])
    assert np.isnan(found).sum() == 1
    whole = reference(MAX_POOL2D)(NoParams(), MaxPool2dInputs(images)).pooled
    assert np.isnan(whole[0, 0, 0, 0])
    assert np.isnan(whole).sum() == 1
    images[0, 0, 0] = [1.0, np.nan, 0, 0, 0, 0]  # not the first of its window
    whole = reference(MAX_POOL2D)(NoParams(), MaxPool2dInputs(images)).pooled
    assert np.isnan(whole[0, 0, 0, 0])


IMAGES, WEIGHT, BIAS = np.zeros((2, 3, 5, 4)), np.zeros((6, 3, 3, 3)), np.zeros(6)


@pytest.mark.parametrize(
    ("params", "inputs", "error", "message"),
    [
        ((WEIGHT, BIAS), (IMAGES[0],), ShapeError, r"images have shape \(3, 5, 4\), expected"),
        ((WEIGHT[0], BIAS), (IMAGES,), ShapeError, r"weight has shape \(3, 3, 3\), expected"),
        ((WEIGHT[:, :2], BIAS), (IMAGES,), ShapeError, "images have 3 channels, expected the weig"),
        ((WEIGHT, BIAS[:5]), (IMAGES,), ShapeError, r"bias is \(5,\), expected \(6,\)"),
        ((WEIGHT, BIAS), (IMAGES, 0), RangeError, "stride is 0, expected at least 1"),
        ((WEIGHT, BIAS), (IMAGES, 1, -1), RangeError, "padding is -1, expected at least 0"),
        (
            (np.zeros((6, 3, 8, 3)), BIAS),
            (IMAGES, 1, 1),
            ShapeError,
            r"the kernel is \(8, 3\), expected 1 to the padded image's \(7, 6\)",
        ),
        ((WEIGHT, BIAS), (IMAGES.astype(np.float32),), DtypeError, "float64, expected float32"),
        ((WEIGHT, BIAS), (IMAGES.astype(np.uint8),), DtypeError, "uint8, expected a floating"),
    ],
)
def test_bad_input_of_a_convolution_is_told(params, inputs, error, message):
    with pytest.raises(error, match=rf"conv2d: .*{message}"):
        reference(CONV2D)(Conv2dParams(*params), Conv2dInputs(*inputs))


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        ((IMAGES[0],), ShapeError, r"images have shape \(3, 5, 4\)"),
        ((IMAGES, 5, 1), ShapeError, r"the kernel is \(5, 5\), expected 1 to .*\(5, 4\)"),
        ((IMAGES, 2, 0), RangeError, "stride is 0, expected at least 1"),
        ((IMAGES.astype(int),), DtypeError, "expected a floating dtype"),
    ],
)
def test_bad_input_of_a_pool_over_images_is_told(inputs, error, message):
    with pytest.raises(error, match=rf"max_pool2d: .*{message}"):
        reference(MAX_POOL2D)(NoParams(), MaxPool2dInputs(*inputs))
