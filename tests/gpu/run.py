"""Check every kernel on a GPU, then time each beside PyTorch: one call, at most ten minutes.

    python tests/gpu/run.py --out FOLDER [--minutes 9.5] [--only attention] [--no-checks] [--dry]

Needs Python 3.12, cupy, torch, numpy, pluggy and pytest, nothing installed of this project: the
checkout is put on the path. Writes checks.csv, evidence.json, timings.csv, machine.json and a
readable tables.md into FOLDER; what time did not allow is listed there as not run. `--dry` runs the
same code at small sizes on the tests' emulator with PyTorch on the CPU; its times mean nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins"), str(Path(__file__).parent)]
CHECKS_SHARE = 0.5
"""Of the time: correctness comes first, and timing gets the rest."""


def main(arguments: list[str] | None = None) -> int:
    """0 where everything that ran is right, 1 otherwise."""
    chosen = parsed(arguments)
    if chosen.dry:
        sys.path.insert(0, str(ROOT / "tests" / "emulator"))
        os.environ["SEQBENCH_CUDA_RUNTIME"] = "emulated_runtime:EmulatedRuntime"
    from checking import check_all
    from machine import described
    from pair import Bench, time_all
    from seqbench_cupy.backend import CupyBackend
    from tables import write_checks, write_machine, write_tables, write_timings

    started = time.monotonic()
    end = started + 60 * chosen.minutes
    bench = Bench(CupyBackend(), dry=chosen.dry)
    chosen.out.mkdir(parents=True, exist_ok=True)
    write_machine(chosen.out, described(bench))
    checks_end = started + 60 * chosen.minutes * CHECKS_SHARE
    checks = [] if chosen.no_checks else check_all(bench.backend, chosen.only, checks_end)
    write_checks(chosen.out, checks, bench.backend)
    timings = time_all(bench, chosen.only, end)
    write_timings(chosen.out, timings)
    print(write_tables(chosen.out, checks, timings))
    wrong = any(row.status == "fail" for row in checks) or any(t.gate == "fail" for t in timings)
    return 1 if wrong else 0


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--minutes", type=float, default=9.5, help="when to stop, whatever is left")
    parser.add_argument("--only", default="", help="contracts and pairs whose name holds this")
    parser.add_argument("--no-checks", action="store_true", help="timings alone")
    parser.add_argument("--dry", action="store_true", help="small sizes, emulator, no meaning")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
