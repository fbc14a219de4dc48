"""What is independent in a table, a seed or a round, and the value of an effect in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

UNIT_COLUMNS = {"seed": ["seed"], "round": ["seed", "round"]}


@dataclass(frozen=True, slots=True)
class Measured:
    """What the rows say of one part of a claim.

    units : name of a seed (`seed 0`) or round -> value, in the effect's own scale
    item_error : standard error of their mean over the items of the test set; of the logarithm for a
        ratio; 0 where the rows keep no items
    reason : why there is no value, or not one of every unit; "" where nothing is missing
    """

    units: Mapping[str, float] = field(default_factory=dict)
    item_error: float = 0.0
    reason: str = ""


def unit_name(over: str, key: Any) -> str:
    """`seed 0`, `seed 0 round 2` of a key of UNIT_COLUMNS."""
    numbers = key if isinstance(key, tuple) else (key,)
    words = ("seed", "round") if over == "round" else ("seed",)
    return " ".join(f"{word} {int(value)}" for word, value in zip(words, numbers, strict=True))
