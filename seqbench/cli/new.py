"""`seqbench new backend NAME`: a plugin to start from."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

KINDS = ("backend",)


def add_parser(commands: Any) -> None:
    command = commands.add_parser(
        "new",
        help="write an installable plugin to start from",
        description="Write a distribution with one working override, its tests through the "
        "conformance suite, a config, a README and a CI file.",
    )
    command.add_argument("kind", choices=KINDS)
    command.add_argument("name", help="of the plugin: lower-case letters, digits, underscores")
    command.add_argument("--into", type=Path, default=Path(), help="the folder to write it in")


def new(chosen: argparse.Namespace) -> int:
    """Write it and say what comes next."""
    from seqbench.registry import registry
    from seqbench.scaffold import write_scaffold

    taken = frozenset(registry().backend_specs())
    written = write_scaffold(chosen.kind, chosen.name, chosen.into, taken)
    print(f"written: {written.folder} ({len(written.files)} files); next:\n")
    print("\n".join(f"    {step}" for step in written.next_steps))
    return 0
