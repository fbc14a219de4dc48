"""Texts that a language model writes, by sampling or by a search, as strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.data.vocabulary import Vocabulary
from seqbench.interfaces import StepModel, unknown_name

from .hypotheses import Decoded, Hypothesis
from .language_steps import Prompts

DECODERS = ("beam", "greedy", "sampling")
SAMPLING = ("temperature", "top_k", "num_samples", "seed")


def generate(
    decoder: Any, name: str, steps: StepModel, vocabulary: Vocabulary, prompt: str, settings: Any
) -> Decoded:
    """Continuations of one prompt, "" for the beginning: a single sentence's list.

    decoder : what the registry has for `decoder/name`; settings : its keywords, `max_length` among
    them; those of the other decoders are left out
    """
    batch = Prompts.encode(vocabulary, [prompt])
    if name not in DECODERS:
        raise unknown_name("decoder of a language model", name, DECODERS)
    wanted = {"greedy": (), "beam": ("width", "n_best"), "sampling": SAMPLING}[name]
    options = {key: settings[key] for key in (*wanted, "max_length") if key in settings}
    found: Decoded = decoder.decode(steps, batch, **options)
    return found


def text_of(hypothesis: Hypothesis, vocabulary: Vocabulary, prompt: str = "") -> str:
    """The prompt and what follows; words apart by spaces."""
    tokens = vocabulary.decode(hypothesis.tokens)
    if vocabulary.level == "character":
        return prompt + "".join(tokens)
    return " ".join([*prompt.split(), *tokens])


def decoder_settings(section: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The keywords out of a config's decoder section and its options."""
    return {"seed": seed} | dict(section) | dict(section["options"])
