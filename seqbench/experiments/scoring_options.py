"""Which translations are scored, and how much of each: `evaluate.options` of the task translate.

Checked when a plan is made, so it imports nothing that computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import UsageError


@dataclass(frozen=True, slots=True)
class ScoringOptions:
    """Sentences by the length of their source, outputs by the share of their words.

    length_bounds : rising numbers of tokens; bucket k of 1 .. n + 1 holds the sources with more
        than bound k - 1 and at most bound k, the first from one token on, the last without end
    length_bucket : the bucket that is decoded and scored; None for all sentences
    kept : of each output the first so many of its words, a share above 0 and up to 1, rounded up;
        None for all of them, and no n-gram precisions among the metrics
    """

    length_bounds: tuple[int, ...] = ()
    length_bucket: int | None = None
    kept: float | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> ScoringOptions:
        """Of `evaluate.options`; what others read there is not looked at.

        Raises UsageError for a value that makes no sense.
        """
        bounds = _bounds(options.get("length_bounds") or ())
        bucket, kept = options.get("length_bucket"), options.get("kept")
        if bucket is not None and (not _whole(bucket) or not 1 <= bucket <= len(bounds) + 1):
            raise UsageError(
                f"evaluate.options.length_bucket is {bucket!r}, expected 1 to {len(bounds) + 1}, "
                f"since evaluate.options.length_bounds is {list(bounds)}; set one of these, or "
                "other bounds"
            )
        if kept is not None and not (_number(kept) and 0 < kept <= 1):
            raise UsageError(
                f"evaluate.options.kept is {kept!r}, expected a share above 0 and up to 1; "
                "set 1.0 for whole outputs"
            )
        return cls(bounds, bucket, kept)

    @property
    def span(self) -> tuple[int, int | None]:
        """The least and the largest number of source tokens in the bucket; None for no end."""
        if self.length_bucket is None:
            return 1, None
        edges = (0, *self.length_bounds, None)
        return (edges[self.length_bucket - 1] or 0) + 1, edges[self.length_bucket]


def _bounds(given: Any) -> tuple[int, ...]:
    found = tuple(given) if isinstance(given, (list, tuple)) else (None,)
    rising = all(_whole(b) and b > a for a, b in zip((0, *found), found, strict=False))
    if not rising:
        raise UsageError(
            f"evaluate.options.length_bounds is {given!r}, expected rising whole numbers of "
            "source tokens; set [6,10,15]"
        )
    return found


def _whole(value: Any) -> bool:
    return type(value) is int


def _number(value: Any) -> bool:
    return type(value) in (int, float)
