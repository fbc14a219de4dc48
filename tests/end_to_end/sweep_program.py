"""A sweep of four trials as its own process, for tests that interrupt, kill or starve it.

`sweep_program.py DIRECTORY [--slow N] [--large N] [--file-limit BYTES]`: trial N sleeps or returns
many items. Says `start N` for each trial that starts, and exits as `Outcome.exit_code` says.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

from seqbench.experiments.artifacts import ArtifactCache
from seqbench.experiments.launcher import run_trials
from seqbench.experiments.store import TrialStore
from seqbench.interfaces import Case, Env, Sample, StoreError, Trial, TrialResult


def task(case, context):
    options = (context.directory / "options").read_text().split()
    (context.directory / "pids").write_text(f"{os.getpid()} {os.getppid()}")
    if f"slow={case.params['n']}" in options:
        (context.directory / "slow").write_text("")
        time.sleep(600)
    many = f"large={case.params['n']}" in options
    return TrialResult(samples=[Sample("n", case.params["n"], "1")], notes={"x": "x" * 9999 * many})


def tell(event):
    if event.kind == "start":
        print("start", event.trial.case.params["n"], flush=True)
    if event.kind == "warning":
        print(event.message, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--slow", type=int)
    parser.add_argument("--large", type=int)
    parser.add_argument("--file-limit", type=int)
    options = parser.parse_args()
    store = TrialStore(options.directory)
    (options.directory / "options").write_text(f"slow={options.slow} large={options.large}")
    if options.file_limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (options.file_limit, options.file_limit))
    trials = [Trial(Case("sweep", "task", {"n": n}, seed=0), env=Env(preload=())) for n in range(4)]
    outcome = run_trials(
        trials,
        store=store,
        tasks={"task": "sweep_program:task"},
        on_event=tell,
        cache=ArtifactCache(options.directory / "cache"),
    )
    return outcome.exit_code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StoreError as error:
        print(error, flush=True)
        sys.exit(1)
