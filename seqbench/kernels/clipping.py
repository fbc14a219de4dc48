"""A08: gradients cut by value or by their global norm, in place, without waiting for the device."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Array


def clip_by_global_norm(gradient: Array, max_norm: float, *, xp: Any) -> Array:
    """Scale `gradient` (N,) in place so that its norm is at most `max_norm`; inf only measures.

    Returns the norm before, 0-d on the device. Pascanu et al. (2013), algorithm 1; 1e-6 beside the
    norm keeps a zero gradient zero, as torch does.
    """
    norm = xp.sqrt(gradient @ gradient)
    gradient *= xp.minimum(max_norm / (norm + 1e-6), 1)
    return norm


def clip_by_value(gradient: Array, limit: float, *, xp: Any) -> None:
    """Cut every element of `gradient` to [-limit, limit], in place."""
    xp.clip(gradient, -limit, limit, out=gradient)
