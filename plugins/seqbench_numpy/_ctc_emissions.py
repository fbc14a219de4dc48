"""What CTC's recursion multiplies by: each frame's probabilities of a sequence's own labels.

Both functions fill probs (T, B, V) with the softmax, label_rows (T, L, B) and blanks (T, 2, 1, B)
with the emissions, and return the logarithm (T, B) of what they divided a frame's by. columns
(L, B) are the labels' places in a frame's B V numbers; `own` (T, L, B) is a buffer.
"""

from __future__ import annotations

import math

import numpy as np

LARGEST_LOGIT = 70
"""In size: float32 then holds every exponential, and their sum over 1e8 classes, at full digits."""


def unshifted(
    logits: np.ndarray,
    columns: np.ndarray,
    blank_id: int,
    probs: np.ndarray,
    own: np.ndarray,
    label_rows: np.ndarray,
    blanks: np.ndarray | None,
) -> np.ndarray:
    """From the exponentials as they are: one a class, none a label.

    Emissions are divided by the blank's, whose own is then 1; where `blanks` (T, 2, 1, B) asks for
    blanks of their own, by the largest of the sequence's.
    """
    np.exp(logits, out=probs)
    _take(probs, columns, own)
    divisor = blank = probs[:, :, blank_id]
    if blanks is not None:  # float64: a label may be e^-140 of the largest
        divisor = np.maximum(own.max(axis=1, initial=0), blank).astype(np.float64)
        _both_ways(np.divide(blank, divisor), blanks)
    np.divide(own, divisor[:, None], out=label_rows)
    log_scale: np.ndarray = np.log(divisor, dtype=np.float64)
    log_scale -= np.log(_normalise(probs), dtype=np.float64)
    return log_scale


def shifted(
    logits: np.ndarray,
    columns: np.ndarray,
    blank_id: int,
    probs: np.ndarray,
    own: np.ndarray,
    label_rows: np.ndarray,
    blanks: np.ndarray,
    inside: np.ndarray,
) -> np.ndarray:
    """For logits of any size: exponentials of differences to the largest, a class and a label."""
    np.subtract(logits, logits.max(axis=2, keepdims=True), out=probs)
    _take(probs, columns, own)
    blank = probs[:, :, blank_id]
    top = np.maximum(own.max(axis=1, initial=-math.inf), blank)
    top = np.where(inside & (top > -math.inf), top, 0)
    np.subtract(own, top[:, None], out=label_rows)
    np.exp(label_rows, out=label_rows)
    _both_ways(np.exp(blank - top, dtype=np.float64), blanks)  # 1 past a length
    np.exp(probs, out=probs)
    log_scale: np.ndarray = top - np.log(_normalise(probs), dtype=np.float64)
    return log_scale


def _take(probs: np.ndarray, columns: np.ndarray, own: np.ndarray) -> None:
    """`clip` writes straight into `own`; every column is in range."""
    T, B, V = probs.shape
    probs.reshape(T, B * V).take(columns, axis=1, out=own, mode="clip")


def _both_ways(blank: np.ndarray, blanks: np.ndarray) -> None:
    """Half 1 is half 0 with time backwards."""
    blanks[:, 0, 0] = blank
    blanks[:, 1, 0] = blank[::-1]


def _normalise(probs: np.ndarray) -> np.ndarray:
    """In place: rows that sum to one; returns their sums (T, B)."""
    sums: np.ndarray = probs @ np.ones(probs.shape[2], probs.dtype)
    probs /= sums[..., None]
    return sums
