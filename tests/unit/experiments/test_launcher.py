"""The launcher's choices: what runs, in which order, beside what, and what the exit code says."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from seqbench.experiments.artifacts import ArtifactCache
from seqbench.experiments.fates import record_of
from seqbench.experiments.launcher import Outcome, run_inline, run_trials
from seqbench.experiments.store import TrialStore
from seqbench.experiments.supervisor import Ended
from seqbench.interfaces import (
    Case,
    Env,
    Sample,
    StoreError,
    Trial,
    TrialResult,
    UnknownNameError,
    UnsupportedError,
    UsageError,
)

TASKS = {"fine": f"{__name__}:fine", "fail_once": f"{__name__}:fail_once"}


def fine(case, context):
    return TrialResult(
        samples=[Sample("n", 1.0, "1")], notes={"round": context.trial.round}, gate="pass"
    )


def fail_once(case, context):
    mark = Path(case.params["mark"])
    if not mark.exists():
        mark.write_text("")
        raise UnsupportedError("not yet") if case.params.get("skip") else ValueError("not yet")
    return fine(case, context)


def trial(n=0, task="fine", **fields):
    params = {"n": n} | fields.pop("params", {})
    return Trial(Case("e", task, params, seed=0), env=Env(preload=()), **fields)


@pytest.fixture
def run(tmp_path):
    """Runs trials; returns the outcome and the numbers of the trials that started."""
    store = TrialStore(tmp_path / "campaign")
    cache = ArtifactCache(tmp_path / "cache")

    def run(*trials, **options):
        events = []
        outcome = run_trials(
            trials, store=store, tasks=TASKS, cache=cache, on_event=events.append, **options
        )
        started = [e.trial.case.params["n"] for e in events if e.kind == "start"]
        return outcome, started, events

    run.store, run.cache = store, cache
    return run


def test_order_events_and_rows(run):
    outcome, started, events = run(trial(2), trial(0), trial(1), trial(0))
    assert started == [2, 0, 1]
    assert [e.kind for e in events] == ["plan", *["start", "end"] * 3]
    assert (events[0].total, events[0].already) == (3, 0)
    assert outcome == Outcome(Counter(done=3))
    row = events[2].record
    assert (row.status, row.gate, row.task, row.params) == ("done", "pass", "fine", {"n": 2})
    assert row.started_at.endswith("+00:00")
    assert 0 < row.wall_s < 5
    assert row.provenance in run.store.read_provenance()


def test_resume_runs_what_is_not_done(run, tmp_path):
    marked = {"params": {"mark": str(tmp_path / "mark")}}
    skipped = {"params": {"mark": str(tmp_path / "other"), "skip": True}}
    plan = [trial(0), trial(1, "fail_once", **marked), trial(2, "fail_once", **skipped)]
    first, _, _ = run(*plan)
    assert first.counts == {"done": 1, "failed": 1, "skipped": 1}
    second, started, _ = run(*plan)
    assert started == [1, 2]
    assert second == Outcome(Counter(done=3), already=1)
    third, started, _ = run(*plan)
    assert started == []
    assert third.already == 3
    _, started, _ = run(*plan, resume=False)
    assert started == [0, 1, 2]


def test_a_timing_block_is_redone_as_a_whole_under_another_name(run, tmp_path):
    marked = {"params": {"mark": str(tmp_path / "mark")}}
    plan = [
        trial(0, group="block"),
        trial(1, "fail_once", group="block", **marked),
        trial(2, group="other"),
    ]
    run(*plan)
    before = {row.params["n"]: row.group for row in run.store.read_all()}
    assert before[0] == before[1]
    assert before[0].startswith("block@")
    assert before[2].startswith("other@")
    _, started, _ = run(*plan)
    assert started == [0, 1]
    after = {row.params["n"]: row.group for row in run.store.read_all()}
    assert after[0] == after[1] != before[0]
    assert after[2] == before[2]
    assert run(*plan)[1] == []


def overlaps(events):
    """The most children at once, and the numbers that ran beside another."""
    running, most, beside = set(), 0, set()
    for event in events:
        if event.kind == "start":
            running.add(event.trial.case.params["n"])
        elif event.kind == "end":
            running.discard(event.trial.case.params["n"])
        most = max(most, len(running))
        if len(running) > 1:
            beside |= running
    return most, beside


def test_jobs_run_side_by_side_but_a_timing_block_alone(run):
    plan = [trial(0), trial(1), trial(2, group="block"), trial(3, group="block"), trial(4)]
    outcome, started, events = run(*plan, trial(5), jobs=2)
    assert outcome.counts == {"done": 6}
    assert started == [0, 1, 2, 3, 4, 5]
    assert overlaps(events) == (2, {0, 1, 4, 5})


def test_builders_come_first_and_run_again_when_their_artifact_is_gone(run):
    builder = trial(9)
    users = [trial(0, needs=("key",)), trial(1, needs=("key",))]
    builders = {"key": builder.trial_key}
    assert run(trial(5), users[0], builder, builders=builders)[1] == [9, 5, 0]
    assert run(users[0], builder, builders=builders)[1] == []
    assert run(*users, builder, builders=builders)[1] == [9, 1]
    run.cache.save("key", {}, {})
    run.store.trials.joinpath(f"{users[1].trial_key}.json").unlink()
    assert run(*users, builder, builders=builders)[1] == [1]


def test_a_skipped_user_of_a_failed_artifact_runs_when_the_artifact_is_there(run, tmp_path):
    builder = trial(9, "fail_once", params={"mark": str(tmp_path / "mark")})
    plan, builders = [trial(0, needs=("key",)), builder], {"key": builder.trial_key}
    outcome, started, events = run(*plan, builders=builders)
    assert started == [9]
    assert outcome.counts == {"failed": 1, "skipped": 1}
    assert events[-1].record.reasons[0].startswith("fine: needs artifact key, which was not built")
    outcome, started, _ = run(*plan, builders=builders)
    assert started == [9, 0]
    assert outcome.exit_code == 0


def test_an_artifact_that_nobody_here_builds_is_the_tasks_business(run):
    assert run(trial(0, needs=("elsewhere",)))[0].counts == {"done": 1}


@pytest.mark.parametrize(
    ("counts", "interrupted", "code"),
    [
        ({"done": 2, "skipped": 1}, False, 0),
        ({}, False, 0),
        ({"done": 2, "failed": 1}, False, 3),
        ({"oom": 1}, False, 3),
        ({"timeout": 1}, False, 3),
        ({"interrupted": 1}, False, 3),
        ({"done": 1, "failed": 1}, True, 130),
    ],
)
def test_exit_codes(counts, interrupted, code):
    assert Outcome(Counter(counts), interrupted=interrupted).exit_code == code


def test_a_campaign_has_one_runner(run):
    with run.store.lock(), pytest.raises(StoreError, match="in use by another seqbench run"):
        run(trial(0))


def test_run_inline(tmp_path):
    row = run_inline(trial(3, round=2), tasks=TASKS, directory=tmp_path)
    assert (row.status, row.notes, row.round) == ("done", {"round": 2}, 2)
    broken = trial(0, "fail_once", params={"mark": str(tmp_path / "mark")})
    row = run_inline(broken, tasks=TASKS, directory=tmp_path)
    assert (row.status, row.error) == ("failed", "ValueError: not yet")
    assert "Traceback" in row.traceback
    with pytest.raises(UnknownNameError, match="no task named 'fin'; did you mean 'fine'"):
        run_inline(trial(0, "fin"), tasks=TASKS, directory=tmp_path)


def test_a_task_that_is_not_there(tmp_path):
    from seqbench.experiments.child import load_task

    with pytest.raises(UsageError, match=r"task 'math:nothing': no such function; expected"):
        load_task("math:nothing")
    row = run_inline(trial(0), tasks={"fine": "no_module:run"}, directory=tmp_path)
    assert row.error == "ModuleNotFoundError: No module named 'no_module'"


def ended(**changes):
    values = {
        "trial": trial(0),
        "message": None,
        "code": -signal.SIGKILL,
        "killed": "",
        "started_at": "",
        "wall_s": 1.0,
        "out_of_memory": False,
        "provenance": "",
        "log": Path("none.log"),
        "zygote_log": Path("none.log"),
    }
    return Ended(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({}, "failed", "fine: killed by SIGKILL; the last lines"),
        ({"out_of_memory": True}, "oom", "fine: killed by SIGKILL for memory by the kernel"),
        ({"killed": "timeout"}, "timeout", "fine: killed after 3600 s; raise limits.timeout_s"),
        ({"killed": "interrupted"}, "interrupted", "fine: interrupted; run the same command"),
        ({"code": 4}, "failed", "fine: exited with code 4 without a result"),
        ({"code": -64}, "failed", "fine: killed by SIGRTMAX"),
        ({"code": -99}, "failed", "fine: killed by signal 99"),
        ({"code": None}, "failed", "fine: the zygote that forks trials died; the next trial"),
    ],
)
def test_what_a_silent_end_means(changes, status, error):
    row = record_of(ended(**changes))
    assert row.status == status
    assert row.error.startswith(error)


def test_a_result_that_came_before_the_kill_stands():
    message = {"result": {"samples": [], "resolved": {"cell/gru": "x"}, "signature": "s"}}
    row = record_of(ended(message=message, killed="timeout"))
    assert (row.status, row.signature, row.resolved) == ("done", "s", {"cell/gru": "x"})
