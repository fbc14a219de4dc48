"""Reading a campaign's records: damaged ones are told, other schemas and places refused."""

from __future__ import annotations

import json

import pytest
from made_records import beam, record, written

from seqbench.interfaces import StoreError
from seqbench.results.campaign import load_records, planned


def test_records_come_back_by_trial_key(tmp_path):
    made = [beam(10, 300), beam(1, 200)]
    found = load_records(written(tmp_path / "c", made))
    assert found == sorted(made, key=lambda r: r.trial_key)


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '{"schema_version": 1}', '{"schema_version": 1, "odd": 2}', "{}"]
)
def test_a_damaged_record_is_told_and_left_out(tmp_path, text):
    folder = written(tmp_path / "c", [record("a")])
    (folder / "trials" / "b.json").write_text(text)
    told = []
    assert [r.trial_key for r in load_records(folder, told.append)] == ["a"]
    assert len(told) == 1
    assert "b.json is damaged" in told[0]
    assert "left out: run the experiment again" in told[0]


def test_a_damaged_record_is_a_warning_by_default(tmp_path):
    folder = written(tmp_path / "c", [])
    (folder / "trials" / "b.json").write_text("{")
    with pytest.warns(UserWarning, match="is damaged"):
        assert load_records(folder) == []


@pytest.mark.parametrize(
    ("version", "told"),
    [
        (2, "has schema version 2, expected 1; it is newer than this seqbench: update seqbench"),
        (0, "has schema version 0, expected 1; it is older than this seqbench: run the experiment"),
    ],
)
def test_another_schema_is_refused(tmp_path, version, told):
    folder = written(tmp_path / "c", [record("a", schema_version=version)])
    with pytest.raises(StoreError, match=told):
        load_records(folder)


def test_a_folder_that_is_no_campaign_is_refused(tmp_path):
    with pytest.raises(StoreError, match="has no folder `trials`, expected a campaign that `seqb"):
        load_records(tmp_path)


def test_records_of_another_plan_are_left_out_and_missing_ones_told(tmp_path):
    records = [record("a"), record("b")]
    plan = {"trials": [{"trial_key": "a"}], "skipped": [{"trial_key": "z"}]}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    told = []
    assert planned(records, tmp_path, told.append) == records[:1]
    assert told == [
        "results: 1 records of another plan are left out",
        "results: 1 of 2 planned trials have no record",
    ]


def test_without_a_plan_every_record_counts(tmp_path):
    assert planned([record("a")], tmp_path, pytest.fail) == [record("a")]


def test_with_a_damaged_plan_every_record_counts_and_it_is_told(tmp_path):
    (tmp_path / "plan.json").write_text("[]")
    told = []
    assert planned([record("a")], tmp_path, told.append) == [record("a")]
    assert "plan.json is damaged" in told[0]
    assert "taking every record" in told[0]
