"""Word forms of both languages.

The target agrees in gender (0, 1, 2), number and case by endings: a vowel for the gender, `n` for
the plural, `s` for the determiner of what is not the subject. Its verbs end in tense and number.
"""

from __future__ import annotations

VOWELS = "aoe"
PRESENT, PAST, FUTURE = range(3)
TENSE_ENDINGS = ("is", "ov", "ur")
IRREGULAR = {"fall": "fell", "sleep": "slept", "sing": "sang", "think": "thought", "say": "said"}
IRREGULAR |= {"lend": "lent"}


def agree(stem: str, gender: int, plural: bool, *, subject: bool = True) -> str:
    """A noun, adjective or determiner of the target; only determiners show their case."""
    return stem + VOWELS[gender] + ("n" if plural else "") + ("" if subject else "s")


def target_verb(stem: str, tense: int, plural: bool) -> str:
    """A verb form of the target."""
    return stem + TENSE_ENDINGS[tense] + ("et" if plural else "")


def present(base: str, plural: bool) -> str:
    """A source verb in the present: `sleeps`, `sleep`."""
    return base if plural else base + ("es" if base.endswith(("s", "x", "ch", "sh")) else "s")


def past(base: str) -> str:
    """A source verb in the past: `fell`, `loved`, `visited`."""
    if base in IRREGULAR:
        return IRREGULAR[base]
    return base + ("d" if base.endswith("e") else "ed")
