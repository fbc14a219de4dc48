"""Shell completion: Hydra's, for the overrides of `seqbench run`.

Hydra's script asks `seqbench -sc query=bash` with the line in COMP_LINE; the word `run` is taken
out of it, since Hydra knows overrides only.
"""

from __future__ import annotations

import os

COMMANDS = ("run", "list", "check", "report", "compare", "ab", "doctor", "new", "data")


def complete(arguments: list[str]) -> int:
    """Answer `-sc install=…|uninstall=…|query=…`. Returns the exit code."""
    from .run import run

    if any(a.startswith("query=") for a in arguments):
        words = os.environ.get("COMP_LINE", "").split(" ")
        if len(words) < 3:
            begun = words[1] if len(words) == 2 else ""
            print(" ".join(c for c in COMMANDS if c.startswith(begun)))
            return 0
        if words[1] == "data":
            print(" ".join(_of_data(words[2:])))
        if words[1] != "run":
            return 0
        os.environ["COMP_LINE"] = " ".join([words[0], *words[2:]])
    return run(arguments)


def _of_data(words: list[str]) -> list[str]:
    """The verbs of `data`, then names of data sets."""
    from seqbench.registry import registry

    known = ["list", "fetch"] if len(words) == 1 else sorted(registry().dataset_specs())
    return [word for word in known if word.startswith(words[-1])]
