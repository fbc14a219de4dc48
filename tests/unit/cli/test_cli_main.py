"""`seqbench` itself, `list` and `check`: output, exit codes, messages, what start-up imports."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest
from in_process import caller

from seqbench import __version__
from seqbench.cli.check import evidence_of, summary
from seqbench.cli.listing import experiment_rows
from seqbench.cli.tables import text_table
from seqbench.experiments.searchpath import conf_dir
from seqbench.interfaces import StoreError
from seqbench.registry import Registry


@pytest.fixture
def seqbench(capsys):
    return caller(capsys)


def test_help_names_every_command(seqbench):
    code, out, _ = seqbench("--help")
    assert code == 0
    for command in ("run", "list", "check"):
        assert f"\n    {command} " in out


def test_version(seqbench):
    assert seqbench("--version")[:2] == (0, f"seqbench {__version__}\n")


@pytest.mark.parametrize("arguments", [[], ["lst"], ["list", "backend"], ["check"]])
def test_wrong_usage_is_exit_code_2(seqbench, arguments):
    code, _, err = seqbench(*arguments)
    assert code == 2
    assert "usage: seqbench" in err


def test_list_backends(seqbench):
    code, out, _ = seqbench("list", "backends")
    assert code == 0
    columns = out.splitlines()[0].split()
    assert columns[:3] == ["name", "available", "summary"]
    assert columns[3:] in ([], ["reason"])  # shown where a peer is not installed
    assert any(line.startswith("numpy ") and " yes " in line for line in out.splitlines())


def test_list_algorithms_as_json(seqbench):
    code, out, _ = seqbench("list", "algorithms", "--json")
    assert code == 0
    rows = json.loads(out)
    gru = next(r for r in rows if r["name"] == "gru" and r["backend"] == "numpy")
    assert gru["id"] == "A10"
    assert {"kind", "impl_id", "tier", "evidence", "dtypes", "reason"} <= set(gru)


def test_list_experiments_reads_summaries_without_hydra(seqbench):
    code, out, _ = seqbench("list", "experiments")
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("beam_width_bleu"))
    assert row.split(maxsplit=2)[1:] == [
        "E01",
        "BLEU, speed and memory of beam search against its width",
    ]


def test_list_datasets_says_what_is_missing(seqbench, tmp_path, monkeypatch):
    monkeypatch.setenv("SEQBENCH_DATA", str(tmp_path))
    dataset = {
        "name": "big",
        "embedded": False,
        "licence": "L",
        "origin": "its site",
        "files": ["a", "b"],
        "summary": "s",
    }
    monkeypatch.setattr(Registry, "datasets", lambda self: [dict(dataset)])
    (tmp_path / "a").write_text("")
    row = json.loads(seqbench("list", "datasets", "--json")[1])[0]
    assert row["available"] is False
    assert row["reason"] == (
        f"1 of 2 files are missing, first {tmp_path}/b; get them from its site and set "
        "SEQBENCH_DATA"
    )
    (tmp_path / "b").write_text("")
    row = json.loads(seqbench("list", "datasets", "--json")[1])[0]
    assert (row["available"], row["reason"]) == (True, "")


def test_list_shows_everything(seqbench):
    code, out, _ = seqbench("list")
    assert code == 0
    for title in ("backends", "algorithms", "experiments", "datasets", "plugins"):
        assert f"{title}\n" in out
    assert set(json.loads(seqbench("list", "--json")[1])) >= {"backends", "plugins"}


def test_a_failed_plugin_is_told_beside_every_list(seqbench, monkeypatch):
    monkeypatch.setenv("SEQBENCH_PLUGINS", "not_a_module")
    _, out, _ = seqbench("list", "experiments")
    assert "not_a_module  failed  import of not_a_module failed: ModuleNotFoundError" in out


def test_experiments_of_plugins_are_listed(tmp_path):
    (tmp_path / "experiment").mkdir()
    text = 'experiment:\n  id: X01\n  summary: "theirs"\n'
    (tmp_path / "experiment/theirs.yaml").write_text(text)
    rows = experiment_rows([conf_dir(), tmp_path])
    assert {"name": "theirs", "id": "X01", "summary": "theirs"} in rows


def test_a_table_is_aligned_and_leaves_empty_columns_out():
    rows = [{"a": 1, "b": "", "c": True}, {"a": "long", "b": "", "c": [1, 2]}]
    assert text_table(rows, ("a", "b", "c")) == "a     c\n1     yes\nlong  1, 2"


def test_check_of_an_unknown_backend_has_candidates(seqbench):
    code, _, err = seqbench("check", "nmpy")
    assert code == 2
    told = "seqbench: error: no backend named 'nmpy'; did you mean 'numpy' or 'cupy'?"
    assert err.startswith(told)


def test_check_of_an_unavailable_backend_says_why(seqbench, monkeypatch):
    monkeypatch.setattr(Registry, "unavailable", lambda self, name: "no device")
    code, _, err = seqbench("check", "numpy")
    assert code == 2
    assert err == "seqbench: error: check: backend 'numpy' cannot be used here: no device\n"


@dataclass
class Row:
    contract: str
    check: str
    status: str
    message: str = ""


@dataclass
class Report:
    rows: list[Row]

    @property
    def ok(self):
        return all(row.status != "fail" for row in self.rows)


GOOD = [Row("cell/gru", "forward", "pass"), Row("cell/gru", "lengths", "pass")]
BAD = [*GOOD, Row("cell/gru_reset_before", "gradients", "fail", "d_x is off by 1")]


@pytest.mark.parametrize(("rows", "expected"), [(GOOD, 0), (BAD, 1)])
def test_check_tells_failures_and_keeps_evidence(seqbench, tmp_path, monkeypatch, rows, expected):
    monkeypatch.setenv("SEQBENCH_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "seqbench.testing.conformance", FakeConformance(rows))
    code, out, _ = seqbench("check", "numpy")
    assert code == expected
    assert ("d_x is off by 1" in out) == bool(expected)
    listed = json.loads(seqbench("list", "algorithms", "--json")[1])
    evidence = {r["name"]: r["evidence"] for r in listed if r["backend"] == "numpy"}
    assert evidence["gru"] == "cpu"
    assert evidence["gru_reset_before"] == "none"


class FakeConformance:
    def __init__(self, rows):
        self.conformance_of = lambda backend, registry: Report(rows)


def test_the_summary_counts():
    assert summary(Report(GOOD), "numpy") == "numpy: 1 contracts, 2 checks: 2 pass"
    told = summary(Report(BAD), "numpy").splitlines()
    assert told[0].split() == ["status", "contract", "check", "message"]
    assert told[-1] == "numpy: 2 contracts, 3 checks: 1 fail, 2 pass"


def test_evidence_is_of_the_source_that_was_checked():
    class Found:
        def backend(self, name):
            return type("B", (), {"device": type("D", (), {"kind": "cpu", "properties": {}})})

        def resolve(self, kind, name, backend):
            return type("R", (), {"impl_id": f"{backend}.{name}", "digest": "d"})

    assert evidence_of(Report(BAD), "numpy", Found())["cell/gru_reset_before"] == {
        "impl_id": "numpy.gru_reset_before",
        "digest": "d",
        "passed": False,
        "where": "cpu",
    }


def test_a_store_error_is_exit_code_3_and_a_bug_is_no_message(seqbench, monkeypatch):
    def broken(error):
        def show(what, as_json):
            raise error

        return show

    monkeypatch.setattr("seqbench.cli.listing.show", broken(StoreError("store: full")))
    assert seqbench("list") == (3, "", "seqbench: error: store: full\n")
    monkeypatch.setattr("seqbench.cli.listing.show", broken(KeyboardInterrupt()))
    assert seqbench("list") == (130, "", "seqbench: interrupted\n")
    monkeypatch.setattr("seqbench.cli.listing.show", broken(ZeroDivisionError("a bug")))
    with pytest.raises(ZeroDivisionError):
        seqbench("list")


def imported_by(*arguments):
    """The modules that a command has imported when it ends, and its seconds."""
    program = (
        "import sys\nfrom seqbench.cli import main\n"
        f"try:\n    main({list(arguments)!r})\nexcept SystemExit:\n    pass\n"
        "print('\\n' + ' '.join(sys.modules))"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    seconds = time.perf_counter() - started
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()), seconds


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["list", "algorithms", "--json"]])
def test_start_up_imports_nothing_heavy(arguments):
    modules, seconds = imported_by(*arguments)
    heavy = {"numpy", "hydra", "omegaconf", "pandas", "rich", "torch", "pyarrow", "matplotlib"}
    assert not modules & heavy
    print(f"seqbench {' '.join(arguments)}: {seconds:.2f} s")


def test_help_imports_no_command():
    modules, _ = imported_by("--help")
    assert not {m for m in modules if m.startswith("seqbench.experiments")}
