"""A36, character and word error rates of texts: units to ids, edits by the backend's kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqbench.interfaces import Kernels, ShapeError
from seqbench.kernels.edit_distance import (
    EditDistanceInputs,
    EditDistanceOutputs,
    EditDistanceParams,
)


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """Edits and reference lengths, (N,) int64 host arrays: what a bootstrap resamples."""

    substitutions: np.ndarray
    insertions: np.ndarray
    deletions: np.ndarray
    reference_lengths: np.ndarray

    @property
    def edits(self) -> np.ndarray:
        return self.substitutions + self.insertions + self.deletions

    @property
    def rate(self) -> float:
        """All edits over all reference units; above 1 where insertions abound.

        References without any unit: 0 where nothing was said, else inf.
        """
        edits, length = int(self.edits.sum()), int(self.reference_lengths.sum())
        if length == 0:
            return math.inf if edits else 0.0
        return edits / length


class ErrorRate:
    """Edits a unit of the reference; `split` makes units of a text."""

    unit = ""

    def __init__(self, kernels: Kernels) -> None:
        self._backend = kernels.backend
        self._distance = kernels.get("metric", "edit_distance")

    @staticmethod
    def split(text: str) -> Sequence[str]:
        raise NotImplementedError

    def counts(self, hypotheses: Sequence[str], references: Sequence[str]) -> ErrorCounts:
        """Of N outputs against one reference each. Raises ShapeError where the numbers differ."""
        if isinstance(hypotheses, str) or len(hypotheses) != len(references):
            raise ShapeError(
                f"{self.unit} error rate: {len(hypotheses)} hypotheses for {len(references)} "
                "references, expected as many; pass two lists of texts"
            )
        ids: dict[str, int] = {}
        sides = [_padded([self.split(t) for t in side], ids) for side in (hypotheses, references)]
        inputs = EditDistanceInputs(*sides[0], *sides[1])
        out = self._run(inputs)
        lengths = inputs.reference_lengths.astype(np.int64)
        return ErrorCounts(out.substitutions, out.insertions, out.deletions, lengths)

    def _run(self, inputs: EditDistanceInputs) -> EditDistanceOutputs:
        """Counts as host arrays."""
        contract, device = self._distance.contract, self._backend.to_device
        params = EditDistanceParams()
        contract.validate(params, inputs)
        plan = self._distance.plan(contract.dims(params, inputs))
        plan.load(params)
        out = plan.forward(
            EditDistanceInputs(
                device(inputs.hypotheses),
                device(inputs.hypothesis_lengths),
                device(inputs.references),
                device(inputs.reference_lengths),
            )
        )
        host = self._backend.to_host
        return EditDistanceOutputs(
            np.array(host(out.substitutions)),
            np.array(host(out.insertions)),
            np.array(host(out.deletions)),
        )

    def corpus(self, hypotheses: Sequence[str], references: Sequence[str]) -> float:
        """The rate over all texts together."""
        return self.counts(hypotheses, references).rate


class CharacterErrorRate(ErrorRate):
    """Characters; white space counts as one character between words, and not at the ends."""

    unit = "character"

    @staticmethod
    def split(text: str) -> Sequence[str]:
        return " ".join(text.split())


class WordErrorRate(ErrorRate):
    """Words between white space."""

    unit = "word"

    @staticmethod
    def split(text: str) -> Sequence[str]:
        return text.split()


def _padded(texts: Sequence[Sequence[str]], ids: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """(N, L) int32 and lengths (N,) int32; `ids` grows with every new unit."""
    lengths = np.array([len(units) for units in texts], np.int32)
    padded = np.zeros((len(texts), int(lengths.max(initial=0))), np.int32)
    for row, units in zip(padded, texts, strict=True):
        row[: len(units)] = [ids.setdefault(unit, len(ids)) for unit in units]
    return padded, lengths
