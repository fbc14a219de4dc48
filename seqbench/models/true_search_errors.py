"""A31 with A30: which outputs of a search a better string beats, by exact search.

The lower bound of `error_analysis` compares with the references alone; here the best string of all
is sought, with the output itself as the first bound (Stahlberg & Byrne 2019, section 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqbench.interfaces import Kernels, RangeError, StepModel
from seqbench.kernels.length_penalty import length_penalty

from .exact import ExactDepthDecoder
from .exact_space import MAX_EXPANSIONS, TooManyExpansionsError
from .hypotheses import Hypothesis
from .scoring import pad_strings, score_sequences
from .search_memory import take_sentences

MARGIN = 1e-9
"""Of the score: the same string scored in another batch rounds otherwise."""


class TrueSearchErrors:
    """Judges the outputs of any search over a step model."""

    def __init__(self, kernels: Kernels) -> None:
        self._backend = kernels.backend
        self._exact = ExactDepthDecoder(kernels)

    def analyse(
        self,
        step_model: StepModel,
        batch: Any,
        hypotheses: Sequence[Hypothesis],
        *,
        max_length: int,
        alpha: float = 0.0,
        penalty: str = "power",
        max_expansions: int = MAX_EXPANSIONS,
    ) -> list[bool | None]:
        """A sentence each: does a better string exist? None where the space is too large to tell.

        Arguments as the search's own; `hypotheses` are its best. One that `max_length` cut off is
        ranked below every string that ends.
        """
        if len(hypotheses) != batch.size:
            raise RangeError(
                f"true_search_errors: {len(hypotheses)} hypotheses of {batch.size} sentences, "
                "expected one each; pass the best of every sentence"
            )
        found: list[bool | None] = []
        for sentence, hypothesis in enumerate(hypotheses):
            one = take_sentences(batch, sentence, sentence + 1)
            known = [hypothesis.tokens] if hypothesis.finished else []
            try:
                ((best,),) = self._exact.decode(
                    step_model,
                    one,
                    max_length=max_length,
                    alpha=alpha,
                    penalty=penalty,
                    max_expansions=max_expansions,
                    known=[known],
                )
            except TooManyExpansionsError:
                found.append(None)
                continue
            if not hypothesis.finished:
                found.append(best.finished)
                continue
            divisor = length_penalty(hypothesis.length, penalty=penalty, alpha=alpha)
            score = self._log_prob(step_model, one, hypothesis) / divisor
            found.append(best.score > score + MARGIN * max(1.0, abs(score)))
        return found

    def _log_prob(self, model: StepModel, one: Any, hypothesis: Hypothesis) -> float:
        targets, lengths = pad_strings([hypothesis.tokens], model.eos_id)
        scores: np.ndarray = score_sequences(model, one, targets, lengths, backend=self._backend)
        return float(scores[0])
