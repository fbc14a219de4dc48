"""What an experiment claims: what is said, which numbers would show it, and how sure they must be.

A claim is fixed in its experiment's config before the first full run; the answer is a function of
the rows alone (`seqbench.results.claims`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import UsageError

EFFECTS = ("level", "difference", "ratio", "exponent", "slope", "r_squared")
TESTS = ("t", "order")
UNITS = ("seed", "round")


@dataclass(frozen=True, slots=True)
class Part:
    """One number with an interval, and the side of `at_least` or `at_most` it has to lie on.

    effect : `level`, the metric of the rows `of` selects; `difference` (of minus against) and
        `ratio` (of over against), paired by seed or round; `exponent`, `slope` and `r_squared` of
        the metric along the swept key `along` (logarithms of both for the exponent)
    of, against : swept dotted key -> value, or list of values that are averaged
    against_metric : where the two sides are different metrics of the same rows
    phase : of the metric, where it has several ("" takes any)
    along_metric : instead of a swept key, a metric of the same trials as x
    smallest : the least x that is fitted, where growth is told of large sizes only
    over : what is independent: `seed` for trained quality, `round` for times
    """

    metric: str
    effect: str = "level"
    of: Mapping[str, Any] = field(default_factory=dict)
    against: Mapping[str, Any] = field(default_factory=dict)
    against_metric: str = ""
    phase: str = ""
    along: str = ""
    along_metric: str = ""
    smallest: float | None = None
    over: str = "seed"
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """`says` is the claim in a sentence; it holds when every part does.

    seeds, rounds : fewer than that of a part's unit leave it undecided
    test : `t`, Student's interval of the mean; `order`, the range of the values about the median
    confidence : of each part's interval, before it is corrected for the number of parts
    supported, refuted : what either answer says, in the words of the claim
    """

    says: str = ""
    supported: str = ""
    refuted: str = ""
    parts: Mapping[str, Part] = field(default_factory=dict)
    seeds: int = 3
    rounds: int = 3
    test: str = "t"
    confidence: float = 0.95

    def __bool__(self) -> bool:
        return bool(self.parts)


def claim(plain: Mapping[str, Any], place: str = "experiment.claim") -> Claim:
    """A claim of a plain mapping; an empty one is no claim.

    Raises UsageError, naming the setting, its value and what was expected.
    """
    _known(plain, Claim, place)
    parts = plain.get("parts") or {}
    if not isinstance(parts, Mapping):
        raise UsageError(f"{place}.parts is {parts!r}, expected names with a part each")
    read = {str(name): _part(p, f"{place}.parts.{name}") for name, p in parts.items()}
    found = Claim(**{**plain, "parts": read})
    _one_of(found.test, TESTS, f"{place}.test")
    if parts and not found.says:
        raise UsageError(f"{place}.says is empty, expected the claim in a sentence; say it")
    for name in ("seeds", "rounds"):
        if type(getattr(found, name)) is not int or getattr(found, name) < 2:
            raise UsageError(
                f"{place}.{name} is {getattr(found, name)!r}, expected a whole number of at least "
                "2: one alone has no interval; set 3"
            )
    if not 0.5 <= found.confidence < 1:
        raise UsageError(
            f"{place}.confidence is {found.confidence}, expected 0.5 or more and below 1; set 0.95"
        )
    return found


def _part(plain: Any, place: str) -> Part:
    if not isinstance(plain, Mapping):
        raise UsageError(f"{place} is {plain!r}, expected a mapping with a metric and a bound")
    _known(plain, Part, place)
    if not plain.get("metric"):
        raise UsageError(f"{place}.metric is missing, expected a metric of the rows; name one")
    part = Part(**plain)
    _one_of(part.effect, EFFECTS, f"{place}.effect")
    _one_of(part.over, UNITS, f"{place}.over")
    if (part.at_least is None) == (part.at_most is None):
        raise UsageError(
            f"{place} has at_least={part.at_least} and at_most={part.at_most}, expected one of "
            "them; set the bound that the claim names"
        )
    contrast = part.effect in ("difference", "ratio")
    if contrast != bool(part.against or part.against_metric):
        raise UsageError(
            f"{place} has effect {part.effect!r} and against={dict(part.against)}, expected rows "
            "to set it against for a difference or a ratio and none else; mend one of the two"
        )
    grows = part.effect in ("exponent", "slope", "r_squared")
    if grows != bool(part.along or part.along_metric):
        raise UsageError(
            f"{place} has effect {part.effect!r} and along={part.along!r}, expected a swept key or "
            "a metric for a growth and none else; mend one of the two"
        )
    return part


def _known(plain: Any, cls: Any, place: str) -> None:
    for name in plain:
        if name not in cls.__dataclass_fields__:
            raise UsageError(
                f"{place} has no setting {name!r}, known: {', '.join(cls.__dataclass_fields__)}"
            )


def _one_of(value: str, known: tuple[str, ...], place: str) -> None:
    if value not in known:
        raise UsageError(f"{place} is {value!r}, expected one of {', '.join(known)}")
