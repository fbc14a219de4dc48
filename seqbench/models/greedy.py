"""A27, greedy search: the most probable token at every step."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Array, Kernels, StepModel
from seqbench.kernels.beam_select import log_sum_exp

from .hypotheses import Candidates, Decoded, Hypothesis, best_of
from .search_memory import even_pieces, sentences_at_once, take_sentences
from .search_settings import SearchSettings, polling


class GreedyDecoder:
    """Batched; the same hypotheses as a beam of width 1 that stops when filled.

    Like the beam's, its ties are ties of the running log P, to the lowest id.
    """

    def __init__(self, kernels: Kernels) -> None:
        self._backend = kernels.backend

    def decode(
        self,
        step_model: StepModel,
        batch: Any,
        *,
        max_length: int,
        alpha: float = 0.0,
        penalty: str = "power",
        memory_limit_bytes: int | None = None,
        poll_every: int | None = None,
    ) -> Decoded:
        """One hypothesis a sentence; see `BeamDecoder.decode` for arguments and errors."""
        poll = polling("greedy", poll_every, self._backend)
        settings = SearchSettings(1, max_length, alpha, penalty, poll_every=poll)
        settings.checked("greedy")

        def needed(sentences: int) -> int:
            history = sentences * max_length * 8  # the tokens, and once more when they are stacked
            scratch = sentences * step_model.vocab_size * 3 * np.dtype(step_model.dtype).itemsize
            return step_model.state_bytes(1, sentences) + scratch + history

        at_once = sentences_at_once("greedy", 1, batch.size, memory_limit_bytes, needed)
        pieces = even_pieces(batch.size, at_once)
        found: list[list[Hypothesis]] = []
        for start, stop in pieces:
            piece = take_sentences(batch, start, stop)
            found += self._search(step_model, piece, settings, start)
        return Decoded(found, {"pieces": len(pieces), "sentences_at_once": at_once})

    def _search(
        self, model: StepModel, batch: Any, settings: SearchSettings, first: int
    ) -> list[list[Hypothesis]]:
        xp, B = self._backend.xp, batch.size
        state = model.start(batch, 1)
        tokens = xp.full((1, B), model.bos_id, dtype=xp.int32)
        scores = xp.zeros((1, B), dtype=model.dtype)
        finished = xp.zeros((1, B), dtype=bool)
        history = []
        for step in range(settings.max_length):
            logits, state = model.step(state, tokens)
            tokens, scores = self._extend(logits, scores, finished, model.eos_id)
            finished = finished | (tokens == model.eos_id)
            history.append(tokens)
            if settings.ask(step) and bool(self._backend.to_host(finished).all()):
                break
        words = self._backend.to_host(xp.stack(history))  # (S, 1, B)
        candidates = Candidates(
            log_probs=self._backend.to_host(scores),
            finished=self._backend.to_host(finished),
            slots=np.zeros((1, B), np.int64),
            ends=np.full((1, B), len(history)),
        )
        return best_of(
            candidates,
            words,
            eos_id=model.eos_id,
            n_best=1,
            penalty=settings.penalty,
            alpha=settings.alpha,
            operation="greedy",
            first=first,
        )

    def _extend(
        self, logits: Array, scores: Array, finished: Array, eos_id: int
    ) -> tuple[Array, Array]:
        """The best next token (1, B) and log P with it; a finished sentence stays as it is."""
        xp = self._backend.xp
        logits = xp.where(finished[:, :, None], 0, logits)
        log_probs = logits - log_sum_exp(logits, xp=xp)[:, :, None]
        candidates = scores[:, :, None] + log_probs  # (1, B, V)
        best = candidates.argmax(axis=2)
        value = xp.take_along_axis(candidates, best[:, :, None], axis=2)[:, :, 0]
        tokens = xp.where(finished, eos_id, best).astype(xp.int32)
        return tokens, xp.where(finished, scores, value)
