"""Searches held against the reference (E07) and against exact search (E18)."""

from __future__ import annotations

from collections.abc import Sequence

from seqbench.interfaces import UsageError

from ..config import RunConfig
from ..search_options import beam_errors_options, exact_search_options
from ._spec import TaskSpec, only_model
from .translation import HOLDS, SECTIONS, decoding_model

SEARCHES = ("beam", "greedy")


def _beam_errors(config: RunConfig) -> list[str]:
    _expect_decoder("beam_errors", config, ("beam",))
    beam_errors_options(config.evaluate.options)
    analyses = ["analysis/beam_errors", "analysis/true_search_errors"]
    return [*decoding_model(config), "decoder/beam", "metric/bleu", *analyses]


def _exact_search(config: RunConfig) -> list[str]:
    _expect_decoder("exact_search", config, SEARCHES)
    options = exact_search_options(config.evaluate.options)
    if config.evaluate.batch_size != 1:
        raise UsageError(
            f"task exact_search: evaluate.batch_size is {config.evaluate.batch_size}, expected 1: "
            "exact search takes a sentence at a time, and times are compared; set "
            "evaluate.batch_size=1"
        )
    searched = [f"decoder/{config.decoder.name}", f"decoder/{options['exact']}"]
    return [*decoding_model(config), *searched, "metric/bleu"]


def _expect_decoder(task: str, config: RunConfig, known: Sequence[str]) -> None:
    """Refuse what the task cannot compare, before anything is trained."""
    only_model(config, "encoder_decoder")
    if config.decoder.name not in known:
        raise UsageError(
            f"task {task}: decoder.name is {config.decoder.name!r}, expected "
            f"{' or '.join(known)}, whose width or result is what the task compares; set "
            f"decoder={known[0]}"
        )


TASKS = tuple(
    TaskSpec(
        name,
        name,
        (*SECTIONS, "backend", "decoder", "evaluate"),
        uses,
        trains="train",
        holds=HOLDS,
    )
    for name, uses in (("beam_errors", _beam_errors), ("exact_search", _exact_search))
)
