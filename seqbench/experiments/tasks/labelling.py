"""What writes down the labels of CTC's logits, by the config's decoder (A36)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from seqbench.data.speech import BLANK_ID, SpeechCorpus
from seqbench.interfaces import Kernels, UsageError, unknown_name
from seqbench.models.ctc_decoder import CTCDecoder
from seqbench.models.ngram import NGramModel, witten_bell
from seqbench.registry import registry

OPTIONS = {"order": 0, "weight": 1.0, "bonus": 0.0}
"""`decoder.options`: the n-gram model's order (0: none), its weight, and nats a label beside it."""

Search = Callable[[Any, Any], list[np.ndarray]]
"""(T, B, V) logits and (B,) lengths to the label ids of each utterance, on the host."""


def search_of(section: Mapping[str, Any], kernels: Kernels, corpus: SpeechCorpus) -> Search:
    """The search that the config's section `decoder` names.

    Raises UsageError for a language model on the best path or an option out of its range,
    UnknownNameError for an option that there is not.
    """
    options = settings(section)
    decoder: CTCDecoder = type(registry().get("decoder", "ctc", kernels.backend.name))(kernels)
    if section["name"] == "ctc_greedy":
        return lambda logits, lengths: [
            np.array(found.labels, np.int64)
            for found in decoder.greedy(logits, lengths, blank_id=BLANK_ID)
        ]
    model = character_model(corpus, options["order"]) if options["order"] else None

    def beams(logits: Any, lengths: Any) -> list[np.ndarray]:
        found = decoder.beam(
            logits,
            lengths,
            width=section["width"],
            blank_id=BLANK_ID,
            language_model=model,
            alpha=options["weight"],
            beta=options["bonus"],
        )
        return [np.array(best[0].labels, np.int64) for best in found]

    return beams


def settings(section: Mapping[str, Any]) -> dict[str, Any]:
    """OPTIONS with the user's changes, checked as `search_of` says."""
    for name in section["options"]:
        if name not in OPTIONS:
            raise unknown_name("option of this decoder", name, OPTIONS)
    options = {**OPTIONS, **section["options"]}
    order, bonus = options["order"], options["bonus"]
    if type(order) is not int or order < 0:
        raise UsageError(
            f"decoder.options.order is {order!r}, expected a whole number of at least 0; 0 is no "
            "language model, 5 a model of five characters"
        )
    if section["name"] == "ctc_greedy" and (order or bonus):
        raise UsageError(
            f"decoder.options has order {order} and bonus {bonus}, expected 0: the best path takes "
            "no language model; set decoder=ctc_beam"
        )
    return options


def character_model(corpus: SpeechCorpus, order: int) -> NGramModel:
    """An n-gram model of the training transcripts' characters; word i + 1 is label i."""
    tables = witten_bell([list(text) for text in corpus.train.texts], order)
    return NGramModel(tables, ("<blank>", *corpus.labels))


def signature_of(section: Mapping[str, Any]) -> str:
    """How the texts came about."""
    options = settings(section)
    if section["name"] == "ctc_greedy":
        return "search:best path"
    parts = {"search": "prefix beams", "width": section["width"], **options}
    return "|".join(f"{name}:{value}" for name, value in parts.items())
