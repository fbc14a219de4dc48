"""Every barrier of the plugin's sources is left out in turn, and an exercise must notice.

Where none does, the source says why the barrier stays: `// not needed alone: REASON`. The first
barrier of each file here, `-m slow` for the others.
"""

from __future__ import annotations

import re

import pytest
from barrier_drops import Barrier, barriers
from barrier_exercises import EXERCISES
from emulator import EmulatorError
from seqbench_cupy.sources import FOLDER, source_text
from without_a_barrier import ORDERS, Exercise, require_explained

TEXTS = {path.name: path.read_text() for path in FOLDER.iterdir() if path.suffix != ".py"}
BARRIERS = {
    file: barriers(f'#line 1 "{file}"\n{text}') for file, text in TEXTS.items() if barriers(text)
}
FIRST = [found[0] for found in BARRIERS.values()]
REST = [barrier for found in BARRIERS.values() for barrier in found[1:]]


def exercises_of(file: str) -> list[Exercise]:
    return [exercise for exercise in EXERCISES if file in exercise.files]


def require_noticed(barrier: Barrier) -> None:
    exercises = exercises_of(barrier.file)
    noticed = any(e.notices(barrier.file, barrier.line) for e in exercises)
    require_explained(barrier, noticed)


@pytest.mark.parametrize("barrier", FIRST, ids=str)
def test_a_dropped_barrier_is_noticed(barrier):
    require_noticed(barrier)


@pytest.mark.slow
@pytest.mark.parametrize("barrier", REST, ids=str)
def test_every_dropped_barrier_is_noticed(barrier):
    require_noticed(barrier)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("exercise", EXERCISES, ids=str)
def test_with_all_barriers_nothing_is_noticed(exercise, order):
    exercise.run(source_text(exercise.source), order)


def test_every_barrier_has_an_exercise():
    assert set(BARRIERS) <= {file for e in EXERCISES for file in e.files}


def test_no_barrier_is_overlooked():
    """One in two lines, in a macro, or of a kind that `barrier_drops.py` does not know."""
    other = re.compile(r"\b__syncthreads_\w+|\bbar(rier)?\.|\.sync\s*\(|mbarrier|wait_group")
    for file, text in TEXTS.items():
        code = "\n".join(line.partition("//")[0] for line in text.splitlines())
        found = [b for b in BARRIERS.get(file, []) if "sq_grid_sync" not in b.text]
        assert len(re.findall(r"__sync(?:threads|warp)\b|__threadfence\w*", code)) == len(found)
        assert not other.search(code), f"{file}: {other.search(code)}"


def test_what_says_that_it_is_not_needed():
    """The whole list: another entry is a decision."""
    marked = [f"{b.file}: {b.text}" for b in FIRST + REST if b.reason]
    assert marked == ["sq_grid.cuh: __threadfence();  // and what the others wrote can be read"]


EDITS = exercises_of("edit_distance.cu")[0]


def changed_edits(monkeypatch, old, new):
    """The lines of the barriers in the source that an exercise now finds in place of its own."""
    text = source_text("edit_distance.cu")
    assert text.count(old) == 1
    changed = text.replace(old, new)
    monkeypatch.setattr("without_a_barrier.source_text", lambda file: changed)
    return [b.line for b in barriers(changed) if b.file == "edit_distance.cu"]


def test_a_needless_barrier_is_not_noticed(monkeypatch):
    ending = "if (threadIdx.x > 0) return;"
    lines = changed_edits(monkeypatch, ending, f"__syncthreads(); {ending}")
    assert not EDITS.notices("edit_distance.cu", lines[-1])


def test_a_change_that_is_no_program_proves_nothing(monkeypatch):
    lines = changed_edits(monkeypatch, "next[i] = best;", "next[i] = worst;")
    with pytest.raises(EmulatorError, match=r"without edit_distance.cu:\d+: .*g\+\+ refuses"):
        EDITS.notices("edit_distance.cu", lines[0])


@pytest.mark.parametrize(
    ("reason", "noticed", "says"),
    [
        ("", False, "losses.cu:3: no exercise notices"),
        ("one warp", True, "losses.cu:3: `one warp` is wrong"),
    ],
)
def test_a_barrier_is_noticed_or_says_why_not(reason, noticed, says):
    barrier = Barrier("losses.cu", 3, "__syncthreads();", reason, "")
    with pytest.raises(AssertionError, match=says):
        require_explained(barrier, noticed)
    require_explained(barrier, not noticed)
