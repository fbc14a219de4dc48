"""A07: texts drawn token by token from a step model."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Array, Kernels, Plan, RangeError, StepModel
from seqbench.kernels.beam_select import log_sum_exp
from seqbench.kernels.losses import NoParams
from seqbench.kernels.sample import SampleDims, SampleInputs, check_sampling

from .hypotheses import Decoded, Hypothesis
from .search_settings import check_count, polling


class SamplingDecoder:
    """Ancestral sampling with the backend's `decoder/sample`."""

    def __init__(self, kernels: Kernels) -> None:
        self._backend = kernels.backend
        self._sample = kernels.get("decoder", "sample")

    def decode(
        self,
        step_model: StepModel,
        batch: Any,
        *,
        max_length: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        num_samples: int = 1,
        seed: int = 0,
        poll_every: int | None = None,
    ) -> Decoded:
        """`num_samples` strings of every sentence, in the order in which they were drawn.

        Parameters
        ----------
        step_model : StepModel
        batch : what its `start` takes; `batch.size` is B
        max_length : the most tokens, EOS among them; what has not ended by then is told
            (`finished=False`)
        temperature : 0 takes the most probable token each time: greedy search
        top_k : draw among the k most probable tokens; None: all
        seed : in [0, 2**64). Sample k of sentence b draws its token t by number k B + b of stream
            t, so the same seed gives the same strings on every backend (near-ties: see
            `seqbench.kernels.sample`)
        poll_every : steps between looks at the done flags, None for 16 on a GPU and 1 on the host;
            does not change the result

        `log_prob` and `score` are log P under the model itself, whatever temperature and top-k
        were drawn with.

        Raises
        ------
        RangeError
            For a setting out of its range, or logits that hold NaN at some step.
        """
        for name, value in (("max_length", max_length), ("num_samples", num_samples)):
            check_count("sampling", name, value)
        poll = polling("sampling", poll_every, self._backend)
        check_sampling("sampling", temperature, top_k, step_model.vocab_size)
        settings = {"temperature": temperature, "top_k": top_k, "seed": seed}
        drawing = _Drawing(self._backend, step_model, num_samples, batch.size, settings)
        plan: Plan = self._sample.plan(drawing.dims, step_model.dtype)
        plan.load(NoParams())
        state = step_model.start(batch, num_samples)
        for step in range(max_length):
            logits, state = step_model.step(state, drawing.tokens)
            inputs = drawing.inputs(logits, step)
            if step == 0:
                self._sample.contract.validate(NoParams(), inputs)
            drawing.advance(logits, plan.forward(inputs).ids)
            if (step + 1) % poll == 0 and drawing.all_done():
                break
        return Decoded(drawing.hypotheses(), {"steps": step + 1} | plan.notes)


class _Drawing:
    """K texts of B sentences under way; all arrays (K, B)."""

    def __init__(
        self, backend: Any, model: StepModel, K: int, B: int, settings: dict[str, Any]
    ) -> None:
        xp = backend.xp
        self._backend, self._model, self._settings = backend, model, settings
        self.dims = SampleDims(K * B, model.vocab_size)
        self.tokens: Array = xp.full((K, B), model.bos_id, dtype=xp.int32)
        self._finished: Array = xp.zeros((K, B), dtype=bool)
        self._log_probs: Array = xp.zeros((K, B), dtype=xp.float64)
        self._history: list[Array] = []

    def inputs(self, logits: Array, step: int) -> SampleInputs:
        return SampleInputs(logits.reshape(tuple(self.dims)), stream=step, **self._settings)

    def advance(self, logits: Array, ids: Array) -> None:
        """Take what was drawn; a text that has ended goes on with EOS and stays as probable."""
        xp, eos_id = self._backend.xp, self._model.eos_id
        drawn = xp.where(self._finished, eos_id, ids.reshape(self.tokens.shape)).astype(xp.int32)
        at = xp.take_along_axis(logits, drawn[:, :, None].astype(xp.int64), axis=2)[:, :, 0]
        gain = (at - log_sum_exp(logits, xp=xp)).astype(xp.float64)
        self._log_probs = self._log_probs + xp.where(self._finished, 0.0, gain)
        self._finished = self._finished | (drawn == eos_id)
        self.tokens = drawn
        self._history.append(drawn)

    def all_done(self) -> bool:
        """Waits for the device."""
        return bool(self._backend.to_host(self._finished).all())

    def hypotheses(self) -> list[list[Hypothesis]]:
        """Read everything back once: a list of K a sentence."""
        to_host = self._backend.to_host
        words = to_host(self._backend.xp.stack(self._history))  # (S, K, B)
        finished, log_probs = to_host(self._finished), to_host(self._log_probs)
        if np.isnan(log_probs).any():
            raise RangeError(
                "sampling: the logits became NaN in a text under way, expected numbers; look at "
                "the model's weights"
            )
        ends = np.where(finished, (words == self._model.eos_id).argmax(axis=0), len(words))
        K, B = finished.shape

        def one(k: int, b: int) -> Hypothesis:
            end, done = int(ends[k, b]), bool(finished[k, b])
            log_prob = float(log_probs[k, b])
            return Hypothesis(
                tokens=tuple(words[:end, k, b].tolist()),
                log_prob=log_prob,
                score=log_prob,
                finished=done,
                length=end + done,
            )

        return [[one(k, b) for k in range(K)] for b in range(B)]
