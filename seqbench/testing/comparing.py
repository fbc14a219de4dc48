"""Errors between arrays, tolerances, and the failure that tells where two results part."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import SeqbenchError

from .trees import is_float_dtype, named_arrays

TOLERANCES = {"float64": 1e-10, "float32": 1e-5, "float16": 2e-3, "bfloat16": 1.6e-2}
"""Largest error of a forward result, against float64 on the same rounded inputs."""

GRADIENT_TOLERANCES = {"float64": 1e-10, "float32": 1e-4, "float16": 2e-2, "bfloat16": 1.6e-1}

SCALE_FLOOR = 1e-3
"""A tensor whose largest value is below this is all cancellation: inputs are of order one, and
rounding noise over an exact zero is no error."""


class CheckFailure(SeqbenchError, AssertionError):  # noqa: N818 (a failed check, not a fault)
    """An implementation does not do what its contract says."""


def relative_error(actual: np.ndarray, expected: np.ndarray) -> float:
    """max|actual - expected| / max|expected|; inf where NaN or infinities stand differently."""
    if actual.size == 0:
        return 0.0
    finite = np.isfinite(expected)
    if not np.array_equal(actual[~finite], expected[~finite], equal_nan=True):
        return float("inf")
    if not finite.any():
        return 0.0
    difference = np.abs(actual[finite].astype("float64") - expected[finite]).max()
    scale = max(float(np.abs(expected[finite]).max()), SCALE_FLOOR)
    return float(difference / scale) if np.isfinite(difference) else float("inf")


def require_equal(what: str, actual: Any, expected: Any, tolerance: float) -> None:
    """Raise CheckFailure unless both trees have the same arrays, floating ones within `tolerance`.

    Integers and booleans must be equal; a tolerance of 0 asks for the same bits.
    """
    found = dict(named_arrays(actual))
    wanted = dict(named_arrays(expected))
    for name, array in wanted.items():
        where = f"{what}: {name}" if name else what
        if name not in found:
            raise CheckFailure(f"{where} is None, expected an array {array.shape}")
        _require_array(where, found[name], array, tolerance)
    odd = sorted(set(found) - set(wanted))
    if odd:
        raise CheckFailure(f"{what}: {odd[0]} is an array, expected None")


def _require_array(what: str, actual: Any, expected: Any, tolerance: float) -> None:
    if actual.shape != expected.shape:
        raise CheckFailure(f"{what} is {actual.shape}, expected {expected.shape}")
    floating = is_float_dtype(expected.dtype)
    if floating and tolerance > 0:
        error = relative_error(actual, expected)
        if error <= tolerance:
            return
        told = f"differs by {error:.2g} of its largest value, allowed {tolerance:g}"
    elif np.array_equal(actual, expected, equal_nan=floating):
        return
    else:
        told = "is not the same"
    worst = _worst(actual, expected)
    raise CheckFailure(
        f"{what} {told}; at {list(worst)} it is {actual[worst]!s}, expected {expected[worst]!s}"
    )


def _worst(actual: np.ndarray, expected: np.ndarray) -> tuple[int, ...]:
    """The index where the two differ most; a NaN on one side alone is worse than any number."""
    both_nan = (actual != actual) & (expected != expected)
    gap = np.where((actual == expected) | both_nan, 0.0, np.inf)
    finite = np.isfinite(actual) & np.isfinite(expected)
    gap[finite] = np.abs(actual[finite].astype("float64") - expected[finite])
    return tuple(int(n) for n in np.unravel_index(int(gap.argmax()), gap.shape))
