"""Rows added up by id, as the product of a sparse matrix of ones with the rows.

SciPy's compressed-column product walks the rows once in order. Its loop `csc_matvecs` adds into an
array that is already there, but is private; without it the public product is taken, which makes an
array of its own first. `SCATTER_IMPL` says which this process has. `np.add.at` and sorting with
`reduceat` take several times as long.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

try:
    from scipy.sparse._sparsetools import csc_matvecs
except ImportError:  # private: may move in any release
    csc_matvecs = None

SCATTER_IMPL = "product" if csc_matvecs is None else "csc_matvecs"


def scatter_add(out: np.ndarray, ids: np.ndarray, rows: np.ndarray) -> None:
    """`out[ids[n]] += rows[n]`: out (V, E) C-contiguous, ids (N,) in range, rows (N, E)."""
    if SCATTER_IMPL == "csc_matvecs" and ids.dtype == np.int32:
        add_by_columns(out, ids, rows)
    else:
        add_by_product(out, ids, rows)


def add_by_columns(out: np.ndarray, ids: np.ndarray, rows: np.ndarray) -> None:
    """By SciPy's private loop, in place."""
    count = len(ids)
    starts, ones = np.arange(count + 1, dtype=np.int32), np.ones(count, out.dtype)
    rows = np.ascontiguousarray(rows).reshape(-1)
    csc_matvecs(len(out), count, out.shape[1], starts, ids, ones, rows, out.reshape(-1))


def add_by_product(out: np.ndarray, ids: np.ndarray, rows: np.ndarray) -> None:
    """By SciPy's public product."""
    count = len(ids)
    starts, ones = np.arange(count + 1), np.ones(count, out.dtype)
    out += sparse.csc_array((ones, ids, starts), shape=(len(out), count)) @ rows
