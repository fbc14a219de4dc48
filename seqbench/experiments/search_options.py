"""`evaluate.options` of the tasks that compare searches: beam_errors (E07) and exact_search (E18).

Checked when a plan is made, so it imports nothing that computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.interfaces import UsageError, unknown_name

BEAM_ERRORS: dict[str, Any] = {"baseline_width": 1, "max_expansions": None, "exact_batches": None}
"""The narrow beam's width; how many prefixes an exact search of a sentence may expand (None: there
is no exact search), and of how many batches, shortest sources first (None: all)."""
EXACT_SEARCH: dict[str, Any] = {
    "exact": "exact_depth",
    "max_expansions": 100_000,
    "longest_source": None,
}
"""The exact decoder, how many prefixes it may expand a sentence, and the most tokens of a source
that is taken (None: any)."""
EXACT_DECODERS = ("exact_depth", "exact_breadth")


def beam_errors_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with what is not set. UsageError for what makes no sense."""
    options = _known("beam_errors", given, BEAM_ERRORS)
    _counts(options, optional=("max_expansions", "exact_batches"))
    return options


def exact_search_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with what is not set. UsageError for what makes no sense."""
    options = _known("exact_search", given, EXACT_SEARCH)
    if options["exact"] not in EXACT_DECODERS:
        raise unknown_name("exact decoder", str(options["exact"]), EXACT_DECODERS)
    _counts({k: v for k, v in options.items() if k != "exact"}, optional=("longest_source",))
    return options


def _known(task: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    for name in given:
        if name not in known:
            raise unknown_name(f"option of {task}", name, known)
    return {**known, **given}


def _counts(options: Mapping[str, Any], optional: tuple[str, ...]) -> None:
    for name, value in options.items():
        if value is None and name in optional:
            continue
        if type(value) is not int or value < 1:
            least = "1 or more, or null" if name in optional else "1 or more"
            raise UsageError(
                f"evaluate.options.{name} is {value!r}, expected a whole number of {least}; set "
                f"evaluate.options.{name}=1"
            )
