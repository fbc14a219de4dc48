"""Changes to pooling and convolution that the suite must notice."""

from __future__ import annotations

from mutant import Mutant, conformance

POOLING = "seqbench.kernels.time_pooling"

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
]
