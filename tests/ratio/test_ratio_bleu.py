"""BLEU of 10,000 pairs against sacreBLEU, from text to score.

Words are drawn from a Zipf law over 8000, sentences have 5 to 39, a third of a hypothesis' words is
replaced. Both split at white space (`tokenize=none`).
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest

pytestmark = pytest.mark.peer("sacrebleu")

PAIRS, WORDS = 10_000, 8000


@pytest.fixture(scope="module")
def pairs():
    """Hypotheses and references."""
    rng = np.random.default_rng(0)
    frequency = 1 / np.arange(1, WORDS + 1)
    frequency /= frequency.sum()
    words = np.array([f"word{index}" for index in range(WORDS)])
    hypotheses, references = [], []
    for length in rng.integers(5, 40, PAIRS):
        reference = rng.choice(words, length, p=frequency)
        other = rng.choice(words, length, p=frequency)
        references.append(" ".join(reference))
        hypotheses.append(" ".join(np.where(rng.random(length) < 0.3, other, reference)))
    return hypotheses, references


def ours_and_peer(peer, **options):
    bleu = peer("sacrebleu").metrics.BLEU(tokenize="none", force=True, **options)
    return importlib.import_module("seqbench").get("metric", "bleu"), bleu


def test_corpus(pairs, compare, peer):
    hypotheses, references = pairs
    metric, bleu = ours_and_peer(peer)
    compare(
        "metric/bleu",
        f"corpus pairs{PAIRS}",
        ("numpy.bleu", lambda: metric.corpus(hypotheses, [references])),
        ("sacrebleu.BLEU", lambda: bleu.corpus_score(hypotheses, [references])),
        at_most=0.2,
    )


def test_sentences(pairs, compare, peer):
    hypotheses, references = pairs
    metric, bleu = ours_and_peer(peer, effective_order=True)

    def theirs():
        both = zip(hypotheses, references, strict=True)
        return [bleu.sentence_score(text, [reference]).score for text, reference in both]

    compare(
        "metric/bleu",
        f"sentence pairs{PAIRS}",
        ("numpy.bleu", lambda: metric.sentences(hypotheses, [references])),
        ("sacrebleu.BLEU", theirs),
        at_most=0.2,
    )
