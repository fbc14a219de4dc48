"""Intervals to be measured: two ticks, and how many steps lay between them?

After the delays that Gers, Schraudolph & Schmidhuber (2002) let networks with peepholes measure and
time: nothing happens between the ticks, so the steps themselves have to be counted, to one in
`lag`. The first tick comes after a random pause, so the length of the sequence does not tell. A
change of the drawing is another data set: a test holds the SHA-256.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from .bits import Purpose
from .lagged import Drawn, LaggedCorpus, below, checked_lags, checked_size

REST, TICK = 0, 1


def load_intervals(
    *,
    seed: int = 0,
    num_train: int | None = 400,
    num_valid: int | None = 100,
    num_test: int | None = 200,
    min_count: int = 1,
    max_length: int = 60,
    root: object = None,
    lags: Sequence[int] = (1, 3, 10, 30),
    num_classes: int = 8,
) -> LaggedCorpus:
    """No file is read. Sizes are of each lag; `min_count` and `max_length` are not looked at.

    The ticks of class k are lag + k steps apart, 0 <= k < num_classes, and the pause before the
    first is 0 to num_classes - 1 steps; the sequence ends at the second. Chance is 1 / num_classes.

    Raises
    ------
    UsageError
        If a size is missing or below 1, there is one class only, or lags are not ascending whole
        numbers.
    """
    classes = checked_size("intervals", "num_classes", num_classes, 2)
    return LaggedCorpus(
        name="intervals",
        tokens=(".", "|"),
        classes=tuple(f"+{k}" for k in range(classes)),
        lags=checked_lags("intervals", lags),
        seed=seed,
        num_train=checked_size("intervals", "num_train", num_train),
        num_valid=checked_size("intervals", "num_valid", num_valid),
        num_test=checked_size("intervals", "num_test", num_test),
        purpose=Purpose.INTERVALS,
        draw=partial(_draw, classes=classes),
        words=_words,
    )


def _words(lag: int) -> int:
    return 2


def _draw(raw: np.ndarray, lag: int, *, classes: int) -> Drawn:
    labels, pause = below(raw[:, 0], classes), below(raw[:, 1], classes)
    last, column = pause + lag + labels, np.arange(len(raw))
    ids = np.full((2 * classes - 1 + lag, len(raw)), REST, np.int32)
    ids[pause, column] = TICK
    ids[last, column] = TICK
    lengths = (last + 1).astype(np.int32)
    return ids[: lengths.max(initial=1)], lengths, labels
