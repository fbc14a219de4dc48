"""log P(y given x) of given strings, by teacher forcing through a step model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqbench.interfaces import Backend, RangeError, ShapeError, StepModel
from seqbench.kernels.beam_select import log_sum_exp


def score_hypotheses(
    step_model: StepModel, batch: Any, targets: Any, lengths: Any, *, backend: Backend
) -> np.ndarray:
    """log P of K strings for each of B sentences.

    Parameters
    ----------
    targets : (T, K, B) integers, host array: y1 .. yn EOS; anything past a length, ids in range
    lengths : (K, B) integers, host array, in [0, T]; EOS counts; a zero length scores 0

    Returns
    -------
    (K, B) float64, host array, nats: log-softmax and sum in float64 over the model's logits.
    """
    targets, lengths = np.asarray(targets), np.asarray(lengths)
    _check(step_model, batch, targets, lengths)
    xp = backend.xp
    T, K, B = targets.shape
    inputs = np.full((T, K, B), step_model.bos_id, np.int32)
    inputs[1:] = targets[:-1]
    inputs, ids = backend.to_device(inputs), backend.to_device(targets.astype(np.int64))
    inside = backend.to_device(np.arange(T)[:, None, None] < lengths)
    state = step_model.start(batch, K)
    total = xp.zeros((K, B), dtype=xp.float64)
    for t in range(int(lengths.max(initial=0))):
        logits, state = step_model.step(state, inputs[t])
        logits = xp.where(inside[t][:, :, None], logits, 0).astype(xp.float64)
        picked = xp.take_along_axis(logits, ids[t][:, :, None], axis=2)[:, :, 0]
        total = total + xp.where(inside[t], picked - log_sum_exp(logits, xp=xp), 0)
    scores: np.ndarray = backend.to_host(total)
    return scores


def score_sequences(
    step_model: StepModel, batch: Any, targets: Any, lengths: Any, *, backend: Backend
) -> np.ndarray:
    """log P of one string a sentence: targets (T, B), lengths (B,); (B,) float64 in nats."""
    scores: np.ndarray = score_hypotheses(
        step_model,
        batch,
        np.asarray(targets)[:, None, :],
        np.asarray(lengths)[None, :],
        backend=backend,
    )
    return scores.reshape(-1)


def pad_strings(strings: Sequence[Sequence[int]], eos_id: int) -> tuple[np.ndarray, np.ndarray]:
    """Strings without EOS as targets (T, B) int32 with it, padded by EOS, and lengths (B,) int32.

    >>> pad_strings([[5, 6], []], eos_id=2)[0].T.tolist()
    [[5, 6, 2], [2, 2, 2]]
    """
    lengths = np.array([len(s) + 1 for s in strings], np.int32)
    targets = np.full((int(lengths.max(initial=0)), len(strings)), eos_id, np.int32)
    for b, string in enumerate(strings):
        targets[: len(string), b] = string
    return targets, lengths


def _check(model: StepModel, batch: Any, targets: np.ndarray, lengths: np.ndarray) -> None:
    if targets.ndim != 3 or lengths.shape != targets.shape[1:] or targets.shape[2] != batch.size:
        raise ShapeError(
            f"score_hypotheses: targets are {targets.shape} and lengths {lengths.shape} for "
            f"{batch.size} sentences, expected (T, K, B) and (K, B); strings are time-major"
        )
    if targets.size == 0:
        return
    if lengths.min() < 0 or lengths.max() > targets.shape[0]:
        raise RangeError(
            f"score_hypotheses: lengths span {lengths.min()} to {lengths.max()}, expected 0 to "
            f"T = {targets.shape[0]}; pad the targets further"
        )
    if targets.min() < 0 or targets.max() >= model.vocab_size:
        raise RangeError(
            f"score_hypotheses: ids span {targets.min()} to {targets.max()}, expected 0 to "
            f"V - 1 = {model.vocab_size - 1}; encode with the model's vocabulary"
        )
