"""What operations on word vectors share: the table, its checks, unit rows, exact top-k."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Array, DtypeError, RangeError, ShapeError

from ._ids import check_ids


@dataclass(frozen=True, slots=True)
class VectorTable:
    """vectors : (V, E), a row a word."""

    vectors: Array


def norms_of(rows: Array, *, xp: Any) -> Array:
    """(N, 1) Euclidean lengths of (N, E)."""
    return xp.sqrt((rows * rows).sum(axis=1, keepdims=True))


def unit_rows(rows: Array, *, xp: Any) -> Array:
    """(N, E) of length one; a zero row stays zero, so its cosine with everything is 0."""
    norms = norms_of(rows, xp=xp)
    return rows / xp.where(norms == 0, xp.ones_like(norms), norms)


def without(scores: Array, excluded: Array, *, xp: Any) -> Array:
    """(N, V) with -inf at the ids `excluded` (N, X) of each row; a negative id excludes nothing."""
    words = xp.arange(scores.shape[1])[None, :]
    for column in range(excluded.shape[1]):
        scores = xp.where(words == excluded[:, column, None], -xp.inf, scores)
    return scores


def top_k(scores: Array, k: int, *, xp: Any) -> tuple[Array, Array]:
    """(ids (N, k) int32, scores (N, k)), best first; of equal scores the lowest id first."""
    order = xp.argsort(-scores, axis=1, kind="stable")[:, :k]
    return order.astype("int32"), xp.take_along_axis(scores, order, axis=1)


# -- checks -------------------------------------------------------------------------------------


def check_table(operation: str, vectors: Array) -> None:
    """Raise unless `vectors` are (V, E), floating, finite, V and E at least 1."""
    check_rows(operation, "vectors", vectors, None)
    if vectors.shape[0] == 0 or vectors.shape[1] == 0:
        raise ShapeError(
            f"{operation}: vectors are {tuple(vectors.shape)}, expected (V, E) with both at least "
            "1; load some words"
        )


def check_rows(operation: str, name: str, rows: Array, size: int | None) -> None:
    """Raise unless `rows` are (N, E), floating and finite; E is `size` where given."""
    if rows.ndim != 2 or (size is not None and rows.shape[1] != size):
        raise ShapeError(
            f"{operation}: {name} are {tuple(rows.shape)}, expected (N, {size or 'E'}); give a "
            "row a word"
        )
    if "float" not in str(rows.dtype):
        raise DtypeError(
            f"{operation}: {name} are {rows.dtype}, expected a floating dtype; cast with astype"
        )
    finite = abs(rows).max(axis=1) < float("inf") if 0 not in rows.shape else rows != rows
    if rows.shape[0] and not finite.all():
        row = int((~finite).argmax())
        raise RangeError(
            f"{operation}: row {row} of the {name} is not finite, expected numbers; drop the word"
        )


def check_not_zero(operation: str, name: str, rows: Array) -> None:
    """Raise RangeError for a row of zeros: it has no direction."""
    zero = (rows == 0).all(axis=1)
    if zero.any():
        raise RangeError(
            f"{operation}: row {int(zero.argmax())} of the {name} is zero, expected a direction: "
            "its cosine is undefined; drop the word"
        )


def check_columns(operation: str, name: str, ids: Array, columns: int | None, size: int) -> None:
    """Raise unless `ids` are (N, columns) integers in [0, size)."""
    if ids.ndim != 2 or (columns is not None and ids.shape[1] != columns):
        raise ShapeError(
            f"{operation}: {name} are {tuple(ids.shape)}, expected (N, {columns or 'X'}); give a "
            "row a query"
        )
    check_ids(operation, name, ids, size)


def check_k(operation: str, k: int, vocab_size: int, excluded: int) -> None:
    """Raise RangeError unless k words are left when `excluded` are taken out."""
    left = vocab_size - excluded
    if not 1 <= k <= left:
        raise RangeError(
            f"{operation}: k is {k}, expected 1 to {left}: of {vocab_size} words {excluded} are "
            "excluded; ask for fewer"
        )
