"""The help topics of Python's documentation: real English that every Python carries.

They differ from version to version, so their hash is told wherever they are used.
"""

from __future__ import annotations

import hashlib
import re

WORD = re.compile(r"[a-z]+|[0-9]+|[^\sa-z0-9]")
"""A run of letters, a run of digits, or one other character; in lower case."""

HELD_OUT = {3: "valid", 6: "test"}
"""Of every ten topics in alphabetical order, by number modulo ten; the rest train."""


def topics() -> dict[str, str]:
    """Name -> text, sorted by name."""
    from pydoc_data.topics import topics as found

    return dict(sorted(found.items()))


def topics_hash() -> str:
    """Hex SHA-256 of every topic's name and text."""
    text = "".join(f"{name}\n{body}\n" for name, body in topics().items())
    return hashlib.sha256(text.encode()).hexdigest()


def topics_text(level: str) -> dict[str, list[str]]:
    """The paragraphs of each split, a line each; words apart by spaces at the level "word".

    Topics repeat each other's paragraphs. One that stands in a held-out topic is left out of the
    training text, else a model would have read what it is asked.
    """
    splits: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for number, body in enumerate(topics().values()):
        splits[HELD_OUT.get(number % 10, "train")] += paragraphs(body, level)
    held_out = {*splits["valid"], *splits["test"]}
    splits["train"] = [paragraph for paragraph in splits["train"] if paragraph not in held_out]
    return splits


def paragraphs(text: str, level: str) -> list[str]:
    """What empty lines divide, white space made single; rules of asterisks and dashes left out.

    >>> paragraphs("The \\"del\\" statement\\n******\\n\\nDeletes x.", "word")
    ['the " del " statement', 'deletes x .']
    """
    found = []
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.split("\n") if line.strip(" *=-~")]
        joined = " ".join(" ".join(lines).split())
        if joined:
            found.append(" ".join(WORD.findall(joined.lower())) if level == "word" else joined)
    return found
