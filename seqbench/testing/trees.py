"""Walks over the nested dataclasses that contracts take and return.

Arrays of a peer (torch) are told by `dtype` and `shape`, as everywhere; NumPy arrays are what host
code works with.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Backend, is_array, named_arrays, tree_map

__all__ = [
    "cast",
    "copied",
    "is_array",
    "is_floating",
    "named_arrays",
    "on_device",
    "on_host",
    "tree_map",
]


def is_floating(value: Any) -> bool:
    """Whether `value` is a NumPy array of floats: what can carry a gradient."""
    return isinstance(value, np.ndarray) and is_float_dtype(value.dtype)


def is_float_dtype(dtype: np.dtype) -> bool:
    """NumPy's own floats, and the bfloat16 that ml_dtypes adds."""
    return dtype.kind == "f" or dtype.name == "bfloat16"


def cast(tree: Any, dtype: str) -> Any:
    """Copies; floating arrays in `dtype`, the others as they were."""
    return tree_map(lambda a: a.astype(dtype) if is_floating(a) else a.copy(), tree)


def copied(tree: Any) -> Any:
    """Copies of every NumPy array."""
    return tree_map(np.copy, tree)


def on_device(tree: Any, backend: Backend) -> Any:
    """Fresh device copies of a host tree."""
    return tree_map(lambda a: backend.to_device(np.array(a, order="C")), tree)


def on_host(tree: Any, backend: Backend) -> Any:
    """NumPy copies of a device tree: plans return views that the next call overwrites."""
    return tree_map(lambda a: np.array(backend.to_host(a)), tree)
