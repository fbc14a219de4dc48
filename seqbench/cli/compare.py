"""`seqbench compare BASE NEW`: the verdicts of two tables, and the exit code they mean."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqbench.interfaces import UsageError

if TYPE_CHECKING:
    from seqbench.results.compare import Comparison, Rules

DONE, AGAINST = 0, 1
FORMATS = ("table", "md", "json", "junit")
FAIL_ON = ("ambiguous", "unjudged", "added")
DOCTOR = "doctor"


def add_parser(commands: Any) -> None:
    """Add the command and its options to the subparsers of `seqbench`."""
    command = commands.add_parser(
        "compare",
        help="the verdicts of two tables",
        description="Compare NEW with BASE: campaign folders, their tables, committed summaries or "
        "ratios, pytest-benchmark's JSON.",
        epilog="Exit codes: 0 nothing is worse, 1 something is worse (slower, lower quality, wrong "
        "or missing), 2 wrong usage, a table that cannot be read, or no row in common.",
    )
    command.add_argument("base", metavar="BASE")
    command.add_argument("new", metavar="NEW")
    add_verdict_options(command)
    command.add_argument(
        "--across-machines",
        action="store_true",
        help="judge times of different machines and days too",
    )
    command.add_argument(
        "--save-new",
        metavar="FILE",
        type=Path,
        help="write NEW's rows: .csv or .parquet as a table of ours, .json as pytest-benchmark's",
    )


def add_verdict_options(command: argparse.ArgumentParser) -> None:
    """What `compare` and `ab` share."""
    command.add_argument("--format", choices=FORMATS, default="table")
    command.add_argument(
        "--fail-on",
        choices=FAIL_ON,
        action="append",
        default=[],
        help="exit 1 for these rows too; may be given more than once",
    )
    command.add_argument(
        "--thresholds",
        metavar="FILE",
        help="TOML or JSON with margins; `doctor`: what `seqbench doctor` found on this machine "
        "(taken by itself where it is there)",
    )
    command.add_argument("--all", action="store_true", help="show every row")


def run(chosen: argparse.Namespace) -> int:
    """Compare, print, and return the exit code. Raises UsageError, see `read_side` and `join`."""
    from seqbench.results.compare import Options, compare, read_side

    rules = rules_of(chosen.thresholds)
    base, new = read_side(chosen.base), read_side(chosen.new)
    if chosen.save_new:
        save(chosen.new, chosen.save_new)
    options = Options(across_machines=chosen.across_machines)
    return finish(compare(base, new, rules, options), chosen)


def finish(comparison: Comparison, chosen: argparse.Namespace) -> int:
    """Print in the chosen format; the exit code."""
    from seqbench.results.compare import rendered

    print(rendered(comparison, chosen.format, everything=chosen.all))
    return exit_code(comparison, chosen.fail_on)


def exit_code(comparison: Comparison, fail_on: list[str]) -> int:
    """1 where something is worse, or is what `fail_on` names."""
    rows = comparison.rows
    both = rows["presence"] == "both"
    asked = {
        "ambiguous": rows["verdict"] == "AMBIGUOUS",
        "unjudged": both & (rows["verdict"] == "") & (rows["kind"] != "shown"),
        "added": rows["presence"] == "added",
    }
    against = comparison.worse > 0 or any(asked[name].any() for name in fail_on)
    return AGAINST if against else DONE


def rules_of(asked: str | None) -> Rules:
    """The thresholds of a file, of doctor, or the built-in ones.

    Raises UsageError where doctor is asked for and has left nothing, or nothing of this machine.
    """
    from seqbench.results.compare import built_in, read_rules

    if asked not in (None, DOCTOR):
        return read_rules(Path(asked).expanduser())
    found = doctors_file()
    if asked is None:
        return read_rules(found) if found is not None and of_this_machine(found) else built_in()
    if found is None:
        raise UsageError(
            "compare: --thresholds doctor: doctor has left no thresholds here, expected its "
            "doctor.json in the user's cache; run `seqbench doctor`"
        )
    if not of_this_machine(found):
        raise UsageError(
            f"compare: --thresholds doctor: {found} was made on another machine, expected this "
            "one; run `seqbench doctor` here"
        )
    return read_rules(found)


def doctors_file() -> Path | None:
    from seqbench.experiments.artifacts import default_cache

    path = default_cache() / "doctor.json"
    return path if path.is_file() else None


def of_this_machine(path: Path) -> bool:
    """Whether doctor's file is readable and says this machine's id."""
    import json

    from seqbench.experiments.environment import machine_id

    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("machine") == machine_id()


def save(source: str, target: Path) -> None:
    """The rows of `source` in another form. Raises UsageError where they are not samples."""
    from seqbench.results.compare.sources import machines_of, read_table
    from seqbench.results.table import write_csv, write_parquet

    table = read_table(source)
    if target.suffix == ".json":
        from seqbench.results.compare.benchmark_json import write_benchmarks

        machine = " and ".join(sorted(set(machines_of(Path(source)).values())))
        write_benchmarks(table, target, machine)
    elif target.suffix in (".csv", ".parquet"):
        (write_csv if target.suffix == ".csv" else write_parquet)(table, target)
    else:
        raise UsageError(
            f"compare: --save-new {target}: expected a name that ends with .csv, .parquet or .json"
        )
    print(f"written: {target}", file=sys.stderr)
