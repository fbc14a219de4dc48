"""A30, what both exact searches share: scoring of prefixes, the best strings so far, the bound.

Objective, end-of-sentence rule and maximum length are the beam's. No continuation raises log P, and
no string has more than T_max tokens, so of a prefix with log P = p no string scores above
p / penalty(T_max): the notes' p itself at alpha 0. (At alpha > 0 log P alone would be no bound: a
longer string may score higher than its prefix's log P.)
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqbench.interfaces import Backend, OutOfMemory, RangeError, StepModel
from seqbench.kernels.beam_select import log_sum_exp
from seqbench.kernels.length_penalty import length_penalty

from .hypotheses import Hypothesis
from .search_settings import SearchSettings

MAX_EXPANSIONS = 100_000


class TooManyExpansionsError(RangeError):
    """The space is too large for an exact search."""


@dataclass(slots=True)
class Prefixes:
    """K prefixes of one length: tokens (K, t) int32 without BOS, log P (K,) float64; host arrays"""

    tokens: np.ndarray
    log_probs: np.ndarray

    @classmethod
    def empty(cls) -> Prefixes:
        """The one prefix of no token."""
        return cls(np.zeros((1, 0), np.int32), np.zeros(1))

    def __len__(self) -> int:
        return len(self.log_probs)

    def extended(self, parents: np.ndarray, words: np.ndarray, log_probs: np.ndarray) -> Prefixes:
        tokens = np.concatenate([self.tokens[parents], words[:, None].astype(np.int32)], axis=1)
        return Prefixes(tokens, log_probs)


@dataclass(slots=True)
class Incumbents:
    """The n best strings so far, best first; equal scores by length, then by ids."""

    n_best: int
    kept: list[tuple[tuple[float, int, tuple[int, ...]], float]] = field(default_factory=list)
    _seen: set[tuple[int, ...]] = field(default_factory=set)

    @property
    def threshold(self) -> float:
        """What a string must reach to enter; -inf while there is room."""
        return -self.kept[-1][0][0] if len(self.kept) == self.n_best else -math.inf

    def offer(self, tokens: Iterable[int], log_prob: float, score: float) -> None:
        """Take a string that ends, its ids without EOS, where it is among the best."""
        words = tuple(int(token) for token in tokens)
        if score < self.threshold or words in self._seen:
            return
        self._seen.add(words)
        bisect.insort(self.kept, ((-score, len(words), words), log_prob))
        del self.kept[self.n_best :]

    def hypotheses(self) -> list[Hypothesis]:
        return [
            Hypothesis(words, log_prob, -negative, True, length + 1)
            for (negative, length, words), log_prob in self.kept
        ]


class Space:
    """The strings of one sentence under one objective: expands prefixes, keeps the best strings."""

    def __init__(
        self,
        operation: str,
        model: StepModel,
        backend: Backend,
        settings: SearchSettings,
        sentence: int,
        max_expansions: int,
        memory_limit_bytes: int | None,
    ) -> None:
        self.model, self.settings = model, settings
        self.best = Incumbents(settings.n_best)
        self.expansions = 0
        self._operation, self._sentence = operation, sentence
        self._backend, self._limit = backend, max_expansions
        self._memory = memory_limit_bytes
        self._unfinished: tuple[float, np.ndarray] | None = None

    def divisor(self, length: int) -> float:
        return length_penalty(length, penalty=self.settings.penalty, alpha=self.settings.alpha)

    def may_win(self, log_probs: np.ndarray) -> np.ndarray:
        """Which prefixes of these log P could still lead to a string among the n best."""
        bound = log_probs / self.divisor(self.settings.max_length)
        possible: np.ndarray = (log_probs > -np.inf) & (bound >= self.best.threshold)
        return possible

    def expand(self, state: Any, prefixes: Prefixes) -> tuple[np.ndarray, Any]:
        """One step for every prefix: log P (K, V) of its continuations on the host, next state.

        Strings that end here are offered; EOS is -inf in what is returned. `state` has as many rows
        as `padded_rows` says.
        """
        self._count(len(prefixes))
        totals, state = self._scored(state, prefixes)
        length = prefixes.tokens.shape[1] + 1
        ends = totals[:, self.model.eos_id].copy()
        scores = ends / self.divisor(length)
        for k in np.flatnonzero((ends > -np.inf) & (scores >= self.best.threshold)):
            self.best.offer(prefixes.tokens[k], float(ends[k]), float(scores[k]))
        totals[:, self.model.eos_id] = -np.inf
        if length == self.settings.max_length:
            self._keep_unfinished(prefixes, totals)
        return totals, state

    def _scored(self, state: Any, prefixes: Prefixes) -> tuple[np.ndarray, Any]:
        model, xp = self.model, self._backend.xp
        rows = padded_rows(len(prefixes))
        last = np.full(rows, model.bos_id, np.int32)
        if prefixes.tokens.shape[1]:
            last[: len(prefixes)] = prefixes.tokens[:, -1]
        logits, state = model.step(state, self._backend.to_device(last[:, None]))
        wide = logits[: len(prefixes), 0].astype(xp.float64)  # (K, V)
        log_probs = xp.minimum(wide - log_sum_exp(wide, xp=xp)[:, None], 0.0)
        before = self._backend.to_device(prefixes.log_probs)[:, None]
        totals = np.array(self._backend.to_host(before + log_probs))
        if np.isnan(totals).any():
            raise RangeError(
                f"{self._operation}: the logits of sentence {self._sentence} are NaN, expected "
                "numbers; look at the model's weights"
            )
        return totals, state

    def _keep_unfinished(self, prefixes: Prefixes, totals: np.ndarray) -> None:
        """What max_length cuts off: an answer only where no string ends at all."""
        k, word = np.unravel_index(int(totals.argmax()), totals.shape)
        found = float(totals[k, word])
        if self._unfinished is None or found > self._unfinished[0]:
            self._unfinished = found, np.append(prefixes.tokens[k], word)

    def hypotheses(self) -> list[Hypothesis]:
        """The n best strings that end; else the best that max_length cut off.

        Raises RangeError where every string has probability zero.
        """
        if self.best.kept:
            return self.best.hypotheses()
        T = self.settings.max_length
        if self._unfinished is None or self._unfinished[0] == -np.inf:
            raise RangeError(
                f"{self._operation}: no string of sentence {self._sentence} has a finite score "
                "(its logits are all -inf), expected numbers; look at the model's weights"
            )
        log_prob, words = self._unfinished
        tokens = tuple(int(word) for word in words)
        return [Hypothesis(tokens, log_prob, log_prob / self.divisor(T), False, T)]

    def _count(self, num: int) -> None:
        self.expansions += num
        if self.expansions > self._limit:
            raise TooManyExpansionsError(
                f"{self._operation}: sentence {self._sentence} needs more than {self._limit:,} "
                f"expanded prefixes (V = {self.model.vocab_size}, max_length "
                f"{self.settings.max_length}), expected a small space; lower max_length or alpha, "
                "use fewer words or a beam, or raise decoder.options.max_expansions"
            )

    def start(self, batch: Any) -> Any:
        return self.model.start(batch, padded_rows(1))

    def continued(self, state: Any, parents: np.ndarray) -> Any:
        """The state whose row k continues row parents[k]; rows past them repeat the first."""
        rows = padded_rows(len(parents))
        self._check_memory(rows)
        filled = np.zeros((rows, 1), np.int32)
        filled[: len(parents), 0] = parents
        return self.model.reorder(state, self._backend.to_device(filled))

    def _check_memory(self, rows: int) -> None:
        if self._memory is None:
            return
        needed = self.model.state_bytes(rows, 1)
        if needed > self._memory:
            raise OutOfMemory(
                f"{self._operation}: {rows} prefixes need {needed:,} bytes, the limit is "
                f"{self._memory:,}; search depth first with a smaller width, or raise "
                "memory_limit_bytes"
            )


def padded_rows(count: int) -> int:
    """The next power of two: few sizes, so that a model's plans are made once.

    >>> [padded_rows(n) for n in (1, 2, 3, 5)]
    [1, 2, 4, 8]
    """
    return 1 << (count - 1).bit_length()
