"""The progress of a run: a bar on a terminal, a line a trial elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

from seqbench.interfaces.records import Case, TrialRecord

from .launcher import Event, OnEvent

if TYPE_CHECKING:
    from rich.progress import Progress


@contextlib.contextmanager
def progress(stream: TextIO | None = None) -> Iterator[OnEvent]:
    """What to pass as `on_event`; writes to `stream` (stderr)."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield Lines(stream)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=stream), transient=True) as bars:
        yield Bars(bars)


class Lines:
    """One line for each trial that ended."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._ended = 0
        self._total = 0

    def __call__(self, event: Event) -> None:
        if event.kind == "plan":
            self._total, self._ended = event.total, event.already
            self._say(f"{event.total} trials, {event.already} already done")
        elif event.kind == "warning":
            self._say(f"warning: {event.message}")
        elif event.kind == "end" and event.record is not None:
            self._ended += 1
            self._say(f"[{self._ended}/{self._total}] {outcome_line(event.record)}")

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class Bars:
    """One bar for the plan, one for each running trial that reports its progress."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._plan = bars.add_task("trials", total=None)
        self._running: dict[str, Any] = {}

    def __call__(self, event: Event) -> None:
        if event.kind == "plan":
            self._bars.update(self._plan, total=event.total, completed=event.already)
        elif event.kind == "warning":
            self._print(f"warning: {event.message}")
        elif event.trial is not None:
            self._of_trial(event, event.trial.trial_key)

    def _of_trial(self, event: Event, key: str) -> None:
        if event.kind == "start" and event.trial is not None:
            self._running[key] = self._bars.add_task(label(event.trial.case), total=1.0)
        elif event.kind == "progress" and event.trial is not None:
            text = f"{label(event.trial.case)} {event.message}".strip()
            self._bars.update(self._running[key], completed=event.fraction, description=text)
        elif event.record is not None:
            if key in self._running:  # a trial that was skipped never started
                self._bars.remove_task(self._running.pop(key))
            self._bars.advance(self._plan)
            if event.record.status != "done":
                self._print(outcome_line(event.record))

    def _print(self, text: str) -> None:
        self._bars.console.print(text, markup=False, highlight=False)


def outcome_line(record: TrialRecord) -> str:
    """`beam_width_bleu decoder.width=5 round 0: done in 1.2 s`, or the error."""
    case = Case(record.experiment, record.task, record.params, record.seed, tuple(record.swept))
    named = f"{label(case)} round {record.round}: {record.status}"
    if record.status == "done":
        return f"{named} in {record.wall_s:.1f} s"
    return f"{named}: {record.error}"


def label(case: Case) -> str:
    """The experiment, its task and the values that it varies."""
    swept = [f"{key}={_value(case.params, key)}" for key in case.swept]
    return " ".join([case.experiment, case.task, *swept])


def _value(params: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        params = params.get(name) if isinstance(params, dict) else None
    return params
