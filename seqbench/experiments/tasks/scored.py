"""Translations by the length of their source, and cut short: the parts of E04 and E21."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from seqbench.data.corpus import Split
from seqbench.experiments.scoring_options import ScoringOptions
from seqbench.interfaces import DataError, Sample
from seqbench.models.bleu_score import BleuScore

PHASE = "decode"


def chosen(split: Split, options: ScoringOptions) -> Split:
    """The sentences of the bucket, in the order of the split; all where none is named.

    Raises DataError where no sentence is that long.
    """
    if options.length_bucket is None:
        return split
    least, most = options.span
    lengths = np.array([len(source) for source in split.sources])
    inside = (lengths >= least) & (lengths <= (math.inf if most is None else most))
    if not inside.any():
        raise DataError(
            f"translate: no sentence of split {split.name} has {least} to "
            f"{'any number of' if most is None else most} source tokens, expected some in bucket "
            f"{options.length_bucket}; its lengths are {lengths.min()} to {lengths.max()}: set "
            "evaluate.options.length_bounds"
        )
    return split.take(np.flatnonzero(inside))


def first_words(outputs: Sequence[Sequence[str]], kept: float | None) -> list[Sequence[str]]:
    """Of each output the share `kept` of its words from the beginning, rounded up."""
    if kept is None:
        return list(outputs)
    slack = 1e-9  # 0.55 of 100 words is 55.00000000000001 of them
    return [words[: math.ceil(kept * len(words) - slack)] for words in outputs]


def bucket_samples(split: Split, options: ScoringOptions) -> list[Sample]:
    """How many sentences a bucket has and how long their sources are on the average."""
    if options.length_bucket is None:
        return []
    mean = float(np.mean([len(source) for source in split.sources]))
    return [
        Sample("sentences", float(len(split)), "sentences", "none", PHASE),
        Sample("mean_source_length", mean, "tokens", "none", PHASE),
    ]


def precision_samples(score: BleuScore, options: ScoringOptions) -> list[Sample]:
    """p_1 to p_4 in percent, the brevity penalty, and BLEU as it would be without it."""
    if options.kept is None:
        return []
    found = [
        Sample(f"precision_{n}", precision, "%", "none", PHASE)
        for n, precision in enumerate(score.precisions, start=1)
    ]
    return [
        *found,
        Sample("brevity_penalty", score.brevity_penalty, "1", "none", PHASE),
        Sample("bleu_without_penalty", unpenalised(score), "BLEU", "none", PHASE),
    ]


def unpenalised(score: BleuScore) -> float:
    """The geometric mean of the precisions, 0 to 100: BLEU with a brevity penalty of 1."""
    return score.score / score.brevity_penalty if score.brevity_penalty > 0 else 0.0


def options_of(params: Any) -> ScoringOptions:
    return ScoringOptions.of(params["evaluate"]["options"])
