"""What every trainer of word vectors takes and returns: ours, and a peer's in a plugin."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from seqbench.interfaces import Array, DataError, RangeError

from .word_sampling import SUBSAMPLING

UPDATES = ("gradient", "word2vec")
Report = Callable[[float, str], None]
"""(fraction done, words for people)."""


@dataclass(frozen=True, slots=True)
class VectorSettings:
    """How word vectors are trained; the defaults are gensim's.

    window : words on each side; shrink_window draws a width from 1 to it for every token
    num_negatives : K, the weight of the noise beside each example
    noise_power : noise words are drawn with probability proportional to count**power
    subsampling, threshold : formula by which frequent tokens are dropped, and its t
    update : of CBOW's context vectors, see kernels/cbow.py
    final_learning_rate : what the rate falls to, linearly in the tokens seen
    chunk : positions of one step, at whose start all gradients of the step are taken
    damping : of steps that would overshoot, see VectorUpdate; 0 for plain sums
    block, shared_negatives : that many positions share that many noise words, of weight K together
    """

    size: int = 100
    window: int = 5
    shrink_window: bool = True
    epochs: int = 5
    learning_rate: float = 0.025
    final_learning_rate: float = 1e-4
    num_negatives: int = 5
    noise_power: float = 0.75
    subsampling: str = "word2vec.c"
    threshold: float = 1e-3
    update: str = "gradient"
    chunk: int = 512
    damping: float = 0.3
    block: int = 16
    shared_negatives: int = 16
    dtype: str = "float32"

    def check(self) -> None:
        """Raise RangeError, naming the setting, where one makes no sense."""
        for name in ("size", "window", "epochs", "chunk", "block", "shared_negatives"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        _require(self.num_negatives >= 0, "num_negatives", self.num_negatives, "at least 0")
        for name in ("noise_power", "learning_rate", "final_learning_rate", "damping"):
            value = getattr(self, name)
            _require(0 <= value < math.inf, name, value, "a finite number of at least 0")
        _require(0 < self.threshold < 1, "threshold", self.threshold, "above 0 and below 1")
        _require(self.subsampling in SUBSAMPLING, "subsampling", self.subsampling, SUBSAMPLING)
        _require(self.update in UPDATES, "update", self.update, UPDATES)
        _require(self.chunk > 2 * self.window, "chunk", self.chunk, "more than twice the window")


def _require(fine: bool, name: str, value: Any, expected: Any) -> None:
    if not fine:
        told = expected if isinstance(expected, str) else "one of " + ", ".join(expected)
        raise RangeError(
            f"word vectors: {name} is {value!r}, expected {told}; see VectorSettings for the usual "
            "value"
        )


class TokenCorpus(Protocol):
    """A corpus as ids, by which words are ordered from frequent to rare.

    ids : (N,) int32; starts : (S + 1,) int64, sentence s is ids[starts[s] : starts[s + 1]]
    counts : (V,) int64, how often each word occurs in ids
    """

    ids: Any
    starts: Any
    counts: Any


@dataclass(frozen=True, slots=True)
class TrainedVectors:
    """What a trainer made, on the host.

    weight_in : (V, D), the word vectors; weight_out : the classifier's (V, D), or (V - 1, D) for a
    tree
    tokens : corpus tokens seen, dropped ones included; train_s : seconds of the updates with all
    their drawing, without vocabularies, tables and trees
    impl : what did it; tree : (path_nodes, path_signs) of a TreeChunk, for hierarchical softmax
    """

    weight_in: Array
    weight_out: Array
    tokens: int
    train_s: float
    impl: str
    tree: tuple[Array, Array] | None = None


def check_corpus(corpus: TokenCorpus) -> None:
    """Raise DataError for a corpus that nothing can be learnt from, RangeError for a wrong id."""
    if len(corpus.ids) == 0 or len(corpus.counts) == 0:
        raise DataError(
            "word vectors: the corpus has no tokens, expected some; lower min_count or check the "
            "files"
        )
    low, high = int(corpus.ids.min()), int(corpus.ids.max())
    if low < 0 or high >= len(corpus.counts):
        raise RangeError(
            f"word vectors: an id of the corpus is {low if low < 0 else high}, expected 0 to "
            f"{len(corpus.counts) - 1}; encode it with its own vocabulary"
        )
    if int(max(corpus.starts[1:] - corpus.starts[:-1])) < 2:
        raise DataError(
            "word vectors: no sentence has two words, so there are no pairs; join sentences or "
            "lower min_count"
        )
