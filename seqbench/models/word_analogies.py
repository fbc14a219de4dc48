"""A16's other evaluation: the share of analogies whose answer is the nearest word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.data.word_vectors import WordVectors
from seqbench.interfaces import DataError, Kernels, unknown_name
from seqbench.kernels._vector_ops import VectorTable
from seqbench.kernels.nearest import AnalogyInputs, CosMulInputs, NearestDims

METHODS = ("cos_add", "cos_mul", "pair_direction")
BATCH = 1024


@dataclass(frozen=True, slots=True, eq=False)
class SectionScore:
    """`right` (covered,) bool tells each covered question, of `questions` there are.

    covered : all four words known
    """

    right: np.ndarray
    questions: int

    @property
    def correct(self) -> int:
        return int(self.right.sum())

    @property
    def covered(self) -> int:
        return len(self.right)


@dataclass(frozen=True, slots=True)
class AnalogyScore:
    """By section, and all together."""

    sections: Mapping[str, SectionScore]

    @property
    def covered(self) -> int:
        return sum(s.covered for s in self.sections.values())

    @property
    def questions(self) -> int:
        return sum(s.questions for s in self.sections.values())

    @property
    def accuracy(self) -> float:
        """Of the covered questions."""
        return sum(s.correct for s in self.sections.values()) / self.covered

    @property
    def right(self) -> np.ndarray:
        """(covered,) bool of every covered question, section after section."""
        return np.concatenate([s.right for s in self.sections.values()])


class WordAnalogies:
    """`metric/word_analogies`: a is to b as c is to d; d must be the best answer."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def score(
        self,
        vectors: WordVectors,
        sections: Mapping[str, Sequence[tuple[str, str, str, str]]],
        *,
        method: str = "cos_add",
        unit: bool = True,
        lower: bool = True,
    ) -> AnalogyScore:
        """Accuracy over the questions whose four words have vectors.

        method, unit : see kernels/nearest.py; 3CosMul takes cosines, so `unit` is nothing to it.
        UnknownNameError for another method, DataError where no question is covered.
        """
        if method not in METHODS:
            raise unknown_name("analogy method", method, METHODS)
        asked = {name: _encoded(vectors, found, lower) for name, found in sections.items()}
        if not any(len(ids) for ids in asked.values()):
            raise DataError(
                f"word_analogies: no question of {len(sections)} sections has vectors for its "
                "words, expected one or more; use a larger vocabulary or check its case"
            )
        device = self._kernels.backend.to_device
        implementation = self._kernels.get("vector_op", f"analogy_{method}")
        dims = NearestDims(BATCH, len(vectors), vectors.size, 1)
        plan = implementation.plan(dims, str(vectors.vectors.dtype))
        plan.load(VectorTable(device(vectors.vectors)))
        scores = {}
        for name, ids in asked.items():
            parts = [
                self._right(plan, ids[start : start + BATCH], method, unit)
                for start in range(0, len(ids), BATCH)
            ]
            right = np.concatenate([np.zeros(0, bool), *parts])
            scores[name] = SectionScore(right, len(sections[name]))
        return AnalogyScore(scores)

    def _right(self, plan: Any, ids: np.ndarray, method: str, unit: bool) -> np.ndarray:
        questions = self._kernels.backend.to_device(np.ascontiguousarray(ids[:, :3]))
        inputs: Any = AnalogyInputs(questions, unit=unit)
        if method == "cos_mul":
            inputs = CosMulInputs(questions)
        answers = np.asarray(self._kernels.backend.to_host(plan.forward(inputs).ids))[:, 0]
        right: np.ndarray = answers == ids[:, 3]
        return right


def accuracy_change(
    before: np.ndarray, after: np.ndarray, *, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the accuracy of `after` less that of `before`, (N,) bool each.

    The paired bootstrap over questions, drawn as how many were won, kept and lost. Questions that
    share a pair of words are taken as independent, so it is too narrow rather than too wide.
    """
    won, lost = int((after & ~before).sum()), int((before & ~after).sum())
    count = len(before)
    rng = np.random.Generator(np.random.PCG64([seed, count]))
    drawn = rng.multinomial(count, np.array([won, lost, count - won - lost]) / count, resamples)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / count, [2.5, 97.5])
    return float(low), float(high)


def _encoded(
    vectors: WordVectors, questions: Sequence[tuple[str, str, str, str]], lower: bool
) -> np.ndarray:
    """(N, 4) int32 ids of the covered questions."""
    rows = []
    for question in questions:
        words = [w.lower() if lower else w for w in question]
        if all(w in vectors for w in words):
            rows.append([vectors.ids[w] for w in words])
    return np.array(rows, np.int32).reshape(-1, 4)
