"""Small parts of the zygote and of the lines it speaks."""

import json
import subprocess
import sys

import numpy as np
import pytest

from seqbench.experiments import environment, zygote
from seqbench.experiments.wire import LineReader, encode, plain, trial_document, trial_from
from seqbench.experiments.zygote_process import THREAD_VARIABLES, environment_of
from seqbench.interfaces import Case, Env, Limits, Trial


def test_lines_come_whole_however_they_were_cut():
    messages = [{"a": 1}, {"b": "x\ny"}, {"c": [1, 2]}]
    data = b"".join(encode(message) for message in messages)
    for size in (1, 2, 7, len(data)):
        reader = LineReader()
        pieces = [data[i : i + size] for i in range(0, len(data), size)]
        assert [m for piece in pieces for m in reader.feed(piece)] == messages


def test_lines_that_are_no_objects_are_told():
    with pytest.raises(ValueError, match="expected a JSON object, got b'3'"):
        LineReader().feed(b"3\n")
    with pytest.raises(ValueError, match="Expecting value"):
        LineReader().feed(b"garbage\n")


def test_plain_values():
    assert json.loads(encode({"x": np.float32(0.5), "y": np.eye(2)})) == {
        "x": 0.5,
        "y": [[1.0, 0.0], [0.0, 1.0]],
    }
    with pytest.raises(TypeError, match=r"set \{1\} has no JSON form"):
        plain({1})


def test_a_trial_travels_with_its_key():
    trial = Trial(
        Case("e", "t", {"cell": {"name": "gru"}, "widths": [1, 2]}, seed=3, swept=("cell.name",)),
        resolved={"cell/gru": "numpy.shared"},
        env=Env(threads=2, preload=("numpy", "json")),
        limits=Limits(timeout_s=2.0),
        needs=("abc",),
        round=4,
        group="block",
    )
    back = trial_from(json.loads(encode(trial_document(trial))))
    assert back == trial
    assert back.trial_key == trial.trial_key
    assert hash(back.env) == hash(trial.env)


def test_environment_of_a_zygote(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OTHER", "kept")
    variables = environment_of(Env(threads=3))
    assert "OPENBLAS_CORETYPE" not in variables
    assert {variables[name] for name in THREAD_VARIABLES} == {"3"}
    assert variables["OTHER"] == "kept"
    assert environment_of(Env(blas_core="SkylakeX"))["OPENBLAS_CORETYPE"] == "SkylakeX"


def test_preload_imports_and_leaves_broken_tasks_to_their_trials(tmp_path, monkeypatch):
    (tmp_path / "broken_task.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    for name in zygote.NOT_BEFORE_FORK:  # another test of this process may have imported it
        monkeypatch.delitem(sys.modules, name, raising=False)
    zygote.preload(["json"], ["broken_task", "no_such_module"])
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        zygote.preload(["no_such_module"], [])


def test_what_does_not_survive_a_fork_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", object())
    with pytest.raises(
        SystemExit, match=r"preloading json imported .*cupy, which does not survive"
    ):
        zygote.preload(["json"], [])


def test_the_runner_imports_no_numpy():
    """The command line watches; it does not compute."""
    code = (
        "import sys, seqbench.experiments.launcher, seqbench.experiments.progress\n"
        "heavy = {'numpy', 'pandas', 'rich', 'hydra', 'threadpoolctl'} & set(sys.modules)\n"
        "sys.exit(' '.join(heavy) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_machine_and_versions():
    described = environment.machine()
    assert described["cores"] >= described["usable_cores"] >= 1
    assert described["memory_bytes"] > 1 << 28
    assert described["cpu_model"]
    assert environment.machine_id() == environment.machine_id()
    assert environment.versions()["numpy"] == np.__version__
    assert "no-such-library" not in environment.versions()


def test_commit_of_a_checkout(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", tmp_path, *identity, *arguments], check=True)

    module = tmp_path / "seqbench" / "experiments" / "environment.py"
    monkeypatch.setattr(environment, "__file__", str(module))
    assert environment.commit() == {"id": "", "dirty": False}
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    clean = environment.commit()
    assert len(clean["id"]) == 40
    assert not clean["dirty"]
    (tmp_path / "new").write_text("")
    assert environment.commit() == {"id": clean["id"], "dirty": True}


def test_provenance_key_leaves_out_time_and_load(monkeypatch):
    around = environment.surroundings()
    key, document = environment.provenance(around, Env(), [])
    assert len(document["load_average"]) == 3
    monkeypatch.setattr(environment, "load_average", lambda: [9.0, 9.0, 9.0])
    again, changed = environment.provenance(around, Env(), [])
    assert again == key
    assert changed["load_average"] == [9.0, 9.0, 9.0]
    assert environment.provenance(around, Env(threads=2), [])[0] != key
