"""A36, transcriptions of a CTC model's logits: best path, or prefix beams with a language model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.data.arpa import Words
from seqbench.interfaces import Implementation, Kernels, RangeError, ShapeError
from seqbench.kernels.ctc_beam import CTCBeamInputs, CTCBeamParams
from seqbench.kernels.ctc_greedy import CTCGreedyInputs, CTCGreedyParams

from .ngram import BOS, NGramModel


@dataclass(frozen=True, slots=True)
class Transcription:
    """labels without blanks; score: log P in nats; rank: score and what the language model added"""

    labels: tuple[int, ...]
    score: float
    rank: float


@dataclass(frozen=True, slots=True)
class Automaton:
    """A language model as `decoder/ctc_beam` takes it: bonus (G, V), next_state (G, V), final (G,)

    State 0 is the start of a text; the blank's column adds nothing and stays.
    """

    bonus: np.ndarray
    next_state: np.ndarray
    final: np.ndarray


class CTCDecoder:
    """Searches with the backend's `decoder/ctc_greedy` and `decoder/ctc_beam`."""

    def __init__(self, kernels: Kernels) -> None:
        self._backend = kernels.backend
        self._greedy: Implementation = kernels.get("decoder", "ctc_greedy")
        self._beam: Implementation = kernels.get("decoder", "ctc_beam")
        # of the last call: batches of one text share the language model's tables
        self._made: tuple[Any, Any] = (None, (None, None, None))

    def greedy(self, logits: Any, lengths: Any, *, blank_id: int = 0) -> list[Transcription]:
        """The best path of each sequence, collapsed; its score is that of the path.

        logits : (T, B, V), host or device; lengths : (B,) int32
        """
        inputs = CTCGreedyInputs(self._device(logits), self._device(lengths), blank_id)
        found = self._greedy(CTCGreedyParams(), inputs)
        labels, ends = self._host(found.labels), self._host(found.label_lengths)
        scores = self._host(found.scores).tolist()
        return [
            Transcription(tuple(row[:end].tolist()), score, score)
            for row, end, score in zip(labels, ends, scores, strict=True)
        ]

    def beam(
        self,
        logits: Any,
        lengths: Any,
        *,
        width: int,
        n_best: int = 1,
        blank_id: int = 0,
        language_model: NGramModel | None = None,
        alpha: float = 1.0,
        beta: float = 0.0,
    ) -> list[list[Transcription]]:
        """The n best labellings y of each sequence under log P + alpha log p_lm(y) + beta |y|.

        Parameters
        ----------
        logits : (T, B, V), host or device; lengths : (B,) int32
        width : prefixes kept; n_best : at most `width`; fewer come back where there are fewer
        language_model : its word v is label v; the end of the text counts as well
        alpha, beta : weight of the language model, bonus a label (Hannun et al. 2014, equation 5)

        Raises
        ------
        ShapeError
            If the language model names another number of words than the logits have labels.
        RangeError
            For a width, n_best, blank_id, alpha or beta out of its range, or logits with NaN.
        """
        bonus, next_state, final = self._tables(logits, blank_id, language_model, alpha, beta)
        inputs = CTCBeamInputs(
            self._device(logits),
            self._device(lengths),
            width,
            n_best,
            blank_id,
            bonus,
            next_state,
            final,
        )
        found = self._beam(CTCBeamParams(), inputs)
        labels, ends = self._host(found.labels), self._host(found.label_lengths)
        scores, ranks = self._host(found.scores), self._host(found.ranks)
        return [
            [
                Transcription(tuple(labels[b, i, : ends[b, i]].tolist()), float(score), float(rank))
                for i, (score, rank) in enumerate(zip(scores[b], ranks[b], strict=True))
                if rank > -math.inf
            ]
            for b in range(len(labels))
        ]

    def _tables(
        self, logits: Any, blank_id: int, model: NGramModel | None, alpha: float, beta: float
    ) -> tuple[Any, Any, Any]:
        if not (math.isfinite(alpha) and alpha >= 0 and math.isfinite(beta)):
            raise RangeError(
                f"ctc: alpha is {alpha} and beta {beta}, expected finite numbers, alpha at least "
                "0; 0 leaves the language model out"
            )
        if model is None and beta == 0:
            return None, None, None
        V, dtype = int(logits.shape[2]), str(logits.dtype)
        asked = (model, V, dtype, blank_id, alpha, beta)
        if self._made[0] != asked:
            found = automaton(model, V, blank_id, alpha=alpha, beta=beta)
            tables = (
                self._device(found.bonus.astype(dtype)),
                self._device(found.next_state),
                self._device(found.final.astype(dtype)),
            )
            self._made = asked, tables
        return self._made[1]

    def _device(self, array: Any) -> Any:
        return self._backend.to_device(array)

    def _host(self, array: Any) -> np.ndarray:
        host: np.ndarray = self._backend.to_host(array)
        return host


def automaton(
    model: NGramModel | None, vocab_size: int, blank_id: int, *, alpha: float, beta: float
) -> Automaton:
    """The states are the histories that the tables tell apart; with no model there is one.

    Exact: p(w | h) depends on h through its longest end that is the beginning of an n-gram.
    """
    if model is None or alpha == 0:
        bonus = np.where(np.arange(vocab_size) == blank_id, 0.0, beta)[None, :]
        return Automaton(bonus, np.zeros((1, vocab_size), np.int32), np.zeros(1))
    if len(model.words) != vocab_size:
        raise ShapeError(
            f"ctc: the language model names {len(model.words)} words, expected V = {vocab_size}; "
            "give it one word a label, anything for the blank"
        )
    known = _histories(model)
    start = _longest((BOS,) if model.tables.order > 1 else (), known)
    states: dict[Words, int] = {start: 0}
    order = [start]
    bonuses: list[np.ndarray] = []
    following: list[np.ndarray] = []
    for history in order:  # grows while it is walked
        row = np.zeros(vocab_size)
        ahead = np.full(vocab_size, states[history], np.int32)
        for v, word in enumerate(model.words):
            if v == blank_id:
                continue
            row[v] = beta + alpha * model.history_score(history, word)
            reached = _longest((*history, model.known(word)), known)
            if reached not in states:
                states[reached] = len(order)
                order.append(reached)
            ahead[v] = states[reached]
        bonuses.append(row)
        following.append(ahead)
    final = np.array([alpha * model.history_score(history, "</s>") for history in order])
    return Automaton(np.array(bonuses), np.array(following), final)


def _histories(model: NGramModel) -> set[Words]:
    """Every beginning of an n-gram, shorter ones included."""
    grams = [gram for table in model.tables.log10_probs for gram in table]
    longer = {gram[:-1] for gram in grams} | set(model.tables.log10_backoffs)
    return {history[:n] for history in longer for n in range(len(history) + 1)}


def _longest(history: Sequence[str], known: set[Words]) -> Words:
    """The longest end of a history that the tables know."""
    words = tuple(history)
    while words not in known:
        words = words[1:]
    return words
