"""A17 to A20, trained: passes over a corpus, each a run of steps of one kernel.

Which tokens stay and how wide their windows are is a function of (seed, epoch, place in the
corpus), whatever the chunk; noise words belong to blocks, so theirs is of the chunk too. Every
backend draws the same. The rate falls linearly in the tokens seen.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.data.huffman import HuffmanTree, huffman_tree
from seqbench.interfaces import Array, Kernels, TrainingError
from seqbench.kernels import word_sampling as sampling
from seqbench.kernels._word_vectors import (
    NegativeChunk,
    SoftmaxChunk,
    TreeChunk,
    VectorParams,
    VectorUpdate,
)
from seqbench.kernels.word_vectors import (
    Report,
    TokenCorpus,
    TrainedVectors,
    VectorSettings,
    check_corpus,
)

SEGMENT = 1 << 15
"""Tokens drawn for at once: whole sentences, so no pair is lost between two segments."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Kept tokens of whole sentences: (n,) arrays on the device, and what their rate depends on."""

    ids: Array
    left: Array
    right: Array
    start: int  # the corpus place of the first token, dropped ones counted
    seen: int  # tokens of this epoch up to the segment's end


class WordVectorTrainer:
    """Trains both matrices of one model with the backend's own step of it."""

    def __init__(self, kernels: Kernels, *, name: str) -> None:
        self._kernels, self._name = kernels, name

    def train(
        self,
        corpus: TokenCorpus,
        settings: VectorSettings,
        *,
        seed: int = 0,
        report: Report = lambda done, told: None,
    ) -> TrainedVectors:
        """Vectors of a corpus; the same for the same seed.

        Raises
        ------
        RangeError
            For a setting or an id out of its range.
        DataError
            If the corpus has no tokens or no pairs.
        TrainingError
            If the vectors do not stay finite.
        """
        settings.check()
        check_corpus(corpus)
        run = _Run(self._kernels, self._name, corpus, settings, seed)
        started = time.perf_counter()
        for epoch in range(settings.epochs):
            run.epoch(epoch, report)
        self._kernels.backend.synchronize()
        return run.finished(time.perf_counter() - started)


skipgram_softmax = functools.partial(WordVectorTrainer, name="skipgram_softmax")
skipgram_hs = functools.partial(WordVectorTrainer, name="skipgram_hs")
skipgram_ns = functools.partial(WordVectorTrainer, name="skipgram_ns")
cbow_ns = functools.partial(WordVectorTrainer, name="cbow_ns")
cbow_hs = functools.partial(WordVectorTrainer, name="cbow_hs")


def step_name(name: str, update: str) -> str:
    """The contract of one step: `cbow_ns_word2vec` where CBOW is asked for gensim's update."""
    return f"{name}_word2vec" if update == "word2vec" and "cbow" in name else f"{name}_update"


def initial_vectors(vocab_size: int, rows: int, size: int, seed: int) -> tuple[Any, Any]:
    """Input vectors uniform on (-1, 1) / D as gensim has them, output vectors zero; float64."""
    rng = np.random.Generator(np.random.PCG64([seed, vocab_size]))
    return rng.uniform(-1, 1, (vocab_size, size)) / size, np.zeros((rows, size))


@dataclass(slots=True)
class _Tables:
    """What an epoch draws from, on the device."""

    keep_parts: Array
    noise: sampling.NoiseTable | None = None
    tree: tuple[Array, Array] | None = None
    host_tree: HuffmanTree | None = None


class _Run:
    """One training: parameters, tables, plan."""

    def __init__(
        self, kernels: Kernels, name: str, corpus: TokenCorpus, settings: VectorSettings, seed: int
    ) -> None:
        self._backend, self._xp = kernels.backend, kernels.backend.xp
        self._corpus, self._settings, self._seed = corpus, settings, seed
        self._name = name
        self._tables = self._make_tables()
        vocab_size = len(corpus.counts)
        rows = max(vocab_size - 1, 1) if name.endswith("_hs") else vocab_size
        device = self._backend.to_device
        drawn = initial_vectors(vocab_size, rows, settings.size, seed)
        self._params = VectorParams(*(device(a.astype(settings.dtype)) for a in drawn))
        self._impl = kernels.get("vectors", step_name(name, settings.update))
        self._plan: Any = None
        makers: dict[str, Callable[..., Any]] = {
            "ns": self._negative,
            "hs": self._path,
            "softmax": self._plain,
        }
        self._chunk_of = makers[name.rpartition("_")[2]]

    def _make_tables(self) -> _Tables:
        corpus, settings, xp = self._corpus, self._settings, self._xp
        keep = sampling.keep_probabilities(
            corpus.counts, settings.threshold, settings.subsampling, xp=np
        )
        tables = _Tables(self._backend.to_device(sampling.parts(keep, xp=np)))
        if self._name.endswith("_ns"):
            probabilities = sampling.noise_probabilities(corpus.counts, settings.noise_power, xp=np)
            tables.noise = sampling.noise_table(probabilities, xp=xp)
        if self._name.endswith("_hs"):
            tree = huffman_tree(corpus.counts)
            device = self._backend.to_device
            tables.tree, tables.host_tree = (device(tree.nodes), device(tree.signs)), tree
        return tables

    def epoch(self, epoch: int, report: Report) -> None:
        """One pass: segments, cut into chunks, a step each."""
        settings, total = self._settings, len(self._corpus.ids)
        seen = 0
        for segment in self._segments(epoch):
            for chunk, part in self._chunks(segment, epoch):
                now = seen + part * (segment.seen - seen)
                done = (epoch + now / total) / settings.epochs
                self._step(chunk, self._rate(done))
            seen = segment.seen
            report((epoch + seen / total) / settings.epochs, f"epoch {epoch + 1}")

    def _rate(self, done: float) -> float:
        first, last = self._settings.learning_rate, self._settings.final_learning_rate
        return first + (last - first) * done

    def _step(self, chunk: Any, rate: float) -> None:
        if self._plan is None:
            inputs = VectorUpdate(chunk, rate, self._settings.damping)
            dims = self._impl.contract.dims(self._params, inputs)
            self._plan = self._impl.plan(dims, self._settings.dtype)
            self._plan.load(self._params)
        self._plan.forward(VectorUpdate(chunk, rate, self._settings.damping))

    def _segments(self, epoch: int) -> Iterator[Segment]:
        """Runs of whole sentences of about SEGMENT tokens, subsampled, with their windows."""
        starts = self._corpus.starts
        first = 0
        while first < len(starts) - 1:
            last = int(np.searchsorted(starts, starts[first] + SEGMENT, side="right")) - 1
            last = max(last, first + 1)
            yield self._segment(epoch, starts[first : last + 1])
            first = last

    def _segment(self, epoch: int, starts: np.ndarray) -> Segment:
        """Draw which tokens stay and how wide their windows are, by their place in the corpus."""
        xp, seed, settings = self._xp, self._seed, self._settings
        begin, end = int(starts[0]), int(starts[-1])
        ids = self._backend.to_device(self._corpus.ids[begin:end])
        window = sampling.stream_of("window", epoch)
        width = (
            sampling.draw_windows(
                settings.window, seed=seed, stream=window, start=begin, count=end - begin, xp=xp
            )
            if settings.shrink_window
            else xp.full(end - begin, settings.window, dtype="int32")
        )
        borders = xp.asarray(starts - begin)
        if settings.subsampling != "none":
            stream = sampling.stream_of("keep", epoch)
            kept = sampling.draw_kept(
                self._tables.keep_parts, ids, seed=seed, stream=stream, start=begin, xp=xp
            )
            before = xp.concatenate([xp.zeros(1, dtype="int64"), xp.cumsum(kept)])
            ids, width, borders = ids[kept], width[kept], before[borders]
        place = xp.arange(ids.shape[0])
        sentence = xp.searchsorted(borders, place, side="right")
        left = xp.minimum(width, place - borders[sentence - 1])
        right = xp.minimum(width, borders[sentence] - 1 - place)
        return Segment(ids, left.astype("int32"), right.astype("int32"), begin, end)

    def _chunks(self, segment: Segment, epoch: int) -> Iterator[tuple[Any, float]]:
        """(chunk, fraction of the segment before it): centres, with R neighbours as context only.

        Neighbours have no window of their own, so no pair is lost or counted twice at a border.
        Every chunk is full: past the segment's ends it holds word 0, in nobody's window.
        """
        xp, R, length = self._xp, self._settings.window, self._settings.chunk
        size, count = length - 2 * R, int(segment.ids.shape[0])
        chunks = -(-count // size)
        places = xp.arange(chunks)[:, None] * size + xp.arange(length)[None, :]

        def cut(values: Array, *, centres_only: bool) -> Array:
            before, after = (xp.zeros(n, "int32") for n in (R, chunks * size - count + R))
            pieces = xp.concatenate([before, values, after])[places]  # (chunks, length)
            if centres_only:
                pieces[:, :R] = pieces[:, R + size :] = 0
            return pieces

        ids = cut(segment.ids, centres_only=False)
        left, right = (cut(a, centres_only=True) for a in (segment.left, segment.right))
        noise = self._noise_of(segment, epoch, chunks)
        for number in range(chunks):
            words = None if noise is None else noise[number]
            chunk = self._chunk_of(ids[number], left[number], right[number], words)
            yield chunk, number / chunks

    def _noise_of(self, segment: Segment, epoch: int, chunks: int) -> Array | None:
        """(chunks, blocks a chunk, M) noise words of a segment."""
        table, settings = self._tables.noise, self._settings
        if table is None or chunks == 0:
            return None
        blocks, columns = -(-settings.chunk // settings.block), settings.shared_negatives
        drawn = sampling.draw_noise(
            table,
            seed=self._seed,
            stream=sampling.stream_of("noise", epoch),
            start=segment.start * self._noise_a_token,  # apart from every other segment's
            count=chunks * blocks * columns,
            xp=self._xp,
        )
        return drawn.reshape(chunks, blocks, columns)

    @property
    def _noise_a_token(self) -> int:
        """An upper bound of the noise words drawn for one token of a segment: a chunk's."""
        settings = self._settings
        return -(-settings.chunk // settings.block) * settings.shared_negatives

    def _negative(self, ids: Array, left: Array, right: Array, noise: Any) -> NegativeChunk:
        settings = self._settings
        return NegativeChunk(
            ids, left, right, noise, settings.window, settings.block, settings.num_negatives
        )

    def _path(self, ids: Array, left: Array, right: Array, noise: None) -> TreeChunk:
        assert self._tables.tree is not None
        return TreeChunk(ids, left, right, *self._tables.tree, self._settings.window)

    def _plain(self, ids: Array, left: Array, right: Array, noise: None) -> SoftmaxChunk:
        return SoftmaxChunk(ids, left, right, self._settings.window)

    def finished(self, train_s: float) -> TrainedVectors:
        weight_in = np.array(self._backend.to_host(self._params.weight_in))
        weight_out = np.array(self._backend.to_host(self._params.weight_out))
        if not (np.isfinite(weight_in).all() and np.isfinite(weight_out).all()):
            raise TrainingError(
                f"word vectors: {self._name} ended with vectors that are not finite, at a rate of "
                f"{self._settings.learning_rate}; lower learning_rate or chunk, or raise damping"
            )
        tokens = self._settings.epochs * len(self._corpus.ids)
        tree = self._tables.host_tree
        return TrainedVectors(
            weight_in,
            weight_out,
            tokens=tokens,
            train_s=train_s,
            impl=self._impl.impl_id,
            tree=(tree.nodes, tree.signs) if tree else None,
        )
