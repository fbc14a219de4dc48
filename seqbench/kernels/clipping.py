"""A08: gradients cut by value or by their global norm, in place, without waiting for the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seqbench.interfaces import Array, RangeError


def clip_by_global_norm(gradient: Array, max_norm: float, *, xp: Any) -> Array:
    """Scale `gradient` (N,) in place so that its norm is at most `max_norm`; inf only measures.

    Returns the norm before, 0-d on the device. Pascanu et al. (2013), algorithm 1; 1e-6 beside the
    norm keeps a zero gradient zero, as torch does. RangeError unless max_norm > 0.
    """
    norm = global_norm([gradient], xp=xp)
    gradient *= norm_factor(norm, max_norm, xp=xp)
    return norm


def global_norm(gradients: Sequence[Array], *, xp: Any) -> Array:
    """0-d: the norm of all of them as one vector."""
    flat = (gradient.reshape(-1) for gradient in gradients)
    return xp.sqrt(sum(vector @ vector for vector in flat))


def norm_factor(norm: Array, max_norm: float, *, xp: Any) -> Array:
    """0-d: what a gradient of this norm is multiplied by, at most 1."""
    _check_positive("max_norm", max_norm)
    return xp.minimum(max_norm / (norm + 1e-6), 1)


def clip_by_value(gradient: Array, limit: float, *, xp: Any) -> None:
    """Cut every element of `gradient` to [-limit, limit], in place; inf leaves it alone.

    It turns the gradient, which scaling by the norm does not. RangeError unless limit > 0.
    """
    _check_positive("limit", limit)
    xp.clip(gradient, -limit, limit, out=gradient)


def _check_positive(name: str, value: float) -> None:
    if not value > 0:  # NaN is not above 0 either
        raise RangeError(
            f"clipping: {name} is {value}, expected a number above 0; inf turns clipping off"
        )
