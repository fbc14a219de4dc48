"""`seqbench data`: rows, narrow and wide terminals, what fetch says and its exit codes."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from pathlib import Path

import pytest
from in_process import caller

from seqbench.cli.data import listed
from seqbench.data.fetching import fetching, origins
from seqbench.data.fetching.origins import ORIGIN_OF, Origin, Part
from seqbench.data.specs import seqbench_datasets
from seqbench.experiments import data_sets
from seqbench.experiments.composing import initialised
from seqbench.experiments.data_sets import counted, data_rows, experiments_of
from seqbench.experiments.resolvers import SIZES
from seqbench.experiments.searchpath import conf_dir
from seqbench.experiments.suite import ALL
from seqbench.experiments.sweep import expand
from seqbench.experiments.taskspecs import TASKS
from seqbench.registry import registry

sys.path.append(str(Path(__file__).parents[1] / "data"))
from fault_server import serving

NAMES = [spec.name for spec in seqbench_datasets()]
BODY = b"emma\nolivia\n" * 1000
FILE = "names/names.txt"


@pytest.fixture
def seqbench(capsys):
    return caller(capsys)


@pytest.fixture
def rows(tmp_path):
    return data_rows(registry(), tmp_path)


def test_rows_tell_all_that_is_asked_of_them(rows):
    by_name = {row["name"]: row for row in rows}
    assert sorted(NAMES) == sorted(by_name)
    assert (by_name["mr"]["state"], by_name["mr"]["get"]) == ("missing", "fetch")
    assert by_name["mr"]["missing"] == by_name["mr"]["files"] != []
    assert by_name["mr"]["experiments"] == ["sentiment_reviews"]
    assert (by_name["ptb"]["state"], by_name["ptb"]["get"]) == ("missing", "by hand")
    assert by_name["ptb"]["by_hand"].startswith("get a copy that you may use")
    assert by_name["grammar"]["state"] == by_name["grammar"]["get"] == "embedded"
    assert by_name["parallel_files"]["state"] == "yours"
    assert all(row["licence"] and row["origin"] and row["summary"] for row in rows)


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 119, 120, 160, 400])
def test_no_line_is_wider_than_the_terminal(rows, columns):
    text = listed(rows, Path("/somewhere"), columns)
    longest = max(len(word) for row in rows for word in row["origin"].split())
    assert max(map(len, text.splitlines())) <= max(columns, 40, 0 if columns >= 120 else longest)
    for row in rows:
        assert row["name"] in text
    assert f"{len(rows)} data sets: " in " ".join(text.split())


def test_a_wide_terminal_has_a_table_and_a_narrow_one_paragraphs(rows):
    assert listed(rows, Path("."), 140).splitlines()[0].split()[:2] == ["name", "state"]
    paragraph = listed(rows, Path("."), 80).split("\n\n")[0].splitlines()
    assert paragraph[0] == "brown: missing"
    assert any(line.startswith("  licence: ") for line in paragraph)
    assert paragraph[-1] == "  get it: seqbench data fetch brown"


def test_list_says_what_is_damaged(seqbench, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "names").mkdir()
    (tmp_path / FILE).write_text("not it")
    code, out, _ = seqbench("data", "list", "names", "--root", str(tmp_path))
    assert code == 0
    assert "names: damaged\n" in out
    assert f"damaged: 1 of 1 files: {FILE}\n" in out
    assert "1 data set: 1 damaged; data root" in out


def test_json_is_the_rows(seqbench, tmp_path):
    code, out, _ = seqbench("data", "list", "mr", "ptb", "--json", "--root", str(tmp_path))
    assert code == 0
    assert [row["name"] for row in json.loads(out)] == ["mr", "ptb"]


def test_the_root_is_seqbench_data_unless_named(seqbench, tmp_path, monkeypatch):
    monkeypatch.setenv("SEQBENCH_DATA", str(tmp_path))
    row = json.loads(seqbench("data", "list", "mr", "--json")[1])[0]
    assert row["root"] == str(tmp_path)


@pytest.mark.parametrize("verb", ["list", "fetch"])
def test_an_unknown_name_has_candidates(seqbench, verb):
    code, _, err = seqbench("data", verb, "mr", "names2")
    assert code == 2
    assert err.startswith("seqbench: error: no data set named 'names2'; did you mean 'names'")


def test_counts_are_told_in_one_order():
    rows = [{"state": state} for state in ("missing", "there", "embedded", "there")]
    assert counted(rows) == "4 data sets: 1 embedded, 2 there, 1 missing"


@pytest.fixture
def site(monkeypatch):
    """The origin of first names and of one review file, on 127.0.0.1."""
    pytest.importorskip("pooch")
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    sha256 = hashlib.sha256(BODY).hexdigest()
    origin = Origin("https://host.example/a/names.txt", sha256, (Part((FILE,), sha256),))
    monkeypatch.setitem(ORIGIN_OF, FILE, origin)
    monkeypatch.setitem(origins.PARTS, FILE, origin.parts[0])
    with serving() as site:
        site.files["host.example/a/names.txt"] = BODY
        yield site


def test_fetch_tells_the_licence_first_and_places_the_file(seqbench, site, tmp_path):
    arguments = ("data", "fetch", "names", "--root", str(tmp_path), "--mirror", site.address)
    code, out, err = seqbench(*arguments)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[1] == "  licence: MIT"
    assert lines[-2:] == [
        f"  {FILE}: placed, from {site.address}/host.example/a/names.txt",
        f"  whole: files placed: 1, there before: 0, in {tmp_path}",
    ]
    assert (tmp_path / FILE).read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir()] == ["names"]
    assert seqbench(*arguments)[:2] == (0, "names: there already, nothing to fetch\n")


def test_one_that_fails_is_exit_code_3_and_the_others_come(seqbench, site, tmp_path):
    code, out, err = seqbench(
        "data",
        "fetch",
        "tinyshakespeare",
        "names",
        "--root",
        str(tmp_path),
        "--mirror",
        site.address,
    )
    assert code == 3
    assert "answers 404 Not Found, expected the file" in err
    assert "Traceback" not in err
    assert (tmp_path / FILE).read_bytes() == BODY
    assert "whole: files placed: 1" in out


def test_what_must_not_be_passed_on_stops_it_before_anything_is_loaded(seqbench, site, tmp_path):
    code, _, err = seqbench(
        "data", "fetch", "names", "ptb", "--root", str(tmp_path), "--mirror", site.address
    )
    assert code == 2
    assert "ptb is not fetched by seqbench (derived from the LDC" in err
    assert "by hand: get a copy" in err
    assert site.asked == []
    assert list(tmp_path.iterdir()) == []


def test_embedded_and_own_files_have_nothing_to_fetch(seqbench, tmp_path):
    code, out, _ = seqbench("data", "fetch", "grammar", "parallel_files", "--root", str(tmp_path))
    assert code == 0
    assert out.startswith("grammar: comes with seqbench, nothing to fetch\n")
    assert "parallel_files: files of your own" in out
    assert list(tmp_path.iterdir()) == []


def test_a_stop_leaves_what_came_for_the_next_time(seqbench, site, tmp_path, monkeypatch):
    def stop(*rest, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching, "place", stop)
    arguments = ("data", "fetch", "names", "--root", str(tmp_path), "--mirror", site.address)
    assert seqbench(*arguments)[0] == 130
    monkeypatch.undo()


EXPERIMENTS = sorted(
    path.stem for path in (conf_dir() / "experiment").glob("*.yaml") if path.stem != ALL
)


def test_the_experiments_of_a_data_set_are_those_whose_plans_read_it():
    """What is read from the configs' text is what Hydra composes, at every size."""
    specs = {spec.name: spec for spec in seqbench_datasets()}
    told = experiments_of([conf_dir()], specs)
    with initialised([]) as composer:
        for experiment in EXPERIMENTS:
            read = set()
            for size in SIZES:
                for point in expand([f"experiment={experiment}", f"size={size}"], composer):
                    task = TASKS[point.config["experiment"]["task"]]
                    trained = TASKS[task.trains].sections if task.trains else ()
                    if "dataset" in (*task.sections, *trained):
                        read.add(name := point.config["dataset"]["name"])
                        read |= set() if specs[name].embedded else set(task.also_reads)
            assert {name for name in NAMES if experiment in told[name]} == read, experiment


@pytest.mark.parametrize("task", TASKS)
def test_a_task_tells_the_data_sets_that_it_reads_beside_the_configs(task):
    """By the loaders that its module imports, and those of the modules beside it that it uses."""
    loaded, told = loaded_by(TASKS[task].module) & set(NAMES), set(TASKS[task].also_reads)
    assert told <= loaded
    assert bool(told) == bool(loaded)


def loaded_by(module):
    path = Path(data_sets.__file__).parent / "tasks" / f"{module}.py"
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            found |= loaded_by(node.module)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("seqbench.data"):
            names = [alias.name for alias in node.names]
            found |= {name.removeprefix("load_") for name in names if name.startswith("load_")}
    return found
