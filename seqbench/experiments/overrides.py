"""Our words for what Hydra says of an override: the key, what is near it, what to type.

Hydra suggests `+key=value` for a misspelt key, which adds a setting that nothing reads.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqbench.interfaces import UnknownNameError, UsageError, unknown_name

if TYPE_CHECKING:
    from .composing import Composer

FREE = (".options", ".impl")
"""Sections whose keys are not known beforehand: there, and only there, `+` is the way."""


def explain(error: Exception, composer: Composer | None = None) -> UsageError:
    """The UsageError that says what `error` means; `composer` knows the candidates."""
    ours = _ours(error)
    if ours is not None:
        return ours
    text = str(error)
    option = re.search(r"Could not find '([^']+)'", text)
    key = re.search(r"(?:Could not override|Could not delete from config\.) '([^']+)'", text)
    several = re.search(r"Ambiguous value for argument '([^']+)'", text)
    if several:
        return _several(several.group(1))
    if option and composer is not None:
        return unknown_option(option.group(1), composer)
    if key and composer is not None:
        return unknown_key(key.group(1), [*composer.keys(), *composer.groups()])
    return UsageError(_plain(text))


def unknown_key(key: str, known: Sequence[str], where: str = "") -> UnknownNameError:
    """`no setting 'cell.hiden_size'; did you mean 'cell.hidden_size'? …`"""
    key = key.partition("@")[0]
    free = next((k for k in known if k.endswith(FREE) and f"{key}.".startswith(f"{k}.")), None)
    if free is not None:
        return UnknownNameError(
            f"{free} starts empty: its keys are a plugin's own; add to it: +{key}=VALUE"
        )
    close = _close(key, known)
    hint = "; did you mean " + " or ".join(repr(c) for c in close) + "?" if close else ";"
    section = key.rpartition(".")[0]
    inside = [k for k in known if section and k.rpartition(".")[0] == section]
    shown = inside or sorted({k for k in known if "." not in k})
    place = f"{where}: " if where else ""
    return UnknownNameError(
        f"{place}no setting {key!r}{hint} known here: {', '.join(shown)}; "
        "see all with `seqbench run --cfg job`"
    )


def unknown_option(path: str, composer: Composer) -> UsageError:
    """A group's option that no file provides: `no cell named 'lstn'; …`"""
    group, _, name = path.rpartition("/")
    return unknown_name(group or "config", name, composer.options(group))


def _ours(error: BaseException | None) -> UsageError | None:
    """What a resolver of ours raised, under what OmegaConf made of it."""
    while error is not None:
        if isinstance(error, UsageError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _close(key: str, known: Sequence[str]) -> list[str]:
    """Near the whole key, or near its last word in any section."""
    whole = difflib.get_close_matches(key, known, n=3, cutoff=0.75)
    last = key.rpartition(".")[2]
    words = {k.rpartition(".")[2]: k for k in reversed(known)}
    near = [words[w] for w in difflib.get_close_matches(last, words, n=3, cutoff=0.75)]
    return list(dict.fromkeys([*whole, *near]))[:3]


def _several(argument: str) -> UsageError:
    key, _, values = argument.partition("=")
    return UsageError(
        f"override {argument!r} has several values for one run; sweep over them with -m, "
        f"or give one list: '{key}=[{values}]'"
    )


def _plain(text: str) -> str:
    """Hydra's text on one line, without its advice to add keys by `+`."""
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not line.startswith(("To append", "See https"))]
    return "configuration: " + "; ".join(kept) + "; see `seqbench run --cfg job`"
