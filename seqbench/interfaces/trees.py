"""Walks over the nested dataclasses that contracts take and return; arrays are told by their look.

An array of any library has `dtype` and `shape`. NumPy is not imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any


def is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")


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
