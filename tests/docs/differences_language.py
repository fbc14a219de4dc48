"""Differences told by language models and clipping."""

from __future__ import annotations

import math

import numpy as np
from difference import Difference

from seqbench.data.vocabulary import BOS_ID, Vocabulary
from seqbench.kernels.clipping import clip_by_global_norm, clip_by_value
from seqbench.models.language_model import LanguageModel, LanguageModelConfig
from seqbench.models.language_scoring import sentence_log_probs
from seqbench.registry import registry


def steps_in_a_sentence() -> float:
    """-log P of six words over the loss of one step, for a model that knows nothing."""
    vocabulary = Vocabulary.build(["the cat sat on the mat"])
    config = LanguageModelConfig(embedding_size=4, hidden_size=4, dtype="float64")
    model = LanguageModel(registry().kernels("numpy"), config, len(vocabulary))
    model.load()  # all zero: every token is as probable
    found = sentence_log_probs(model, vocabulary, ["the cat sat on the mat"], start_id=BOS_ID)
    return -float(found[0]) / math.log(len(vocabulary))


def turned_by_clipping() -> float:
    """Degrees between a gradient and what clipping by value leaves of it."""
    gradient = np.random.default_rng(0).normal(size=1000) ** 3
    by_value, by_norm = gradient.copy(), gradient.copy()
    clip_by_value(by_value, 0.1, xp=np)
    clip_by_global_norm(by_norm, 1.0, xp=np)

    def degrees(clipped: np.ndarray) -> float:
        cosine = clipped @ gradient / (np.linalg.norm(clipped) * np.linalg.norm(gradient))
        return math.degrees(math.acos(min(1.0, float(cosine))))

    return degrees(by_value) - degrees(by_norm)


ENTRIES = [
    Difference(
        id="A06",
        title="the probability of a sentence is that of all its steps, the end among them",
        notes="define a language model as Prob(sentence) and give the loss of one step.",
        papers="-log P(sentence) is the sum of the steps' losses, that of `<EOS>` counted (Mikolov "
        "et al. 2010); perplexity divides it by as many tokens.",
        shows="-log P of a sentence of six words over the loss of a step, all tokens as probable",
        number=steps_in_a_sentence,
        form="{:.0f}",
    ),
    Difference(
        id="A08",
        title="clipping by value turns the gradient, by its norm it does not",
        notes="say that exploding gradients can be handled by clipping, not how.",
        papers="the norm is what Pascanu et al. (2013), algorithm 1, clip, and the default here; "
        "clipping by value is there under its own name.",
        shows="Degrees by which clipping by value turns a random gradient with heavy tails",
        number=turned_by_clipping,
    ),
]
