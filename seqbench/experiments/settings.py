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
    if not isinstance(mapping, Mapping):
        expected = f"settings ({', '.join(f.name for f in fields(cls))})"  # type: ignore[arg-type]
        raise UsageError(_wrong(path, mapping, expected))
    hints = _hints(cls)
    known = _fields(cls)
    for key in mapping:
        if key not in known:
            raise _unknown_key(path, str(key), known)
    values = {}
    for name, info in known.items():
        dotted = f"{path}.{name}" if path else name
        value = mapping.get(name, "???")
        if isinstance(value, str) and value == "???":
            if _has_default(info):
                continue
            raise _missing(dotted, hints[name], _range(info))
        values[name] = _value(hints[name], value, dotted, _range(info))
    return cls(**values)


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


@functools.cache
def _fields(cls: type) -> dict[str, Field[Any]]:
    return {f.name: f for f in fields(cls)}


def _range(info: Field[Any]) -> Range:
    found: Range = info.metadata.get("range", Range())
    return found


def _has_default(info: Field[Any]) -> bool:
    return info.default is not MISSING or info.default_factory is not MISSING


def _value(hint: Any, value: Any, path: str, limits: Range) -> Any:
    """`value` as the type `hint` says, or UsageError."""
    if is_dataclass(hint):
        if isinstance(value, hint):  # type: ignore[arg-type]
            return value  # built before
        return from_mapping(hint, value, path)  # type: ignore[arg-type]
    allowed = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    for one in allowed:
        converted = _as(one, value)
        if converted is not MISSING:
            if converted not in limits:
                raise _not_this(path, value, hint, limits)
            return converted
    raise _not_this(path, value, hint, limits)


def _as(hint: Any, value: Any) -> Any:
    """`value` as one plain type, MISSING where it is not of it. True is no number."""
    if hint is Any:
        return value
    if hint is type(None):
        return None if value is None else MISSING
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else MISSING
    origin = get_origin(hint) or hint
    if origin in (dict, Mapping):
        return dict(value) if isinstance(value, Mapping) else MISSING
    if origin in (tuple, list, Sequence):
        return tuple(value) if isinstance(value, list | tuple) else MISSING
    if isinstance(value, bool) and hint is not bool:
        return MISSING
    return value if isinstance(value, hint) else MISSING


def _expected(hint: Any, limits: Range) -> str:
    allowed = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    names = [_type_name(one) for one in allowed]
    return " ".join(word for word in (" or ".join(names), str(limits)) if word)


def _type_name(hint: Any) -> str:
    if hint is type(None):
        return "null"
    origin = get_origin(hint) or hint
    return {tuple: "list", Mapping: "mapping", dict: "mapping"}.get(origin, origin.__name__)


def _wrong(path: str, value: Any, expected: str) -> str:
    return f"{path or 'the config'} is {value!r} ({type(value).__name__}), expected {expected}"


def _not_this(path: str, value: Any, hint: Any, limits: Range) -> UsageError:
    return UsageError(_wrong(path, value, _expected(hint, limits)) + _next_step(path, limits))


def _missing(path: str, hint: Any, limits: Range) -> UsageError:
    expected = _expected(hint, limits)
    return UsageError(f"{path} is missing, expected {expected}{_next_step(path, limits)}")


def _next_step(path: str, limits: Range) -> str:
    example = limits.choices[0] if limits.choices else limits.example
    return f"; set {path}={'VALUE' if example is None else example}"


def _unknown_key(path: str, key: str, known: Mapping[str, Any]) -> UsageError:
    close = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
    hint = "; did you mean " + " or ".join(repr(c) for c in close) + "?" if close else ";"
    free = f" (a plugin's own go under {path}.options)" if "options" in known else ""
    where = path or "the config"
    return UsageError(f"{where} has no setting {key!r}{hint} known: {', '.join(known)}{free}")
