"""Brute force over every string: what searches are held against, on tiny vocabularies only."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from seqbench.interfaces import Backend, RangeError, StepModel
from seqbench.kernels.length_penalty import check_penalty, length_penalty

from .hypotheses import Hypothesis
from .scoring import score_hypotheses
from .search_settings import check_count

MAX_STRINGS = 100_000


def num_strings(vocab_size: int, max_length: int) -> int:
    """Strings that end in EOS with T_y <= max_length, EOS counted."""
    return sum((vocab_size - 1) ** n for n in range(max_length))


def exhaustive_search(
    step_model: StepModel,
    batch: Any,
    *,
    backend: Backend,
    max_length: int,
    alpha: float = 0.0,
    penalty: str = "power",
    n_best: int = 1,
) -> list[list[Hypothesis]]:
    """The n best finished strings of every sentence, by scoring all of them.

    Teacher forcing alone: nothing is pruned, reordered or reused, so it shares no step with the
    searches that it judges. Equal scores are ordered by length, then by ids.
    """
    check_count("exhaustive", "max_length", max_length)
    check_penalty("exhaustive", penalty, alpha)
    count = num_strings(step_model.vocab_size, max_length)
    if count * max(1, batch.size) > MAX_STRINGS:
        raise RangeError(
            f"exhaustive: {count:,} strings for each of {batch.size} sentences, expected at most "
            f"{MAX_STRINGS:,} in all; use fewer words, a smaller max_length or fewer sentences"
        )
    words = [v for v in range(step_model.vocab_size) if v != step_model.eos_id]
    strings = [s for n in range(max_length) for s in itertools.product(words, repeat=n)]
    targets = np.full((max_length, count), step_model.eos_id, np.int32)
    for k, string in enumerate(strings):
        targets[: len(string), k] = string
    lengths = np.array([len(s) + 1 for s in strings])
    shape = (count, batch.size)
    log_probs = score_hypotheses(
        step_model,
        batch,
        np.broadcast_to(targets[:, :, None], (max_length, *shape)),
        np.broadcast_to(lengths[:, None], shape),
        backend=backend,
    )
    divisors = np.array([length_penalty(int(n), penalty=penalty, alpha=alpha) for n in lengths])
    scores = log_probs / divisors[:, None]
    order = np.argsort(-scores, axis=0, kind="stable")[:n_best]
    return [
        [
            Hypothesis(
                strings[k], float(log_probs[k, b]), float(scores[k, b]), True, len(strings[k]) + 1
            )
            for k in order[:, b]
        ]
        for b in range(batch.size)
    ]
