"""Plain mappings to frozen dataclasses, with messages a user can act on.

A field carries its range in its metadata (`setting`), so a range is written once, beside the name.
"""

from __future__ import annotations

import difflib
import functools
import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from seqbench.interfaces import UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Range:
    """What a value may be, and one to show."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()
    example: Any = None

    def __contains__(self, value: Any) -> bool:
        if self.choices and value not in self.choices:
            return False
        if isinstance(value, str) or value is None:
            return True
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        limits = (("≥", self.at_least), (">", self.above), ("≤", self.at_most), ("<", self.below))
        words = [f"{sign} {limit:g}" for sign, limit in limits if limit is not None]
        if self.choices:
            words.append("one of " + ", ".join(self.choices))
        return " and ".join(words)


def setting(**limits: Any) -> Any:
    """A dataclass field with a `Range`; see there for the words."""
    default = limits.pop("default", MISSING)
    return field(default=default, metadata={"range": Range(**limits)})


def size_setting(example: int) -> Any:
    """A whole number, at least 1."""
    return setting(at_least=1, example=example)


def from_mapping(cls: type[T], mapping: Any, path: str = "") -> T:
    """Build dataclass `cls` from a plain mapping; `path` is where it stands in the config.

    Raises UsageError for a missing or unknown key (with candidates), a wrong type and a value out
    of range; each message names the dotted key, the value, what was expected and what to set.
    """
    slots: dict[str, Slot] = _slots(cls)  # type: ignore[arg-type]
    if not isinstance(mapping, Mapping):
        raise UsageError(_wrong(path, mapping, f"settings ({', '.join(slots)})"))
    for key in mapping:
        if key not in slots:
            raise _unknown_key(path, str(key), slots)
    values = {}
    for name, slot in slots.items():
        value = mapping.get(name, MISSING)
        if slot.section is not None and type(value) is slot.section:
            values[name] = value  # built before
        elif value is not MISSING and value != "???":
            values[name] = _value(slot, value, f"{path}.{name}" if path else name)
        elif not slot.has_default:
            raise _missing(f"{path}.{name}" if path else name, slot)
    return cls(**values)


@dataclass(frozen=True, slots=True)
class Slot:
    """One field as the builder sees it: the types it allows, its range, its own section."""

    allowed: tuple[Any, ...]
    limits: Range
    section: type | None
    has_default: bool

    @property
    def expected(self) -> str:
        names = " or ".join(_type_name(one) for one in self.allowed)
        return " ".join(word for word in (names, str(self.limits)) if word)


@functools.cache
def _slots(cls: Any) -> dict[str, Slot]:
    hints = get_type_hints(cls)
    return {f.name: _slot(hints[f.name], f) for f in fields(cls)}


def _slot(hint: Any, info: Field[Any]) -> Slot:
    union = get_origin(hint) in (Union, types.UnionType)
    return Slot(
        allowed=get_args(hint) if union else (hint,),
        limits=info.metadata.get("range", Range()),
        section=hint if is_dataclass(hint) and isinstance(hint, type) else None,
        has_default=info.default is not MISSING or info.default_factory is not MISSING,
    )


def _value(slot: Slot, value: Any, path: str) -> Any:
    """`value` as the field takes it, or UsageError."""
    if slot.section is not None:
        return from_mapping(slot.section, value, path)
    for one in slot.allowed:
        converted = _as(one, value)
        if converted is not MISSING and converted in slot.limits:
            return converted
    raise UsageError(_wrong(path, value, slot.expected) + _next_step(path, slot.limits))


def _as(hint: Any, value: Any) -> Any:
    """`value` as one plain type, MISSING where it is not of it. True is no number."""
    if type(value) is hint:
        return MISSING if hint is float and not math.isfinite(value) else value
    if hint is Any:
        return value
    if hint is float:
        return float(value) if type(value) is int else MISSING
    origin = get_origin(hint) or hint
    if origin in (dict, Mapping):
        return dict(value) if isinstance(value, Mapping) else MISSING
    if origin in (tuple, list, Sequence):
        return tuple(value) if isinstance(value, list | tuple) else MISSING
    return MISSING


def _type_name(hint: Any) -> str:
    if hint is type(None):
        return "null"
    origin = get_origin(hint) or hint
    return {tuple: "list", Mapping: "mapping", dict: "mapping"}.get(origin, str(origin.__name__))


def _wrong(path: str, value: Any, expected: str) -> str:
    return f"{path or 'the config'} is {value!r} ({type(value).__name__}), expected {expected}"


def _missing(path: str, slot: Slot) -> UsageError:
    return UsageError(f"{path} is missing, expected {slot.expected}{_next_step(path, slot.limits)}")


def _next_step(path: str, limits: Range) -> str:
    example = limits.choices[0] if limits.choices else limits.example
    return f"; set {path}={'VALUE' if example is None else example}"


def _unknown_key(path: str, key: str, known: Mapping[str, Any]) -> UsageError:
    close = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
    hint = "; did you mean " + " or ".join(repr(c) for c in close) + "?" if close else ";"
    free = f" (a plugin's own go under {path}.options)" if "options" in known else ""
    where = path or "the config"
    return UsageError(f"{where} has no setting {key!r}{hint} known: {', '.join(known)}{free}")
