"""An experiment at size=tiny, through the command line."""

from __future__ import annotations

import csv
import os
import subprocess
import sys


def run(tmp_path, experiment, *overrides):
    """(what was printed, the rows of the summary)."""
    command = [sys.executable, "-m", "seqbench", "run", f"experiment={experiment}", "size=tiny"]
    done = subprocess.run(
        [*command, f"results_dir={tmp_path}", *overrides],
        env=os.environ | {"SEQBENCH_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = tmp_path.rglob("summary.csv")
    with path.open() as file:
        return done.stdout, list(csv.DictReader(file))
