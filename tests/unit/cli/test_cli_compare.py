"""`seqbench compare` as it is typed: exit codes, options, messages."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "results"))

from made_records import written
from made_sides import bleus, times

from seqbench.experiments.environment import machine_id
from seqbench.results.table import read_csv, read_parquet, tidy, write_parquet


@pytest.fixture
def campaign(tmp_path):
    """`campaign(name, records)`: the path of a folder with them."""
    return lambda name, records: str(written(tmp_path / name, records))


@pytest.fixture
def base(campaign):
    return campaign("base", times())


def test_nothing_worse_is_0(seqbench, base, campaign):
    code, out, err = seqbench("compare", base, campaign("new", times(seed=1)))
    assert (code, err) == (0, "")
    assert "nothing is worse" in out


@pytest.mark.parametrize("factor", [1.3])
def test_slower_is_1(seqbench, base, campaign, factor):
    code, out, _ = seqbench("compare", base, campaign("new", times(factor, seed=1)))
    assert code == 1
    assert "1 row worse" in out


def test_faster_is_0(seqbench, base, campaign):
    code, out, _ = seqbench("compare", base, campaign("new", times(0.5, seed=1)))
    assert code == 0
    assert "FASTER" in out


def test_a_lower_quality_is_1(seqbench, campaign):
    old, new = campaign("old", bleus([300, 301, 299])), campaign("low", bleus([200, 201, 199]))
    code, out, _ = seqbench("compare", old, new)
    assert code == 1
    assert "WORSE" in out


def test_a_missing_row_is_1_and_a_new_one_is_0(seqbench, base, campaign):
    more = campaign("more", times(seed=1) + times(size=32))
    assert seqbench("compare", base, more)[0] == 0
    assert seqbench("compare", more, base)[0] == 1
    assert seqbench("compare", base, more, "--fail-on", "added")[0] == 1


def test_ambiguous_is_0_unless_asked(seqbench, base, campaign):
    vague = campaign("vague", times(1.02, noise=0.3, seed=2))
    code, out, _ = seqbench("compare", base, vague)
    assert code == 0
    assert "AMBIGUOUS" in out
    assert seqbench("compare", base, vague, "--fail-on", "ambiguous")[0] == 1


def test_fail_on_may_be_given_more_than_once(seqbench, base, campaign):
    vague = campaign("vague", times(1.02, noise=0.3, seed=2))
    options = ("--fail-on", "ambiguous", "--fail-on", "added")
    assert seqbench("compare", base, vague, *options)[0] == 1


def test_what_is_not_judged_can_fail_too(seqbench, base, campaign):
    from dataclasses import replace

    other = campaign("other", [replace(r, group="elsewhere") for r in times(3.0)])
    assert seqbench("compare", base, other)[0] == 0
    assert seqbench("compare", base, other, "--fail-on", "unjudged")[0] == 1
    assert seqbench("compare", base, other, "--across-machines")[0] == 1


@pytest.mark.parametrize("form", ["json", "junit", "md"])
def test_every_format_is_printed(seqbench, base, campaign, form):
    code, out, _ = seqbench("compare", base, campaign("new", times(seed=1)), "--format", form)
    assert code == 0
    assert out.startswith({"json": "{", "junit": "<?xml", "md": "**nothing is worse"}[form])


def test_no_row_in_common_is_2(seqbench, base, campaign):
    code, out, err = seqbench("compare", base, campaign("new", bleus([1, 2, 3])))
    assert (code, out) == (2, "")
    assert err.startswith("seqbench: error: compare: ")
    assert "have no row in common" in err


@pytest.mark.parametrize("content", ["", "not,a,table\n1,2,3\n", "{"])
def test_an_unreadable_table_is_2(seqbench, base, tmp_path, content):
    for name in ("table.csv", "table.parquet", "table.json"):
        path = tmp_path / name
        path.write_text(content)
        code, out, err = seqbench("compare", base, str(path))
        assert (code, out) == (2, "")
        assert err.startswith("seqbench: error: compare: ")
        assert path.read_text() == content


def test_an_older_schema_is_2(seqbench, base, tmp_path):
    path = write_parquet(tidy(times()).assign(schema_version=0), tmp_path / "table.parquet")
    code, _, err = seqbench("compare", base, str(path))
    assert code == 2
    assert "it is older than this seqbench" in err


@pytest.mark.parametrize("arguments", [(), ("a",), ("a", "b", "--format", "html")])
def test_wrong_usage_is_2(capsys, arguments):
    from seqbench.cli import main

    with pytest.raises(SystemExit) as stop:
        main(["compare", *arguments])
    assert stop.value.code == 2
    assert "usage: seqbench compare" in capsys.readouterr().err


def test_the_thresholds_of_a_file(seqbench, base, campaign, tmp_path):
    path = tmp_path / "loose.toml"
    path.write_text("[relative]\ntime = 0.9\n")
    slow = campaign("slow", times(1.3, seed=1))
    code, out, _ = seqbench("compare", base, slow, "--thresholds", str(path))
    assert code == 0
    assert f"thresholds: {path}" in out


def doctor(tmp_path, machine):
    path = tmp_path / "cache" / "doctor.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": machine, "thresholds": {"time": 0.9}}))
    return path


def test_doctors_thresholds_are_taken_on_its_machine(seqbench, base, campaign, tmp_path):
    slow = campaign("slow", times(1.3, seed=1))
    path = doctor(tmp_path, machine_id())
    code, out, _ = seqbench("compare", base, slow)
    assert code == 0
    assert f"thresholds: {path}" in out
    assert seqbench("compare", base, slow, "--thresholds", "doctor")[0] == 0


def test_doctors_thresholds_of_another_machine_are_not(seqbench, base, campaign, tmp_path):
    slow = campaign("slow", times(1.3, seed=1))
    doctor(tmp_path, "another")
    assert seqbench("compare", base, slow)[0] == 1
    code, _, err = seqbench("compare", base, slow, "--thresholds", "doctor")
    assert code == 2
    assert "was made on another machine" in err


def test_doctors_thresholds_that_are_not_there(seqbench, base):
    code, _, err = seqbench("compare", base, base, "--thresholds", "doctor")
    assert code == 2
    assert "doctor has left no thresholds here" in err


def test_new_can_be_written_in_another_form(seqbench, base, campaign, tmp_path):
    new = campaign("new", times(seed=1))
    for name, read in (("n.csv", read_csv), ("n.parquet", read_parquet)):
        code, _, err = seqbench("compare", base, new, "--save-new", str(tmp_path / name))
        assert code == 0
        assert err == f"written: {tmp_path / name}\n"
        assert len(read(tmp_path / name)) == len(tidy(times()))
    assert seqbench("compare", base, new, "--save-new", str(tmp_path / "n.json"))[0] == 0
    ours = str(tmp_path / "n.json")
    assert seqbench("compare", ours, ours, "--save-new", str(tmp_path / "back.csv"))[0] == 0
    assert len(read_csv(tmp_path / "back.csv")) == 12 * 3
    code, _, err = seqbench("compare", base, new, "--save-new", str(tmp_path / "n.txt"))
    assert code == 2
    assert "expected a name that ends with .csv, .parquet or .json" in err
