"""Tasks without kernels, for the command line's tests: they run in real children."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from seqbench.interfaces import Sample, TrialResult

TASKS = {name: f"{__name__}:{name}" for name in ("train", "translate", "cell_cost")}


def _note(context, text):
    with (Path(os.environ["STANDIN_LOG"])).open("a") as log:
        log.write(text + "\n")


def train(case, context):
    _note(context, "train")
    context.artifacts.save(context.trial.builds, {}, {"seed": case.seed})
    return TrialResult(artifact=context.trial.builds)


def translate(case, context):
    width = case.params["decoder"]["width"]
    _note(context, f"translate {width}")
    assert context.artifacts.load(context.trial.needs[0]).meta["seed"] == case.seed
    if width == int(os.environ.get("STANDIN_FAILS", "-1")):
        raise ValueError("asked to fail")
    if width == int(os.environ.get("STANDIN_INTERRUPTS", "-1")):
        os.kill(int(os.environ["STANDIN_PARENT"]), signal.SIGINT)
        signal.pause()
    return TrialResult(samples=[Sample("bleu", float(width), "BLEU", "higher")])


def cell_cost(case, context):
    _note(context, case.params["cell"]["name"])
    return TrialResult(samples=[Sample("time", 1.0, "s", "lower")])
