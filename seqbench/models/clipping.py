"""A08: clipping of gradients by value and by global norm, over several tensors at once."""

from __future__ import annotations

from collections.abc import Sequence

from seqbench.interfaces import Array, Kernels
from seqbench.kernels.clipping import clip_by_value, global_norm, norm_factor


class GradientClipping:
    """In place, on any backend; a model whose gradients are one vector needs the kernels alone."""

    def __init__(self, kernels: Kernels) -> None:
        self._xp = kernels.backend.xp

    def by_norm(self, gradients: Sequence[Array], max_norm: float) -> Array:
        """Scale all of them by one factor, so that their global norm is at most `max_norm`.

        Returns the norm before, 0-d on the device. RangeError unless max_norm > 0.
        """
        xp = self._xp
        norm = global_norm(gradients, xp=xp)
        factor = norm_factor(norm, max_norm, xp=xp)
        for gradient in gradients:
            gradient *= factor
        return norm

    def by_value(self, gradients: Sequence[Array], limit: float) -> None:
        """Cut every element to [-limit, limit]. RangeError unless limit > 0."""
        for gradient in gradients:
            clip_by_value(gradient, limit, xp=self._xp)
