"""Rows added up by id, as the product of a sparse matrix of ones with the rows.

SciPy's compressed-column product walks the rows once in order. Its loop `csc_matvecs` adds into an
array that is already there, but is private; the public product makes an array of its own first.
2048 rows of 256 into 10,000 on Zen 3: 0.3 ms, 3.1 ms, `np.add.at` 8.4 ms.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

try:
    from scipy.sparse._sparsetools import csc_matvecs
except ImportError:  # private: may move in any release
    csc_matvecs = None


def add_by_columns(out: np.ndarray, ids: np.ndarray, rows: np.ndarray) -> None:
    """`out[ids[n]] += rows[n]` by SciPy's private loop, in place.

    out : (V, E) C-contiguous; ids : (N,) int32 in [0, V); rows : (N, E)
    """
    count = len(ids)
    starts, ones = np.arange(count + 1, dtype=np.int32), np.ones(count, out.dtype)
    rows = np.ascontiguousarray(rows).reshape(-1)
    csc_matvecs(len(out), count, out.shape[1], starts, ids, ones, rows, out.reshape(-1))


def add_by_product(out: np.ndarray, ids: np.ndarray, rows: np.ndarray) -> None:
    """The same by SciPy's public product."""
    count = len(ids)
    starts, ones = np.arange(count + 1), np.ones(count, out.dtype)
    out += sparse.csc_array((ones, ids, starts), shape=(len(out), count)) @ rows
