"""A31, beam error analysis: is the search at fault or the model?

For a sentence that came out wrong, score the human's y* and the search's y-hat with the model,
under the objective of the search. If y* scores higher the search missed it; if not, the model
prefers the wrong string. A third string may beat both, so the search errors found this way are a
lower bound (Stahlberg & Byrne 2019 count the true ones by exact search).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from seqbench.interfaces import Kernels, RangeError, StepModel
from seqbench.kernels.length_penalty import check_penalty, length_penalty

from .hypotheses import Hypothesis
from .scoring import pad_strings, score_sequences
from .search_settings import check_count

Verdict = Literal["correct", "search", "model", "unknown_word", "too_long"]


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One sentence. Scores are None where it was correct or its references could not be scored.

    `reference` is the index of the best-scoring reference; log P in nats, scores under the
    objective; `finished` is False for a y-hat that max_length cut off.
    """

    sentence: int
    verdict: Verdict
    finished: bool
    reference: int | None = None
    log_prob_reference: float | None = None
    log_prob_hypothesis: float | None = None
    score_reference: float | None = None
    score_hypothesis: float | None = None


@dataclass(frozen=True, slots=True)
class ErrorAnalysis:
    """A row a sentence, and what they add up to."""

    rows: tuple[ErrorRow, ...]

    def count(self, verdict: Verdict) -> int:
        return sum(row.verdict == verdict for row in self.rows)

    @property
    def num_correct(self) -> int:
        return self.count("correct")

    @property
    def search_errors_lower_bound(self) -> int:
        """Wrong sentences whose y* beats y-hat under the model."""
        return self.count("search")

    @property
    def model_errors(self) -> int:
        """Wrong sentences whose y-hat is at least as good as y* under the model."""
        return self.count("model")

    @property
    def num_unknown_word(self) -> int:
        """Wrong sentences whose y* the model cannot write: it holds <UNK>."""
        return self.count("unknown_word")

    @property
    def num_too_long(self) -> int:
        """Wrong sentences whose y* is longer than max_length."""
        return self.count("too_long")

    @property
    def search_error_fraction(self) -> float:
        """Search errors among the search and model errors; 0 where there are none."""
        judged = self.search_errors_lower_bound + self.model_errors
        return self.search_errors_lower_bound / judged if judged else 0.0

    @property
    def model_error_fraction(self) -> float:
        """Model errors among the search and model errors; 0 where there are none."""
        judged = self.search_errors_lower_bound + self.model_errors
        return self.model_errors / judged if judged else 0.0


def merged(analyses: Iterable[ErrorAnalysis]) -> ErrorAnalysis:
    """One analysis of many batches; sentences are numbered on."""
    rows: list[ErrorRow] = []
    for analysis in analyses:
        first = len(rows)
        rows += [replace(row, sentence=first + row.sentence) for row in analysis.rows]
    return ErrorAnalysis(tuple(rows))


class BeamErrorAnalysis:
    """Judges the outputs of any search over a step model."""

    def __init__(self, kernels: Kernels) -> None:
        self._backend = kernels.backend

    def analyse(
        self,
        step_model: StepModel,
        batch: Any,
        hypotheses: Sequence[Hypothesis],
        references: Sequence[Sequence[Sequence[int]]],
        *,
        max_length: int,
        unk_id: int,
        alpha: float = 0.0,
        penalty: str = "power",
    ) -> ErrorAnalysis:
        """The verdict on each of B sentences.

        Parameters
        ----------
        hypotheses : the best of each sentence, as decoded under the same alpha, penalty, max_length
        references : a list of references a sentence, ids without BOS and EOS; one that holds
            `unk_id` or needs more than max_length tokens (EOS among them) is left out, and a wrong
            sentence without any other counts apart: as `unknown_word` if one would have fitted

        Both strings are scored alike, in float64 by teacher forcing. A y-hat that max_length cut
        off is ranked below every string that ends, so it is a search error.
        """
        check_count("beam_errors", "max_length", max_length)
        check_penalty("beam_errors", penalty, alpha)
        if not len(hypotheses) == len(references) == batch.size:
            raise RangeError(
                f"beam_errors: {len(hypotheses)} hypotheses and the references of "
                f"{len(references)} sentences, expected {batch.size} of each; pass one best "
                "hypothesis a sentence"
            )

        for b, own in enumerate(references):
            if len(own) == 0:
                raise RangeError(
                    f"beam_errors: sentence {b} has no reference, expected one or more; leave the "
                    "sentence out"
                )

        def usable(reference: Sequence[int]) -> bool:
            return unk_id not in reference and len(reference) < max_length

        strings = [h.tokens for h in hypotheses]
        y_hat = self._log_probs(step_model, batch, strings, [h.finished for h in hypotheses])
        y_star = self._reference_log_probs(step_model, batch, references, usable)
        judge = _Judge(alpha, penalty, max_length, unk_id)
        return ErrorAnalysis(
            tuple(
                judge.row(b, hypotheses[b], references[b], float(y_hat[b]), y_star[:, b])
                for b in range(batch.size)
            )
        )

    def _log_probs(
        self, model: StepModel, batch: Any, strings: Sequence[Any], ends: Sequence[bool]
    ) -> np.ndarray:
        """(B,) log P of one string a sentence, EOS left out where `ends` is False."""
        targets, lengths = pad_strings(strings, model.eos_id)
        lengths = lengths - ~np.array(ends, dtype=bool)
        return score_sequences(model, batch, targets, lengths, backend=self._backend)

    def _reference_log_probs(
        self, model: StepModel, batch: Any, references: Sequence[Any], usable: Any
    ) -> np.ndarray:
        """(R, B) log P, NaN for a reference that is missing or cannot be scored."""
        num_references = max((len(r) for r in references), default=0)
        scores = np.full((num_references, batch.size), np.nan)
        for r in range(num_references):
            there = np.array([r < len(refs) and usable(refs[r]) for refs in references], bool)
            strings = [refs[r] if ok else () for refs, ok in zip(references, there, strict=True)]
            found = self._log_probs(model, batch, strings, [True] * batch.size)
            scores[r] = np.where(there, found, np.nan)
        return scores


@dataclass(frozen=True, slots=True)
class _Judge:
    """The rule, for one sentence."""

    alpha: float
    penalty: str
    max_length: int
    unk_id: int

    def _score(self, log_prob: float, length: int) -> float:
        return log_prob / length_penalty(max(1, length), penalty=self.penalty, alpha=self.alpha)

    def row(
        self,
        sentence: int,
        hypothesis: Hypothesis,
        references: Sequence[Sequence[int]],
        y_hat: float,
        y_star: np.ndarray,
    ) -> ErrorRow:
        known = [tuple(r) for r in references if self.unk_id not in r]
        if hypothesis.finished and hypothesis.tokens in known:
            return ErrorRow(sentence, "correct", True)
        scored = [r for r in range(len(references)) if not np.isnan(y_star[r])]
        if not scored:
            fits = any(len(r) < self.max_length for r in references)
            return ErrorRow(sentence, "unknown_word" if fits else "too_long", hypothesis.finished)
        scores = {r: self._score(float(y_star[r]), len(references[r]) + 1) for r in scored}
        best = max(scored, key=scores.__getitem__)
        score = self._score(y_hat, hypothesis.length)
        missed = not hypothesis.finished or scores[best] > score
        return ErrorRow(
            sentence=sentence,
            verdict="search" if missed else "model",
            finished=hypothesis.finished,
            reference=best,
            log_prob_reference=float(y_star[best]),
            log_prob_hypothesis=y_hat,
            score_reference=scores[best],
            score_hypothesis=score,
        )
