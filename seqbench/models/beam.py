"""A28, beam search over a batch of sentences, with length normalisation (A29).

Sutskever et al. (2014), section 3.2. The beam keeps back-pointers, not prefixes: tokens and parents
a step, read once at the end. Nothing is read back between steps but the done flags, now and then.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Array, Backend, Kernels, Plan, StepModel
from seqbench.kernels.beam_select import (
    BeamDims,
    BeamSelectInputs,
    BeamSelectOutputs,
    BeamSelectParams,
    beam_select_workspace,
)
from seqbench.kernels.length_penalty import length_penalty

from .hypotheses import Candidates, Decoded, Hypothesis, best_of, trace
from .search_memory import even_pieces, sentences_at_once, take_sentences
from .search_settings import SearchSettings, polling


class BeamDecoder:
    """Beam search with the backend's `decoder/beam_select`."""

    def __init__(self, kernels: Kernels) -> None:
        self._backend = kernels.backend
        self._select = kernels.get("decoder", "beam_select")

    def decode(
        self,
        step_model: StepModel,
        batch: Any,
        *,
        width: int,
        max_length: int,
        alpha: float = 0.0,
        penalty: str = "power",
        stop: str = "filled",
        n_best: int = 1,
        memory_limit_bytes: int | None = None,
        poll_every: int | None = None,
    ) -> Decoded:
        """The n best strings of every sentence under log P / penalty.

        Parameters
        ----------
        step_model : StepModel
        batch : what its `start` takes; `batch.size` is B
        width : K >= 1; may exceed V, the beam then fills as candidates appear
        max_length : the most tokens, EOS among them; what has not ended by then is told
            (`finished=False`) and ranked last
        alpha, penalty : the length penalty, `power`, `gnmt` or `none`; see
            `seqbench.kernels.length_penalty`
        stop : `filled`: a finished hypothesis keeps its slot, a sentence ends when no slot is live;
            `bound`: finished hypotheses leave the beam, a sentence ends when no live one can still
            enter its n best
        n_best : at most `width`
        memory_limit_bytes : the batch is cut into pieces of sentences that stay below it by
            estimate (model state, logits, buffers, history); `notes` tells the pieces
        poll_every : steps between looks at the done flags, None for 16 on a GPU and 1 on the host;
            does not change the result

        Raises
        ------
        RangeError
            For a setting out of its range, or logits without any finite score.
        OutOfMemory
            If one sentence alone exceeds the limit.
        """
        poll = polling("beam", poll_every, self._backend)
        settings = SearchSettings(width, max_length, alpha, penalty, stop, n_best, poll)
        settings.checked("beam")

        def needed(sentences: int) -> int:
            return step_model.state_bytes(width, sentences) + self._own_bytes(
                BeamDims(width, sentences, step_model.vocab_size), step_model.dtype, max_length
            )

        at_once = sentences_at_once("beam", width, batch.size, memory_limit_bytes, needed)
        pieces = even_pieces(batch.size, at_once)
        found: list[list[Hypothesis]] = []
        steps = 0
        for start, end in pieces:
            beam, taken = self._search(step_model, take_sentences(batch, start, end), settings)
            found += beam.hypotheses(start)
            steps += taken
        notes = {"pieces": len(pieces), "sentences_at_once": at_once, "steps": steps}
        return Decoded(found, notes)

    def _search(self, model: StepModel, batch: Any, settings: SearchSettings) -> tuple[Beam, int]:
        """The last beam of one piece, and the steps it took."""
        K, B = settings.width, batch.size
        plan: Plan = self._select.plan(BeamDims(K, B, model.vocab_size), model.dtype)
        plan.load(BeamSelectParams())
        beam = Beam(self._backend, model, settings, B)
        state = model.start(batch, K)
        for step in range(settings.max_length):
            logits, state = model.step(state, beam.tokens)
            beam.advance(plan.forward(beam.inputs(logits, step)), step)
            if step + 1 == settings.max_length or (settings.ask(step) and beam.all_done()):
                break
            if K > 1:  # a beam of one continues itself
                state = model.reorder(state, beam.parents)
        return beam, step + 1

    def _own_bytes(self, dims: BeamDims, dtype: str, max_length: int) -> int:
        """What the search holds beside the model: the kernel's buffers, the beam, its history."""
        item = np.dtype(dtype).itemsize
        if self._select.tier == "shared":
            kernel = beam_select_workspace(dims, item)
        else:
            one = self._select.plan(dims._replace(B=1), dtype).nbytes
            kernel = one * dims.B
        history = 2 * 2 * 4 * max_length  # tokens and parents, and once more when stacked
        return kernel + dims.K * dims.B * (history + 8 * item + 48)


class Beam:
    """K hypotheses over B sentences: what the search carries from step to step."""

    def __init__(self, backend: Backend, model: StepModel, settings: SearchSettings, B: int):
        xp, K = backend.xp, settings.width
        self._backend, self._settings, self._eos_id = backend, settings, model.eos_id
        self.tokens: Array = xp.full((K, B), model.bos_id, dtype=xp.int32)
        self.parents: Array = None
        first = xp.arange(K)[:, None] == 0  # only one hypothesis before the first step
        self._scores = xp.broadcast_to(xp.where(first, 0.0, -np.inf), (K, B)).astype(model.dtype)
        self._finished = xp.zeros((K, B), dtype=bool)
        self._done = xp.zeros((B,), dtype=bool)
        self._history: list[tuple[Array, Array]] = []
        self._pool = Pool(xp, K, B, model.dtype) if settings.stop == "bound" else None

    def _penalty(self, length: int) -> float:
        s = self._settings
        return length_penalty(length, penalty=s.penalty, alpha=s.alpha)

    def inputs(self, logits: Array, step: int) -> BeamSelectInputs:
        return BeamSelectInputs(
            logits=logits,
            scores=self._scores,
            finished=self._finished,
            eos_id=self._eos_id,
            stop=self._settings.stop,
            pool=None if self._pool is None else self._pool.scores,
            penalty=self._penalty(step + 1),
            bound_penalty=self._penalty(self._settings.max_length),
            n_best=self._settings.n_best,
        )

    def advance(self, selected: BeamSelectOutputs, step: int) -> None:
        """Take what the kernel chose; its outputs are views, so what stays is copied."""
        self.tokens, self.parents = selected.tokens.copy(), selected.parents.copy()
        self._scores, self._finished = selected.scores.copy(), selected.finished.copy()
        self._done = selected.done.copy()
        self._history.append((self.tokens, self.parents))
        if self._pool is not None:
            self._pool.admit(selected, step)

    def all_done(self) -> bool:
        """Waits for the device."""
        return bool(self._backend.to_host(self._done).all())

    def hypotheses(self, first: int) -> list[list[Hypothesis]]:
        """Read the history back once and rank what the beam and the pool hold.

        `first` is the index of the first sentence, for messages.
        """
        xp, to_host = self._backend.xp, self._backend.to_host
        tokens = to_host(xp.stack([t for t, _ in self._history]))  # (S, K, B)
        parents = to_host(xp.stack([p for _, p in self._history]))
        candidates = self._candidates()
        words = trace(tokens, parents, candidates.slots, candidates.ends, self._eos_id)
        s = self._settings
        return best_of(
            candidates,
            words,
            eos_id=self._eos_id,
            n_best=s.n_best,
            penalty=s.penalty,
            alpha=s.alpha,
            operation="beam",
            first=first,
        )

    def _candidates(self) -> Candidates:
        to_host = self._backend.to_host
        scores, finished = to_host(self._scores), to_host(self._finished)
        K, B = scores.shape
        slots = np.broadcast_to(np.arange(K)[:, None], (K, B))
        ends = np.full((K, B), len(self._history))
        if self._pool is None:
            return Candidates(scores, finished, slots, ends)
        pool = self._pool
        return Candidates(
            log_probs=np.concatenate([to_host(pool.log_probs), scores]),
            finished=np.concatenate([np.ones((K, B), bool), finished]),
            slots=np.concatenate([to_host(pool.slots), slots]),
            ends=np.concatenate([to_host(pool.ends), ends]),
        )


class Pool:
    """The best K finished hypotheses a sentence under `stop=bound`, all arrays (K, B)."""

    def __init__(self, xp: Any, K: int, B: int, dtype: str) -> None:
        self._xp = xp
        self.scores: Array = xp.full((K, B), -np.inf, dtype=dtype)  # normalised
        self.log_probs: Array = self.scores
        self.slots: Array = xp.zeros((K, B), dtype=xp.int64)  # the slot that ended
        self.ends: Array = xp.zeros((K, B), dtype=xp.int64)  # the step at which it did

    def admit(self, selected: BeamSelectOutputs, step: int) -> None:
        """Follow the kernel's choice among the old pool and the hypotheses that end at `step`."""
        xp, K = self._xp, self.scores.shape[0]
        sources, scores = selected.pool_sources, selected.pool
        assert scores is not None, "stop='bound' selects with a pool"
        own = xp.broadcast_to(xp.arange(K, dtype=xp.int64)[:, None], self.slots.shape)

        def chosen(old: Array, new: Array) -> Array:
            return xp.take_along_axis(xp.concatenate([old, new]), sources, axis=0)

        self.scores = scores.copy()
        self.log_probs = chosen(self.log_probs, selected.eos_scores)
        self.slots = chosen(self.slots, own)
        self.ends = chosen(self.ends, xp.full_like(self.ends, step))
