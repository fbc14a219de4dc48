"""What counts as no change, by metric: the built-in file, doctor's, or the user's own."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seqbench.interfaces import UsageError, unknown_name

BUILT_IN = Path(__file__).with_name("thresholds.toml")
SECTIONS = ("relative", "absolute", "quality")
KEYS = (*SECTIONS, "rate", "peers")


@dataclass(frozen=True, slots=True)
class Rules:
    """relative : margins of costs and ratios, as a share of the baseline, with a `default`.

    absolute : margins of qualities in their own unit; quality : the `default` share of others.
    """

    relative: Mapping[str, float] = field(default_factory=dict)
    absolute: Mapping[str, float] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    rate: float = 0.05
    peers: tuple[str, ...] = ()
    told: str = "built in"

    def relative_margin(self, metric: str) -> float:
        """`time/torch` is `time` where it has no entry of its own."""
        whole = self.relative.get(metric, self.relative.get(metric.partition("/")[0]))
        return self.relative["default"] if whole is None else whole

    def quality_margin(self, metric: str) -> tuple[float, bool]:
        """(margin, whether it is a share of the baseline)."""
        if metric in self.absolute:
            return self.absolute[metric], False
        return self.relative.get(metric, self.quality["default"]), True


def built_in() -> Rules:
    return _rules(tomllib.loads(BUILT_IN.read_text(encoding="utf-8")), str(BUILT_IN))


def read_rules(path: Path | str, base: Rules | None = None) -> Rules:
    """The built-in rules with those of a TOML or JSON file over them, also doctor's.

    Raises UsageError where it cannot be read or says what makes no sense.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"compare: cannot read the thresholds {path}: {error}; expected TOML, or doctor's JSON"
        ) from error
    if not isinstance(document, dict):
        raise _nonsense(str(path), "the document", document, "sections of margins")
    base = base or built_in()
    return over(base, _of_doctor(document) if "thresholds" in document else document, str(path))


def _of_doctor(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"relative": document["thresholds"]}


def over(base: Rules, document: Mapping[str, Any], where: str) -> Rules:
    """`base` with the entries of a document in place of its own."""
    for key in document:
        if key not in KEYS:
            raise unknown_name(f"threshold in {where}", key, KEYS)
    sections = {
        name: {**getattr(base, name), **_margins(document.get(name, {}), where, name)}
        for name in SECTIONS
    }
    rate = _number(document.get("rate", base.rate), where, "rate")
    if not rate < 1:
        raise _nonsense(where, "rate", rate, "a share between 0 and 1")
    peers = document.get("peers", list(base.peers))
    if not isinstance(peers, list):
        raise _nonsense(where, "peers", peers, "a list of backends")
    return replace(base, **sections, rate=rate, peers=tuple(peers), told=where)


def _rules(document: Mapping[str, Any], where: str) -> Rules:
    return replace(over(Rules(), document, where), told="built in")


def _margins(section: Any, where: str, name: str) -> dict[str, float]:
    if not isinstance(section, Mapping):
        raise _nonsense(where, name, section, "metrics with a margin each")
    return {metric: _number(v, where, f"{name}.{metric}") for metric, v in section.items()}


def _number(value: Any, where: str, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise _nonsense(where, key, value, "a number above 0")
    return float(value)


def _nonsense(where: str, key: str, value: Any, expected: str) -> UsageError:
    return UsageError(
        f"compare: thresholds {where}: {key} is {value!r}, expected {expected}; "
        "see docs/comparing.md"
    )
