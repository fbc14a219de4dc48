"""What can be told of a corpus before any model has seen it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .corpus import ParallelCorpus, Split, Tokens
from .transduction import NOTHING, Phrase
from .vocabulary import UNK_ID, Vocabulary

HISTOGRAM_STEP = 5


def corpus_facts(corpus: ParallelCorpus) -> dict[str, Any]:
    """Sizes, lengths, vocabularies and unknown words; JSON-able.

    Rates are fractions of running words; lengths count tokens; `length_histogram[n]` counts source
    sentences of the training split with 5n to 5n + 4 tokens.
    """
    train = corpus.train
    return {
        "num_pairs": {split.name: len(split) for split in corpus.splits},
        "num_dropped": train.num_dropped,
        "source": _side_facts(train.sources, corpus.source_vocabulary),
        "target": _side_facts(train.targets, corpus.target_vocabulary),
        "length_histogram": _histogram(train.source_ids.lengths),
        "unknown_rate": {split.name: _unknown_rates(split) for split in corpus.splits},
    }


def _side_facts(sentences: Sequence[Tokens], vocabulary: Vocabulary) -> dict[str, Any]:
    lengths = [len(s) for s in sentences]
    types = {token for sentence in sentences for token in sentence}
    return {
        "tokens": sum(lengths),
        "types": len(types),
        "vocab_size": len(vocabulary),
        "type_token_ratio": len(types) / sum(lengths),
        "mean_length": sum(lengths) / len(lengths),
        "min_length": min(lengths),
        "max_length": max(lengths),
    }


def _histogram(lengths: np.ndarray) -> list[int]:
    return [int(n) for n in np.bincount(lengths // HISTOGRAM_STEP)]


def _unknown_rates(split: Split) -> dict[str, float]:
    sides = {"source": split.source_ids, "target": split.target_ids}
    return {name: float((side.ids == UNK_ID).mean()) for name, side in sides.items()}


def alignment_facts(phrases: Sequence[Phrase]) -> dict[str, float]:
    """What the alignments of generated sentences tell.

    reordering_distance : mean |a(j) - a(j-1) - 1| over neighbouring aligned target tokens, a(j) the
        source token's index (Koehn et al. 2003); 0 where the orders are the same
    monotone_rate : fraction of sentences without any reordering
    ambiguous_rate : fraction of running source words whose type has several translations here
    translation_entropy : bits of a target token given its source token's type, mean
    free_rate : choices that the source does not determine, for each target token
    """
    jumps = [_jumps(p.links) for p in phrases]
    flat = [jump for sentence in jumps for jump in sentence]
    ambiguous, entropy = _translations(phrases)
    return {
        "reordering_distance": sum(flat) / len(flat),
        "monotone_rate": sum(not any(sentence) for sentence in jumps) / len(phrases),
        "ambiguous_rate": ambiguous,
        "translation_entropy": entropy,
        "free_rate": sum(p.num_free for p in phrases) / sum(len(p.target) for p in phrases),
    }


def _jumps(links: Iterable[int]) -> list[int]:
    aligned = [link for link in links if link != NOTHING]
    return [abs(b - a - 1) for a, b in pairwise(aligned)]


def _translations(phrases: Iterable[Phrase]) -> tuple[float, float]:
    """The ambiguous fraction of running source words and the mean entropy in bits."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for phrase in phrases:
        for link, token in zip(phrase.links, phrase.target, strict=True):
            if link != NOTHING:
                table[phrase.source[link]][token] += 1
    total = sum(counts.total() for counts in table.values())
    ambiguous = sum(counts.total() for counts in table.values() if len(counts) > 1)
    bits = sum(
        -n * math.log2(n / counts.total()) for counts in table.values() for n in counts.values()
    )
    return ambiguous / total, bits / total
