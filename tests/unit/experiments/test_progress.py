"""Progress on a terminal and in a log."""

import io

from seqbench.experiments.fates import blank_record
from seqbench.experiments.launcher import Event
from seqbench.experiments.progress import label, progress
from seqbench.interfaces import Case, Trial

TRIAL = Trial(
    Case("beam", "translate", {"decoder": {"width": 5}}, seed=0, swept=("decoder.width", "gone.x"))
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def events():
    done = blank_record(TRIAL)
    done.status, done.wall_s = "done", 1.25
    failed = blank_record(TRIAL)
    failed.error = "ValueError: [red]no"
    return [
        Event("plan", total=4, already=1),
        Event("start", trial=TRIAL),
        Event("progress", trial=TRIAL, fraction=0.5, message="epoch 3"),
        Event("end", trial=TRIAL, record=done),
        Event("warning", message="row x is damaged"),
        Event("end", trial=TRIAL, record=failed),
    ]


def shown_on(stream):
    with progress(stream) as on_event:
        for event in events():
            on_event(event)
    return stream.getvalue()


def test_a_line_a_trial_where_there_is_no_terminal():
    assert shown_on(io.StringIO()).splitlines() == [
        "4 trials, 1 already done",
        "[2/4] beam translate decoder.width=5 gone.x=None round 0: done in 1.2 s",
        "warning: row x is damaged",
        "[3/4] beam translate decoder.width=5 gone.x=None round 0: failed: ValueError: [red]no",
    ]


def test_a_bar_on_a_terminal_tells_faults():
    said = shown_on(Terminal())
    assert "ValueError: [red]no" in said
    assert "row x is damaged" in said


def test_label():
    assert label(TRIAL.case) == "beam translate decoder.width=5 gone.x=None"
