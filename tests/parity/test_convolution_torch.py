"""Convolution and pooling over images against torch.nn.functional, values and gradients."""

import numpy as np
import pytest

from seqbench.kernels.conv2d import CONV2D, Conv2dInputs, Conv2dOutputs, Conv2dParams
from seqbench.kernels.losses import NoParams
from seqbench.kernels.max_pool2d import MAX_POOL2D, MaxPool2dInputs, MaxPool2dOutputs
from seqbench.registry import registry
from seqbench.testing.comparing import relative_error

pytestmark = pytest.mark.peer("torch")

SETTINGS = [  # images, filters and kernel, stride, padding
    ((4, 3, 32, 32), (8, 3, 3), 1, 1),
    ((2, 5, 13, 9), (7, 4, 3), 2, 0),
    ((3, 2, 7, 8), (4, 5, 5), 3, 2),
    ((1, 1, 1, 1), (1, 1, 1), 1, 0),
]
DTYPES = pytest.mark.parametrize(
    ("dtype", "value", "slope"), [("float64", 1e-10, 1e-10), ("float32", 1e-5, 1e-4)]
)


def run(contract, params, inputs, outputs, dtype):
    impl = registry().get(contract.kind, contract.name)
    plan = impl.plan(contract.dims(params, inputs), dtype, grad=True)
    plan.load(params)
    return plan.forward(inputs), plan.backward(outputs)


@DTYPES
@pytest.mark.parametrize(("images", "filters", "stride", "padding"), SETTINGS)
def test_conv2d(peer, images, filters, stride, padding, dtype, value, slope):
    torch = peer("torch")
    rng = np.random.default_rng(0)
    F, P, Q = filters
    x, weight = rng.normal(size=images), rng.normal(size=(F, images[1], P, Q))
    bias = rng.normal(size=F)
    leaves = [torch.tensor(a.astype(dtype), requires_grad=True) for a in (x, weight, bias)]
    theirs = torch.nn.functional.conv2d(*leaves, stride=stride, padding=padding)
    d_maps = rng.normal(size=tuple(theirs.shape)).astype(dtype)
    theirs.backward(torch.tensor(d_maps))
    ours, gradients = run(
        CONV2D,
        Conv2dParams(weight.astype(dtype), bias.astype(dtype)),
        Conv2dInputs(x.astype(dtype), stride, padding),
        Conv2dOutputs(d_maps),
        dtype,
    )
    assert relative_error(ours.maps, theirs.detach().numpy()) < value
    found = (gradients.inputs.images, gradients.params.weight, gradients.params.bias)
    for gradient, leaf in zip(found, leaves, strict=True):
        assert relative_error(gradient, leaf.grad.numpy()) < slope


@DTYPES
@pytest.mark.parametrize(
    ("images", "size", "stride"),
    [((2, 3, 8, 8), 2, 2), ((2, 3, 9, 7), 3, 2), ((1, 2, 5, 6), 2, 1), ((1, 2, 7, 7), 2, 3)],
)
def test_max_pool2d(peer, images, size, stride, dtype, value, slope):
    torch = peer("torch")
    rng = np.random.default_rng(1)
    x = rng.integers(-3, 4, images).astype(dtype)  # with ties
    leaf = torch.tensor(x, requires_grad=True)
    theirs = torch.nn.functional.max_pool2d(leaf, size, stride)
    d_pooled = rng.normal(size=tuple(theirs.shape)).astype(dtype)
    theirs.backward(torch.tensor(d_pooled))
    ours, gradients = run(
        MAX_POOL2D, NoParams(), MaxPool2dInputs(x, size, stride), MaxPool2dOutputs(d_pooled), dtype
    )
    np.testing.assert_array_equal(ours.pooled, theirs.detach().numpy())
    assert relative_error(gradients.inputs.images, leaf.grad.numpy()) < slope


def test_max_pool2d_hands_nan_on_as_torch_does(peer):
    torch = peer("torch")
    x = np.random.default_rng(2).normal(size=(2, 2, 6, 6))
    x[0, 0, 1, 1] = x[1, 1, 3, 2] = np.nan
    ours, _ = run(
        MAX_POOL2D,
        NoParams(),
        MaxPool2dInputs(x),
        MaxPool2dOutputs(np.ones((2, 2, 3, 3))),
        "float64",
    )
    theirs = torch.nn.functional.max_pool2d(torch.tensor(x), 2)
    np.testing.assert_array_equal(ours.pooled, theirs.numpy())
