"""The store: rows are complete or absent, damage and full disks are told."""

import errno
import json
import os

import numpy as np
import pytest

from seqbench.experiments.fates import blank_record
from seqbench.experiments.store import TrialStore
from seqbench.interfaces import Case, Sample, StoreError, Trial


@pytest.fixture
def store(tmp_path):
    return TrialStore(tmp_path / "campaign")


def row(n=0, status="done"):
    record = blank_record(Trial(Case("e", "t", {"n": n}, seed=0)))
    record.status = status
    return record


def test_a_row_comes_back_as_it_was(store):
    record = row()
    record.samples = [Sample("loss", float("inf"), "nat", "lower", "test", 3)]
    record.items = {"counts": [[1, 2], [3, 4]]}
    store.write(record)
    assert store.read_all() == [record]


def test_numpy_values_become_numbers_and_lists(store):
    record = row()
    record.notes = {"scalar": np.float32(0.5), "array": np.arange(3)}
    store.write(record)
    assert store.read_all()[0].notes == {"scalar": 0.5, "array": [0, 1, 2]}


def test_only_done_rows_count_as_done(store):
    for n, status in enumerate(["done", "failed", "skipped", "timeout", "oom", "interrupted"]):
        store.write(row(n, status))
    assert store.done_keys() == {row(0).trial_key}
    assert len(store.statuses()) == 6


def test_a_row_is_replaced_by_a_newer_one(store):
    store.write(row(status="failed"))
    store.write(row(status="done"))
    assert [record.status for record in store.read_all()] == ["done"]


@pytest.mark.parametrize(
    "content", [b'{"trial_key": "ab', b"", b"[]", b"\xff\xfe", b'{"unknown": 1}', b"3"]
)
def test_damaged_rows_are_told_and_moved_aside(store, content):
    store.write(row())
    (store.trials / "bad.json").write_bytes(content)
    told = []
    assert store.read_all(told.append) == [row()]
    assert "store: bad.json is damaged (" in told[0]
    assert "kept as bad.json.damaged, the trial runs again" in told[0]
    assert (store.trials / "bad.json.damaged").read_bytes() == content
    assert store.read_all(told.append) == [row()]
    assert len(told) == 1


def test_full_disk_leaves_the_old_row_and_no_litter(store, monkeypatch):
    store.write(row(status="failed"))

    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StoreError) as caught:
        store.write(row(status="done"))
    assert str(caught.value) == (
        f"store: cannot write {store.trials / row().trial_key}.json: No space left on device; "
        "finished rows are kept; free space or choose a writable results_dir and run the same "
        "command again to resume"
    )
    assert [path.name for path in store.trials.iterdir()] == [f"{row().trial_key}.json"]
    assert store.read_all()[0].status == "failed"


def test_values_without_a_json_form_are_told(store):
    record = row()
    record.notes = {"x": object()}
    with pytest.raises(StoreError, match=r"object .* has no JSON form; rows hold plain values"):
        store.write(record)
    assert list(store.trials.iterdir()) == []


def test_unwritable_directory_is_told_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"store: cannot create .*file/x: Not a directory"):
        TrialStore(tmp_path / "file" / "x")


def test_plan_and_provenance(store):
    assert store.read_plan() is None
    store.write_plan({"trials": [1, 2]})
    assert store.read_plan() == {"trials": [1, 2]}
    store.write_provenance("k", {"cores": 2})
    store.write_provenance("l", {"cores": 4})
    store.write_provenance("k", {"cores": 8})
    assert store.read_provenance() == {"k": {"cores": 2}, "l": {"cores": 4}}


def test_damaged_plan_is_told(store):
    (store.directory / "plan.json").write_text("{")
    with pytest.raises(StoreError, match=r"plan.json is damaged .*; delete it and run again"):
        store.read_plan()


def test_unreadable_row_is_told(store):
    (store.trials / "folder.json").mkdir()
    with pytest.raises(StoreError, match=r"store: cannot read .*folder.json: Is a directory"):
        store.read_all()


def test_one_runner_a_campaign(store):
    with (
        store.lock(),
        pytest.raises(StoreError, match="is in use by another seqbench run; wait until it ends"),
        TrialStore(store.directory).lock(),
    ):
        pass
    with store.lock():  # free again
        pass


def test_locking_removes_what_killed_writers_left(store):
    (store.trials / ".x.json.17.tmp").write_text("half")
    (store.directory / ".plan.json.17.tmp").write_text("half")
    with store.lock():
        assert list(store.trials.iterdir()) == []
    assert not list(store.directory.glob("*.tmp"))


def test_rows_are_plain_json(store):
    store.write(row())
    document = json.loads((store.trials / f"{row().trial_key}.json").read_text())
    assert document == json.loads(json.dumps(row().to_json()))
