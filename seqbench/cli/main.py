"""`seqbench`: the subcommands, their arguments and exit codes.

Every command's module is imported only when the command runs, so that `--help` is immediate.
Exit codes: 0 done, 1 a verdict against you, 2 wrong usage, 3 some trials failed, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .ab import add_parser as add_ab
from .compare import add_parser as add_compare
from .data import add_parser as add_data
from .doctor import add_parser as add_doctor
from .new import add_parser as add_new

DONE, AGAINST, USAGE, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
LISTS = ("backends", "algorithms", "experiments", "datasets")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Our own errors are told without a traceback."""
    try:
        return _dispatch(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        print("seqbench: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `seqbench list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        return _told(error)


def _told(error: Exception) -> int:
    """Print an error of ours and return its exit code; any other is a bug and goes on."""
    from seqbench.interfaces.errors import SeqbenchError, StoreError

    if not isinstance(error, SeqbenchError):
        raise error
    print(f"seqbench: error: {error}", file=sys.stderr)
    return SOME_FAILED if isinstance(error, StoreError) else USAGE


def _dispatch(arguments: list[str]) -> int:
    # Hydra has a parser of its own: `run` hands over everything, and completion asks without it.
    if arguments[:1] == ["run"]:
        from .run import run

        return run(arguments[1:])
    if arguments[:1] in (["-sc"], ["--shell-completion"]):
        from .completion import complete

        return complete(arguments)
    return _command(parsed(arguments))


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The arguments of a command; `ab` takes its overrides behind its options too."""
    top = parser()
    chosen, more = top.parse_known_args(arguments)
    if chosen.command == "ab":
        chosen.rest += [word for word in more if not word.startswith("-")]
        more = [word for word in more if word.startswith("-")]
    if more:
        top.error(f"unrecognized arguments: {' '.join(more)}")
    return chosen


def parser() -> argparse.ArgumentParser:
    """The parser of every command but `run`, whose line is here for the help."""
    top = argparse.ArgumentParser(
        prog="seqbench",
        description="Benchmark sequence-model algorithms, on CPU and GPU.",
        epilog="Exit codes: 0 done, 1 a verdict against you, 2 wrong usage, 3 some trials failed, "
        "130 interrupted.",
    )
    top.add_argument("--version", action="version", version=f"seqbench {_version()}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "run",
        help="run an experiment: hydra overrides, e.g. experiment=beam_width_bleu; -m sweeps",
        add_help=False,
    )
    listing = commands.add_parser("list", help="what is there, and why something is unavailable")
    listing.add_argument("what", nargs="?", choices=LISTS, help="one list; all of them by default")
    listing.add_argument("--json", action="store_true", help="rows as JSON")
    check = commands.add_parser("check", help="the conformance suite against a backend")
    check.add_argument("backend", metavar="BACKEND")
    add_compare(commands)
    add_ab(commands)
    add_doctor(commands)
    add_new(commands)
    add_data(commands)
    report = commands.add_parser("report", help="one self-contained page of tables and plots")
    report.add_argument(
        "tables", nargs="+", metavar="TABLE", help="CSV, Parquet, a comparison's JSON, or a folder"
    )
    report.add_argument("--html", required=True, metavar="FILE", help="the page to write")
    return top


def _version() -> str:
    from seqbench import __version__

    return __version__


def _command(chosen: argparse.Namespace) -> int:
    if chosen.command == "list":
        from .listing import show

        return show(chosen.what, as_json=chosen.json)
    if chosen.command == "compare":
        from .compare import run as compare

        return compare(chosen)
    if chosen.command == "ab":
        from .ab import run as ab

        return ab(chosen)
    if chosen.command == "doctor":
        from .doctor import doctor

        return doctor(quick=chosen.quick, as_json=chosen.json)
    if chosen.command == "new":
        from .new import new

        return new(chosen)
    if chosen.command == "data":
        from .data import run as data

        return data(chosen)
    if chosen.command == "report":
        from .report import report

        return report(chosen.tables, chosen.html)
    from .check import check

    return check(chosen.backend)
