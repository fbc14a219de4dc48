"""`${by_size:tiny,quick,full}`: one config for every size of a run.

Sizes are interpolations and not overrides, so a value that a user sets always wins over them.
"""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import UsageError, unknown_name

SIZES = ("tiny", "quick", "full")


def by_size(*values: Any, _root_: Any) -> Any:
    """The value that belongs to the root setting `size`."""
    size = _root_["size"]
    if size not in SIZES:
        raise unknown_name("size", str(size), SIZES)
    if len(values) != len(SIZES):
        raise UsageError(
            f"by_size has {len(values)} values, expected {len(SIZES)}, one each for "
            f"{', '.join(SIZES)}; write ${{by_size:1,2,3}}"
        )
    return values[SIZES.index(size)]


def register_resolvers() -> None:
    """Make `by_size` known to OmegaConf; repeatable."""
    from omegaconf import OmegaConf

    OmegaConf.register_new_resolver("by_size", by_size, replace=True)
