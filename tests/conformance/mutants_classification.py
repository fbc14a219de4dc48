"""Changes to pooling and convolution that the suite must notice."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from mutant import Mutant, conformance

from seqbench.kernels.losses import NoParams
from seqbench.testing.reference import reference

POOLING = "seqbench.kernels.time_pooling"
CONVOLUTION = "seqbench.kernels.conv2d"
IMAGE_POOL = "seqbench.kernels.max_pool2d"


def by_definition(module: ModuleType) -> None:
    """One window at a time."""
    rng = np.random.default_rng(0)
    images, weight = rng.normal(size=(1, 1, 5, 5)), rng.normal(size=(1, 1, 3, 3))
    params = module.Conv2dParams(weight, np.zeros(1))
    found = reference(module.CONV2D)(params, module.Conv2dInputs(images, 2, 1)).maps
    padded = np.pad(images[0, 0], 1)
    expected = [
        [(padded[m : m + 3, n : n + 3] * weight[0, 0]).sum() for n in (0, 2, 4)] for m in (0, 2, 4)
    ]
    assert np.allclose(found[0, 0], expected)


def ties_go_to_the_first(module: ModuleType) -> None:
    inputs = module.MaxPool2dInputs(np.ones((1, 1, 2, 2)), 2, 2)
    plan = reference(module.MAX_POOL2D).plan(module.max_pool2d_dims(NoParams(), inputs), "float64")
    plan.load(NoParams())
    plan.forward(inputs)
    d_images = plan.backward(module.MaxPool2dOutputs(np.ones((1, 1, 1, 1)))).inputs.images
    assert d_images.ravel().tolist() == [1, 0, 0, 0]


MUTANTS = [
    Mutant(  # the mean over the padded length
        POOLING,
        "return xp.maximum(lengths, 1).astype(dtype)[:, None]",
        "return xp.maximum(lengths.max(), 1).astype(dtype) + 0 * lengths.astype(dtype)[:, None]",
        conformance("feature/mean_pool"),
    ),
    Mutant(  # the forward pass sees the padding
        POOLING,
        "total = without_padding(x, inside, xp=xp).sum(axis=0)",
        "total = x.sum(axis=0)",
        conformance("feature/mean_pool"),
    ),
    Mutant(  # a gradient reaches the padding
        POOLING,
        "d_x = xp.where(inside, share[None], xp.zeros((), dtype=x.dtype))",
        "d_x = xp.where(inside | True, share[None], xp.zeros((), dtype=x.dtype))",
        conformance("feature/mean_pool"),
    ),
    Mutant(  # the maximum sees the padding
        POOLING,
        "masked = xp.where(inside, x, xp.full((), -xp.inf, dtype=x.dtype))",
        "masked = x",
        conformance("feature/max_pool"),
    ),
    Mutant(  # an empty sequence is -inf
        POOLING,
        "return PoolOutputs(xp.where(there, largest, xp.zeros((), dtype=x.dtype)))",
        "return PoolOutputs(largest)",
        conformance("feature/max_pool"),
    ),
    Mutant(  # an empty sequence takes a gradient
        POOLING,
        "chosen = chosen & step_masks(inputs.lengths, len(x), xp=xp)",
        "chosen = chosen & (x == x)",
        conformance("feature/max_pool"),
    ),
    Mutant(  # the kernel's rows and columns change places
        CONVOLUTION,
        "windows[:, :, p, q] = padded[:, :, rows, columns]",
        "windows[:, :, p, q] = padded[:, :, columns, rows]",
        by_definition,
    ),
    Mutant(  # the border is that of one side
        CONVOLUTION,
        "padded[:, :, padding : padding + Y, padding : padding + X] = images",
        "padded[:, :, :Y, :X] = images",
        by_definition,
    ),
    Mutant(  # windows that overlap do not add up
        CONVOLUTION,
        "d_padded[:, :, rows, columns] += d_windows[:, :, p, q]",
        "d_padded[:, :, rows, columns] = d_windows[:, :, p, q]",
        conformance("feature/conv2d"),
    ),
    Mutant(  # the gradient of the bias leaves the batch out
        CONVOLUTION,
        "d_bias = d_maps.sum(axis=(0, 2))",
        "d_bias = d_maps[:1].sum(axis=(0, 2)) * len(d_maps)",
        conformance("feature/conv2d"),
    ),
    Mutant(  # the gradient comes back off by the border
        CONVOLUTION,
        "inner = slice(dims.padding, dims.padding + dims.Y), "
        "slice(dims.padding, dims.padding + dims.X)",
        "inner = slice(0, dims.Y), slice(0, dims.X)",
        conformance("feature/conv2d"),
    ),
    Mutant(  # windows that overlap do not add up
        IMAGE_POOL,
        "d_images[:, :, rows, columns] += xp.where",
        "d_images[:, :, rows, columns] = xp.where",
        conformance("feature/max_pool2d"),
    ),
    Mutant(  # of equal values the last wins: two pixels may, or the wrong one
        IMAGE_POOL,
        "wins = (values > largest) | (values != values)",
        "wins = (values >= largest) | (values != values)",
        ties_go_to_the_first,
    ),
    Mutant(  # the place is forgotten where the first stays the largest
        IMAGE_POOL,
        "cache.places[...] = xp.where(wins, place, cache.places)",
        "cache.places[...] = place",
        conformance("feature/max_pool2d"),
    ),
]
