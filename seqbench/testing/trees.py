"""Walks over the nested dataclasses that contracts take and return.

Arrays of a peer (torch) are told by `dtype` and `shape`, as everywhere; NumPy arrays are what host
code works with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from seqbench.interfaces import Backend


def is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")


def is_floating(value: Any) -> bool:
    """Whether `value` is a NumPy array of floats: what can carry a gradient."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def tree_map(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same tree with `function` applied to every array; other leaves stay."""
    if is_dataclass(tree) and not isinstance(tree, type):
        return replace(
            tree, **{f.name: tree_map(function, getattr(tree, f.name)) for f in fields(tree)}
        )
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(tree_map(function, item) for item in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)(tree_map(function, item) for item in tree)
    if isinstance(tree, dict):
        return {name: tree_map(function, item) for name, item in tree.items()}
    return function(tree) if is_array(tree) else tree


def named_arrays(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, array) of every array, in field order."""
    if is_array(tree):
        yield prefix, tree
        return
    dot = prefix + "." if prefix else ""
    if is_dataclass(tree) and not isinstance(tree, type):
        for field in fields(tree):
            yield from named_arrays(getattr(tree, field.name), dot + field.name)
    elif isinstance(tree, dict):
        for name, item in tree.items():
            yield from named_arrays(item, dot + str(name))
    elif isinstance(tree, (tuple, list)):
        names = getattr(tree, "_fields", range(len(tree)))
        for name, item in zip(names, tree, strict=True):
            yield from named_arrays(item, dot + str(name))


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
