"""A21, trained: counts, then epochs of AdaGrad over them in tiles of random words.

Counts are visited in chunks of one tile, a random set of row words by a random set of column
words, so a chunk meets few words many times and they stay in the cache. Words are dealt to tiles
anew each epoch, counts are shuffled within a tile, and the chunks of all tiles are shuffled:
running a tile to its end before the next costs quality. Everything random is a function of
(seed, epoch).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from seqbench.interfaces import DataError, Kernels, RangeError, TrainingError
from seqbench.kernels.cooccurrence import CooccurrenceInputs, Cooccurrences, NoTable
from seqbench.kernels.glove import GloveChunk, GloveDims, GloveState, GloveStep

Report = Callable[[float, str], None]


class TokenCorpus(Protocol):
    """ids : (N,) int32; starts : (S + 1,) int64, sentence borders; counts : (V,) of each word."""

    ids: Any
    starts: Any
    counts: Any


@dataclass(frozen=True, slots=True)
class GloveSettings:
    """How GloVe is trained; the defaults are its authors', but for x_max.

    learning_rate, initial_squares : the authors' program squares the rate with the gradient and
    starts the sums at 1, so its rate of 0.05 is AdaGrad's rate of 1 over sums that start at
    1 / 0.05^2 = 400
    x_max : counts from which every pair weighs the same; the paper's 100 is for billions of tokens
    factor : 1/2 (the authors' program) or 1 (the paper) before the objective
    chunk, tile_words : counts a step, and words a side of a tile
    """

    size: int = 100
    window: int = 10
    epochs: int = 15
    learning_rate: float = 1.0
    initial_squares: float = 400.0
    x_max: float = 10.0
    alpha: float = 0.75
    factor: float = 0.5
    symmetric: bool = True
    weighted: bool = True
    chunk: int = 8192
    tile_words: int = 1024
    dtype: str = "float32"

    def check(self) -> None:
        """Raise RangeError, naming the setting, where one makes no sense."""
        for name in ("size", "window", "epochs", "chunk", "tile_words"):
            if getattr(self, name) < 1:
                raise RangeError(
                    f"glove: {name} is {getattr(self, name)}, expected at least 1; see "
                    "GloveSettings for the usual value"
                )
        for name in ("learning_rate", "initial_squares", "x_max", "factor", "alpha"):
            if not 0 < getattr(self, name) < math.inf:
                raise RangeError(
                    f"glove: {name} is {getattr(self, name)}, expected a finite number above 0; "
                    "see GloveSettings for the usual value"
                )


@dataclass(frozen=True, slots=True)
class GloveVectors:
    """What training made, on the host.

    weight, context : (V, D), the two sets; bias, context_bias : (V,)
    objective : the mean over all counts, one an epoch, each chunk's taken before its step
    num_counts : pairs of words that were counted; count_s, train_s : seconds of counting, of epochs
    """

    weight: np.ndarray
    context: np.ndarray
    bias: np.ndarray
    context_bias: np.ndarray
    objective: tuple[float, ...]
    num_counts: int
    count_s: float
    train_s: float
    impl: str

    @property
    def vectors(self) -> np.ndarray:
        """(V, D) the final vectors: the sum of both sets (section 4.2)."""
        return self.weight + self.context


@dataclass(slots=True)
class _Run:
    """One training's state on the device."""

    state: GloveState
    plan: Any
    objective: list[float] = field(default_factory=list)


class GloveTrainer:
    """Trains with the backend's own counting and its own step."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels
        self._backend = kernels.backend
        self._count = kernels.get("vectors", "cooccurrence")
        self._update = kernels.get("vectors", "glove_update")

    def train(
        self,
        corpus: TokenCorpus,
        settings: GloveSettings,
        *,
        seed: int = 0,
        report: Report = lambda done, told: None,
    ) -> GloveVectors:
        """Vectors of a corpus; the same for the same seed.

        Raises
        ------
        RangeError
            For a setting or an id out of its range.
        DataError
            If no two words stand near each other.
        TrainingError
            If the objective does not stay finite.
        """
        settings.check()
        started = time.perf_counter()
        counts = self.count(corpus, settings)
        counted = time.perf_counter()
        run = self._start(len(corpus.counts), settings, seed)
        host = [np.asarray(self._backend.to_host(a)) for a in (counts.rows, counts.columns)]
        values = np.asarray(self._backend.to_host(counts.counts)).astype(settings.dtype)
        for epoch in range(settings.epochs):
            self._epoch(run, (host[0], host[1], values), settings, [seed, epoch])
            told = f"epoch {epoch + 1}, objective {run.objective[-1]:.5f}"
            report((epoch + 1) / settings.epochs, told)
        trained = {
            name: np.array(self._backend.to_host(getattr(run.state, name)))
            for name in ("weight", "context", "bias", "context_bias")
        }
        return GloveVectors(
            **trained,
            objective=tuple(run.objective),
            num_counts=len(values),
            count_s=counted - started,
            train_s=time.perf_counter() - counted,
            impl=self._update.impl_id,
        )

    def count(self, corpus: TokenCorpus, settings: GloveSettings) -> Cooccurrences:
        """The corpus's counts, on the device."""
        device = self._backend.to_device
        counts: Cooccurrences = self._count(
            NoTable(),
            CooccurrenceInputs(
                device(corpus.ids),
                device(corpus.starts),
                len(corpus.counts),
                settings.window,
                settings.symmetric,
                settings.weighted,
            ),
        )
        if len(counts.counts) == 0:
            raise DataError(
                "glove: no two words stand near each other, expected pairs; join sentences or "
                "lower min_count"
            )
        return counts

    def _start(self, vocab_size: int, settings: GloveSettings, seed: int) -> _Run:
        device, dtype = self._backend.to_device, settings.dtype
        initial = initial_state(vocab_size, settings, seed)
        state = GloveState(*(device(a.astype(dtype)) for a in initial))
        plan = self._update.plan(GloveDims(settings.chunk, vocab_size, settings.size), dtype)
        plan.load(state)
        return _Run(state, plan)

    def _epoch(
        self,
        run: _Run,
        counts: tuple[np.ndarray, np.ndarray, np.ndarray],
        settings: GloveSettings,
        seed: list[int],
    ) -> None:
        xp, device, total = self._backend.xp, self._backend.to_device, 0.0
        losses = xp.zeros(())
        for chosen in tile_chunks(counts[0], counts[1], len(run.state.bias), settings, seed):
            rows, columns, values = (device(a[chosen]) for a in counts)
            chunk = GloveChunk(
                rows, columns, values, settings.x_max, settings.alpha, settings.factor
            )
            losses = losses + run.plan.forward(GloveStep(chunk, settings.learning_rate)).loss
        total = float(self._backend.to_host(losses)) / len(counts[0])
        if not math.isfinite(total):
            raise TrainingError(
                f"glove: the objective became {total} at a rate of {settings.learning_rate}, "
                "expected a finite number; lower learning_rate or chunk"
            )
        run.objective.append(total)


def initial_state(vocab_size: int, settings: GloveSettings, seed: int) -> list[np.ndarray]:
    """GloveState's arrays, float64: uniform on (-1/2, 1/2) / D, then the squared gradients."""
    rng = np.random.Generator(np.random.PCG64([seed, vocab_size]))
    size = settings.size
    shapes: list[tuple[int, ...]] = [(vocab_size, size)] * 2 + [(vocab_size,)] * 2
    drawn = [rng.uniform(-0.5, 0.5, shape) / size for shape in shapes]
    return drawn + [np.full(shape, settings.initial_squares) for shape in shapes]


def tile_chunks(
    rows: np.ndarray,
    columns: np.ndarray,
    vocab_size: int,
    settings: GloveSettings,
    seed: list[int],
) -> Iterator[np.ndarray]:
    """Index arrays of at most `chunk` counts, each of one tile, that cover every count once."""
    rng = np.random.Generator(np.random.PCG64(seed))
    side = -(-vocab_size // settings.tile_words)
    row_tile, column_tile = (
        (rng.permutation(vocab_size) // settings.tile_words).astype(np.int32) for _ in range(2)
    )
    tile = row_tile[rows] * side + column_tile[columns]
    order = rng.permutation(len(rows)).astype(np.int32)
    order = order[np.argsort(tile[order].astype(np.min_scalar_type(side * side)), kind="stable")]
    ends = np.cumsum(np.bincount(tile, minlength=side * side))
    pieces = [
        (first, min(first + settings.chunk, int(end)))
        for start, end in zip(np.concatenate([[0], ends[:-1]]), ends, strict=True)
        for first in range(int(start), int(end), settings.chunk)
    ]
    for number in rng.permutation(len(pieces)):
        first, last = pieces[number]
        yield order[first:last]
