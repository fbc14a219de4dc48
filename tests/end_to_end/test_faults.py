"""Every way in which a trial can end is a row, and the others' rows stay."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fault_tasks
import pytest

from seqbench.experiments import supervisor
from seqbench.experiments.artifacts import ArtifactCache
from seqbench.experiments.launcher import run_trials
from seqbench.experiments.store import TrialStore
from seqbench.interfaces import Case, Env, Limits, StoreError, Trial, UnknownNameError

NAMES = [name for name, value in vars(fault_tasks).items() if callable(value) and name.islower()]
TASKS = {name: f"fault_tasks:{name}" for name in NAMES}
BARE = Env(preload=())
PROGRAM = Path(__file__).with_name("sweep_program.py")


def trial(task, *, params=None, env=BARE, timeout_s=60.0, **fields):
    limits = Limits(timeout_s=timeout_s, memory_bytes=fields.pop("memory_bytes", None))
    return Trial(Case("faults", task, params or {}, seed=0), env=env, limits=limits, **fields)


@pytest.fixture
def sweep(tmp_path):
    """Runs trials in a fresh campaign: the outcome and the rows by task."""

    def run(*trials, **options):
        store = TrialStore(tmp_path / "campaign")
        options.setdefault("cache", ArtifactCache(tmp_path / "cache"))
        outcome = run_trials(trials, store=store, tasks=TASKS, **options)
        rows = {row.task: row for row in store.read_all()}
        return outcome, rows

    return run


FAULTS = {
    "raises": ("failed", "ValueError: gate 3 is open"),
    "segfault": ("failed", "segfault: killed by SIGSEGV"),
    "hard_exit": ("failed", "hard_exit: exited with code 7 without a result"),
    "soft_exit": ("failed", "soft_exit: exited with code 5 without a result"),
    "exit_zero": ("failed", "exit_zero: exited with code 0 without a result"),
    "exit_text": ("failed", "exit_text: exited with code 1 without a result"),
    "killed": ("failed", "killed: killed by SIGKILL"),
    "terminated": ("failed", "terminated: killed by SIGTERM"),
    "memory": ("oom", "MemoryError: nothing left"),
    "own_out_of_memory": ("oom", "beam: 3000 hypotheses need 9 GB, 2 GB are free"),
    "unsupported": ("skipped", "numpy.fused: cell/lstm: dtype float16 is not among float32"),
    "unavailable": ("skipped", "backend torch: torch is not installed"),
    "ctrl_c": ("interrupted", "KeyboardInterrupt: no message"),
    "wrong_type": ("failed", "returned int, expected TrialResult"),
    "unwritable": ("failed", "has no JSON form"),
}


def test_every_fault_is_a_row_and_the_sweep_goes_on(sweep):
    outcome, rows = sweep(*[trial(name) for name in FAULTS], trial("fine"))
    for name, (status, error) in FAULTS.items():
        assert rows[name].status == status, name
        assert error in rows[name].error
        assert "\n" not in rows[name].error
    assert rows["fine"].status == "done"
    assert rows["fine"].samples[0].value == 1.0
    assert outcome.counts == {"failed": 10, "oom": 2, "skipped": 2, "interrupted": 1, "done": 1}
    assert outcome.exit_code == 3
    assert not outcome.interrupted


def test_a_fault_keeps_traceback_log_and_exit_code(sweep):
    _, rows = sweep(trial("raises"), trial("segfault"), trial("exit_text"), trial("hard_exit"))
    assert "second line" in rows["raises"].traceback
    assert 'raise ValueError("gate 3 is open' in rows["raises"].traceback
    assert rows["raises"].exit_code == 0
    assert "Segmentation fault" in rows["segfault"].traceback
    assert "fault_tasks.py" in rows["segfault"].traceback
    assert rows["segfault"].exit_code == -signal.SIGSEGV
    assert "nothing to do here" in rows["exit_text"].traceback
    assert rows["hard_exit"].exit_code == 7


def test_skips_are_no_failure(sweep):
    outcome, rows = sweep(trial("unsupported"), trial("fine"))
    assert outcome.exit_code == 0
    assert rows["unsupported"].reasons == [rows["unsupported"].error]


def test_a_hang_is_killed_with_everything_it_started(sweep):
    began = time.monotonic()
    _, rows = sweep(trial("hang", timeout_s=1.0), trial("hang_with_child", timeout_s=1.0))
    assert time.monotonic() - began < 20
    assert rows["hang"].status == "timeout"
    assert rows["hang"].error == "hang: killed after 1 s; raise limits.timeout_s"
    assert "about to hang" in rows["hang"].traceback
    assert 1.0 <= rows["hang"].wall_s < 5.0
    pid = int(rows["hang_with_child"].traceback.rpartition("grandchild ")[2].split()[0])
    assert is_gone(pid)


def test_what_a_task_leaves_running_is_killed(sweep):
    _, rows = sweep(trial("leaves_child"))
    assert rows["leaves_child"].status == "done"
    assert is_gone(rows["leaves_child"].notes["pid"])


def is_gone(pid):
    """A zombie that nobody waits for is as good as gone."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_garbage_on_stdout_is_only_in_the_log(sweep, tmp_path):
    _, rows = sweep(trial("prints_garbage"))
    assert rows["prints_garbage"].status == "done"
    log = TrialStore(tmp_path / "campaign").log_path(rows["prints_garbage"].trial_key)
    assert b"not text" in log.read_bytes()


def test_a_silent_trial_leaves_no_log(sweep, tmp_path):
    _, rows = sweep(trial("fine"))
    assert not TrialStore(tmp_path / "campaign").log_path(rows["fine"].trial_key).exists()


def test_memory_limit(sweep):
    env = Env(preload=("numpy",))
    small = trial("allocates", env=env, memory_bytes=16 << 20)
    enough = trial("allocates", env=env, memory_bytes=256 << 20, round=1)
    outcome, _ = sweep(small)
    assert outcome.counts == {"oom": 1}
    outcome, rows = sweep(enough)
    assert rows["allocates"].notes == {"total": 1.0}


def test_zygote_death_costs_one_trial(sweep):
    _, rows = sweep(trial("kills_zygote"), trial("fine"))
    assert rows["kills_zygote"].status == "failed"
    assert "the zygote that forks trials died" in rows["kills_zygote"].error
    assert rows["fine"].status == "done"


def test_preload_that_cannot_be_imported(sweep):
    broken = trial("raises", env=Env(preload=("no_such_module",)))
    _, rows = sweep(broken, trial("fine"))
    assert "No module named 'no_such_module'" in rows["raises"].error
    assert rows["fine"].status == "done"


def test_preload_that_does_not_survive_a_fork(sweep, tmp_path, monkeypatch):
    (tmp_path / "jax.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    _, rows = sweep(trial("fine", env=Env(preload=("jax",))))
    assert "imported jax, which does not survive a fork" in rows["fine"].error


def test_zygote_that_never_forks(sweep, tmp_path, monkeypatch):
    (tmp_path / "sleepy.py").write_text("import time; time.sleep(600)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(supervisor, "ZYGOTE_START_S", 0.5)
    _, rows = sweep(trial("fine", env=Env(preload=("sleepy",))))
    assert "its zygote did not fork within" in rows["fine"].error


def test_environment_of_a_child(sweep, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    _, rows = sweep(trial("environment", env=Env(threads=2)))
    notes = rows["environment"].notes
    assert notes["OPENBLAS_CORETYPE"] is None
    assert [notes[n] for n in notes if n.endswith("_NUM_THREADS")] == ["2", "2", "2"]
    assert set(notes["threads"]) == {2}
    assert notes["group"] is True
    assert notes["product"] == 400.0
    assert notes["stdin"] == ""


def test_blas_core_is_as_env_says(sweep, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    _, rows = sweep(trial("environment", env=Env(blas_core="Prescott")))
    row = rows["environment"]
    assert row.notes["OPENBLAS_CORETYPE"] == "Prescott"
    described = TrialStore(tmp_path / "campaign").read_provenance()[row.provenance]
    assert described["env"]["blas_core"] == "Prescott"
    assert [pool["architecture"] for pool in described["threadpools"]] == row.notes["core"]


def test_progress_reaches_the_parent_at_most_ten_times_a_second(sweep):
    events = []
    sweep(trial("reports"), on_event=events.append)
    told = [(e.fraction, e.message) for e in events if e.kind == "progress"]
    assert told == [(0.25, "epoch 1")]


def test_numpy_values_and_large_results_arrive(sweep):
    _, rows = sweep(trial("numpy_values"), trial("large", params={"items": 300_000}))
    assert rows["numpy_values"].samples[0].value == 0.5
    assert rows["numpy_values"].items == {"row": [[0, 1, 2]]}
    assert rows["large"].items["counts"][-1] == 299_999


def test_unknown_task_is_told_before_anything_runs(sweep):
    with pytest.raises(UnknownNameError, match="no task named 'fien'; did you mean 'fine'"):
        sweep(trial("fine"), trial("fien"))


def test_directory_that_cannot_be_written_is_told_before_anything_runs(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot create .*file/campaign.*choose a writable"):
        TrialStore(tmp_path / "file" / "campaign")


def test_artifact_is_built_once_for_all_that_need_it(sweep, tmp_path):
    builder = trial("builds", params={"artifact": "abc", "log": str(tmp_path / "log")})
    users = [trial("needs", needs=("abc",), round=n) for n in range(2)]
    builders = {"abc": builder.trial_key}
    outcome, rows = sweep(*users, builder, builders=builders)
    assert outcome.counts == {"done": 3}
    assert rows["needs"].samples[0].value == 15.0
    assert (tmp_path / "log").read_text() == "built\n"


def test_trials_whose_artifact_failed_are_skipped_with_the_reason(sweep):
    builder = trial("raises")
    user = trial("needs", needs=("abc",))
    outcome, rows = sweep(user, builder, trial("fine"), builders={"abc": builder.trial_key})
    assert rows["needs"].status == "skipped"
    expected = f"needs: needs artifact abc, which was not built: trial {builder.trial_key}"
    assert expected in rows["needs"].error
    assert rows["fine"].status == "done"
    assert outcome.exit_code == 3


def test_racing_processes_build_one_artifact_once(sweep, tmp_path):
    params = {"artifact": "abc", "log": str(tmp_path / "log")}
    trials = [trial("builds", params=params, round=n) for n in range(3)]
    outcome, _ = sweep(*trials, jobs=3)
    assert outcome.counts == {"done": 3}
    assert (tmp_path / "log").read_text() == "built\n"


@pytest.fixture
def program():
    """Starts sweep programs in process groups of their own; none outlives its test."""
    started = []

    def start(directory, *arguments):
        command = [sys.executable, str(PROGRAM), str(directory), *arguments]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.stdout.close()
        process.wait()


def finish(process):
    """Everything it said (from here on) and its exit code."""
    with process:
        return process.stdout.read(), process.wait(20)


def rows_of(directory):
    return {row.params["n"]: row for row in TrialStore(directory).read_all()}


def wait_for_line(process, words):
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"the program never said {words!r}")


def test_ctrl_c_keeps_finished_rows_and_exits_130(program, tmp_path):
    process = program(tmp_path, "--slow", "2")
    wait_for_line(process, "start 2")
    pids_of(tmp_path)
    time.sleep(0.2)  # the parent sleeps by now: the signal itself must wake it
    os.killpg(process.pid, signal.SIGINT)
    assert finish(process)[1] == 130
    statuses = {n: row.status for n, row in rows_of(tmp_path).items()}
    assert statuses == {0: "done", 1: "done", 2: "interrupted"}
    said, code = finish(program(tmp_path))
    assert code == 0
    assert [line for line in said.splitlines() if line.startswith("start")] == [
        "start 2",
        "start 3",
    ]


def pids_of(directory):
    """Of the slow trial and its zygote, once it runs."""
    for _ in range(200):
        if (directory / "slow").exists():
            return [int(word) for word in (directory / "pids").read_text().split()]
        time.sleep(0.05)
    raise AssertionError("the slow trial never started")


def test_a_child_dies_with_its_zygote_even_if_the_parent_cannot_help(program, tmp_path):
    if sys.platform != "linux":
        pytest.skip("the system cannot tell a child of its parent's death")
    process = program(tmp_path, "--slow", "1")
    wait_for_line(process, "start 1")
    child, zygote = pids_of(tmp_path)
    process.send_signal(signal.SIGSTOP)
    os.kill(zygote, signal.SIGKILL)
    assert is_gone(child)
    process.kill()
    finish(process)


def test_kill_9_of_the_parent_then_resume_runs_what_is_missing(program, tmp_path):
    process = program(tmp_path, "--slow", "1")
    wait_for_line(process, "start 1")
    child, _ = pids_of(tmp_path)
    process.kill()
    finish(process)
    assert is_gone(child)
    assert sorted(rows_of(tmp_path)) == [0]
    said, code = finish(program(tmp_path))
    assert code == 0
    assert "start 0" not in said
    assert [row.status for row in rows_of(tmp_path).values()] == ["done"] * 4


def test_full_disk_is_told_and_finished_rows_stay(program, tmp_path):
    said, code = finish(program(tmp_path, "--large", "2", "--file-limit", "8192"))
    assert code == 1
    assert "store: cannot write" in said
    assert "File too large; finished rows are kept; free space or choose" in said
    assert sorted(rows_of(tmp_path)) == [0, 1]
    assert not list((tmp_path / "trials").glob(".*"))


def test_a_damaged_row_is_told_and_run_again(program, tmp_path):
    assert finish(program(tmp_path))[1] == 0
    victim = sorted((tmp_path / "trials").glob("*.json"))[0]
    victim.write_text(victim.read_text()[:40])
    said, code = finish(program(tmp_path))
    assert code == 0
    assert f"{victim.name} is damaged" in said
    assert said.count("\nstart ") == 1
    assert json.loads(victim.read_text())["status"] == "done"
