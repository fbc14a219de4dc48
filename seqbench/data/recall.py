"""Delayed recall: a symbol, `lag` distractors, a cue; which symbol was it?

After the long time lag problems of Hochreiter & Schmidhuber (1997), experiment 2c, and the copy
task of Arjovsky et al. (2016): distractors are random letters of an alphabet of their own, so
nothing but what was kept of the first step tells the answer. A change of the drawing is another
data set: a test holds the SHA-256.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from .bits import Purpose
from .lagged import Drawn, LaggedCorpus, below, checked_lags, checked_size


def load_recall(
    *,
    seed: int = 0,
    num_train: int | None = 400,
    num_valid: int | None = 100,
    num_test: int | None = 200,
    min_count: int = 1,
    max_length: int = 60,
    root: object = None,
    lags: Sequence[int] = (1, 3, 10, 30, 100),
    num_symbols: int = 8,
    num_distractors: int = 8,
) -> LaggedCorpus:
    """No file is read. Sizes are of each lag; `min_count` and `max_length` are not looked at.

    Sequences of one lag are lag + 2 steps long; chance is 1 / num_symbols.

    Raises
    ------
    UsageError
        If a size is missing or below 1, there is one symbol only, or lags are not ascending whole
        numbers.
    """
    symbols = checked_size("recall", "num_symbols", num_symbols, 2)
    distractors = checked_size("recall", "num_distractors", num_distractors)
    names = tuple(f"s{n}" for n in range(symbols))
    return LaggedCorpus(
        name="recall",
        tokens=(*names, *(f"d{n}" for n in range(distractors)), "?"),
        classes=names,
        lags=checked_lags("recall", lags),
        seed=seed,
        num_train=checked_size("recall", "num_train", num_train),
        num_valid=checked_size("recall", "num_valid", num_valid),
        num_test=checked_size("recall", "num_test", num_test),
        purpose=Purpose.RECALL,
        draw=partial(_draw, symbols=symbols, distractors=distractors),
        words=_words,
    )


def _words(lag: int) -> int:
    return lag + 1


def _draw(raw: np.ndarray, lag: int, *, symbols: int, distractors: int) -> Drawn:
    count = len(raw)
    labels = below(raw[:, 0], symbols)
    ids = np.full((lag + 2, count), symbols + distractors, np.int32)
    ids[0] = labels
    ids[1:-1] = symbols + below(raw[:, 1:], distractors).T
    return ids, np.full(count, lag + 2, np.int32), labels
