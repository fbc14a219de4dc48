"""Random inputs of the search and BLEU contracts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seqbench.kernels.beam_select import BeamSelectInputs, BeamSelectParams
from seqbench.kernels.bleu import BleuInputs, BleuParams
from seqbench.kernels.edit_distance import EditDistanceInputs, EditDistanceParams
from seqbench.kernels.length_penalty import LengthPenaltyInputs, LengthPenaltyParams

from .cases import builder

BEAMS = {"tiny": (2, 2, 5), "odd": (5, 3, 131), "one": (1, 1, 3), "empty": (3, 0, 7)}
CORPORA = {"tiny": (2, 4, 1, 5), "odd": (7, 13, 3, 11), "one": (1, 1, 1, 1), "empty": (0, 3, 1, 3)}


def fill_dead_slots(inputs: BeamSelectInputs, fill: float) -> BeamSelectInputs:
    """`fill` as the logits of finished and empty slots, which no kernel may read."""
    live = ~inputs.finished & (inputs.scores > -np.inf)
    return replace(inputs, logits=np.where(live[:, :, None], inputs.logits, fill))


@builder("decoder/beam_select", padding=fill_dead_slots)
def beam_select_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """A beam under way: `odd` stops by bound, `padded` has a finished and an empty slot."""
    K, B, V = BEAMS.get(size, (4, 3, 70))
    logits = 3.0 * rng.normal(size=(K, B, V))
    scores = -np.abs(rng.normal(size=(K, B)))
    finished = np.zeros((K, B), bool)
    if size == "padded":
        finished[1], scores[2] = True, -np.inf
    inputs = BeamSelectInputs(logits, scores, finished, eos_id=1)
    if size == "odd":
        pool = -np.sort(5.0 * rng.random((K, B)), axis=0)
        inputs = replace(inputs, stop="bound", pool=pool, penalty=2.0, bound_penalty=9.0)
    return BeamSelectParams(), inputs


@builder("decoder/length_penalty")
def length_penalty_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    count = {"one": 1, "empty": 0}.get(size, 9)
    log_probs = -10.0 * rng.random(count)
    lengths = rng.integers(1, 40, count).astype(np.int32)
    return LengthPenaltyParams(), LengthPenaltyInputs(log_probs, lengths, 0.7, "gnmt")


@builder("metric/bleu_stats")
def bleu_stats_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """Sentences of few words; `padded` has an empty hypothesis and a missing reference."""
    N, L, R, L2 = CORPORA.get(size, (6, 9, 2, 8))
    lengths = rng.integers(min(1, L), L + 1, N).astype(np.int32)
    reference_lengths = rng.integers(min(1, L2), L2 + 1, (R, N)).astype(np.int32)
    if size == "padded":
        lengths[0], reference_lengths[1, 2] = 0, -1
    hypotheses = rng.integers(0, 4, (N, L)).astype(np.int32)
    references = rng.integers(0, 4, (R, N, L2)).astype(np.int32)
    return BleuParams(), BleuInputs(hypotheses, lengths, references, reference_lengths, 4)


def _fill_edit_padding(inputs: EditDistanceInputs, fill: float) -> EditDistanceInputs:
    """Ids past the lengths: none that is there."""
    odd = np.int32(0 if fill == 0 else -7)

    def filled(ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return np.where(np.arange(ids.shape[1]) >= lengths[:, None], odd, ids).astype(np.int32)

    return replace(
        inputs,
        hypotheses=filled(inputs.hypotheses, inputs.hypothesis_lengths),
        references=filled(inputs.references, inputs.reference_lengths),
    )


PAIRS = {"tiny": (2, 3, 2), "odd": (7, 9, 13), "one": (1, 1, 1), "step": (5, 0, 2)}
"""N, L, L2; `step` has no hypothesis longer than 0."""


@builder("metric/edit_distance", padding=_fill_edit_padding)
def edit_distance_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """Few ids, so that alignments compete; lengths from 0 to the axis."""
    N, L, L2 = PAIRS.get(size, (0 if size == "empty" else 4, 5, 4))

    def side(length: int) -> tuple[np.ndarray, np.ndarray]:
        ids = rng.integers(0, 3, (N, length)).astype(np.int32)
        return ids, rng.integers(0, length + 1, N).astype(np.int32)

    return EditDistanceParams(), EditDistanceInputs(*side(L), *side(L2))
