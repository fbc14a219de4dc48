"""Numbers and names as people read them: units scaled to their size, intervals, dotted keys."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")),
    "B": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
    "FLOP": ((1e12, "TFLOP"), (1e9, "GFLOP"), (1e6, "MFLOP"), (1.0, "FLOP")),
}
DIGITS = 4


def scale_of(unit: str, values: Iterable[float]) -> tuple[float, str]:
    """(factor, unit) in which the largest value reads well; one scale a column."""
    largest = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    for factor, name in SCALES.get(unit, ()):
        if largest >= factor:
            return factor, name
    return SCALES[unit][-1] if unit in SCALES and largest > 0 else (1.0, unit)


def number(value: float, digits: int = DIGITS) -> str:
    """`digits` significant digits, without an exponent from 1e-4 to 1e7; "" for NaN.

    1234.5 -> 1234, 0.012345 -> 0.01235, 63.10 -> 63.1, 2e9 -> 2e+09
    """
    if math.isnan(value):
        return ""
    if value == 0 or math.isinf(value):
        return f"{value:g}"
    size = math.floor(math.log10(abs(value)))
    if not -5 < size < 7:
        return f"{value:.{digits}g}"
    text = f"{value:.{max(0, digits - 1 - size)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def with_interval(value: float, low: float, high: float) -> str:
    """`63.12 [61.98, 64.25]`, to two digits of the interval's half; alone where it is unknown."""
    if not math.isfinite(low) or not math.isfinite(high) or low == high:
        return number(value)
    decimals = max(0, 1 - math.floor(math.log10((high - low) / 2)))
    return f"{value:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"


def header(metric: str, phase: str, unit: str) -> str:
    """`time forward [ms]`; a unit of 1 is left out."""
    named = f"{metric} {phase}".strip()
    return named if unit in ("", "1") else f"{named} [{unit}]"


def case_label(values: Mapping[str, Any]) -> str:
    """`cell.name=gru, decoder.width=4` of `p.` columns; what a case does not have is left out."""
    told = (f"{name.removeprefix('p.')}={plain(v)}" for name, v in values.items() if plain(v))
    return ", ".join(told)


def plain(value: Any) -> str:
    """A swept value as text; "" for a missing one."""
    if is_missing(value):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def is_missing(value: Any) -> bool:
    """None, pandas' NA, NaN and ""."""
    return value is None or value is pd.NA or bool(value != value) or value == ""


def several(count: int, noun: str) -> str:
    """`1 trial`, `2 trials`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
