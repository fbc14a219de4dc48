"""BLEU from its counts, on the host: precisions, smoothing, brevity penalty, the geometric mean.

Papineni et al. (2002), section 2.3; smoothing by Chen & Cherry (2014), methods 1 (`floor`), 2
(`add-k`) and 3 (`exp`). `math.log` and `math.exp` on Python floats, in the order sacreBLEU takes
them, so that scores agree to the last bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from seqbench.interfaces import RangeError, unknown_name

SMOOTHINGS: dict[str, float | None] = {"none": None, "floor": 0.1, "add-k": 1.0, "exp": None}
"""Each smoothing and the default of its value, None where it takes none."""


@dataclass(frozen=True, slots=True)
class Smoothing:
    """A smoothing by name; `value` is floor's epsilon or add-k's k, None for the default."""

    name: str = "exp"
    value: float | None = None

    def __post_init__(self) -> None:
        if self.name not in SMOOTHINGS:
            raise unknown_name("BLEU smoothing", self.name, SMOOTHINGS)
        default = SMOOTHINGS[self.name]
        if default is None and self.value is not None:
            raise RangeError(
                f"bleu: smooth_value is {self.value} with smoothing {self.name!r}, which takes "
                "none; leave it out"
            )
        if self.value is not None and not 0 <= self.value < math.inf:
            raise RangeError(
                f"bleu: smooth_value is {self.value}, expected a number of at least 0; "
                f"the default is {default}"
            )
        object.__setattr__(self, "value", default if self.value is None else self.value)

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}[{self.value:.2f}]"


@dataclass(frozen=True, slots=True)
class BleuScore:
    """score and precisions from 0 to 100; counts and totals as counted, before smoothing.

    `signature` says how the score came about, as sacreBLEU's does.
    """

    score: float
    precisions: tuple[float, ...]
    counts: tuple[int, ...]
    totals: tuple[int, ...]
    brevity_penalty: float
    sys_len: int
    ref_len: int
    signature: str = ""


def brevity_penalty(sys_len: int, ref_len: int) -> float:
    """exp(1 - ref / sys) where the output is not longer, 0 for an empty one against something."""
    if sys_len >= ref_len:
        return 1.0
    return math.exp(1 - ref_len / sys_len) if sys_len > 0 else 0.0


def bleu_score(
    counts: Sequence[int],
    totals: Sequence[int],
    sys_len: int,
    ref_len: int,
    *,
    smoothing: Smoothing,
    effective_order: bool = False,
    signature: str = "",
) -> BleuScore:
    """BLEU of summed statistics; 0 where nothing matches.

    effective_order : average over the orders that the output is long enough to have.
    """
    counts, totals = tuple(map(int, counts)), tuple(map(int, totals))
    penalty = brevity_penalty(sys_len, ref_len)
    precisions, order = _precisions(counts, totals, smoothing)
    used = precisions[: order if effective_order else len(precisions)]
    score = 0.0
    if any(counts) and all(p > 0 for p in used):
        score = penalty * math.exp(sum(math.log(p) for p in used) / len(used))
    return BleuScore(
        score, tuple(precisions), counts, totals, penalty, int(sys_len), int(ref_len), signature
    )


def _precisions(
    counts: tuple[int, ...], totals: tuple[int, ...], smoothing: Smoothing
) -> tuple[list[float], int]:
    """Precisions from 0 to 100 and the highest order that has any n-gram."""
    precisions = [0.0] * len(counts)
    if not any(counts):
        return precisions, len(counts)
    halvings, order = 1.0, len(counts)
    for n, (count, total) in enumerate(zip(counts, totals, strict=True)):
        k = smoothing.value or 0.0 if smoothing.name == "add-k" and n > 0 else 0
        if total + k == 0:
            break
        order = n + 1
        if count + k > 0:
            precisions[n] = 100.0 * (count + k) / (total + k)
        elif smoothing.name == "exp":
            halvings *= 2
            precisions[n] = 100.0 / (halvings * total)
        elif smoothing.name == "floor":
            precisions[n] = 100.0 * (smoothing.value or 0.0) / total
    return precisions, order
