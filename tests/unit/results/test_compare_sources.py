"""What can be compared, and what each unreadable table says; inputs are never touched."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_records import written
from made_sides import ROUNDS, bleus, row, times

from seqbench.interfaces import UsageError
from seqbench.results.compare import built_in, compare, read_side
from seqbench.results.compare.benchmark_json import write_benchmarks
from seqbench.results.compare.sources import machine_words, read_table
from seqbench.results.summary import summarise
from seqbench.results.table import tidy, write_csv, write_parquet

ROOT = Path(__file__).parents[3]
MACHINE = {"cpu_model": "AMD EPYC", "usable_cores": 2, "memory_bytes": 25_276_510_208}


def judged(base, new, **options):
    return compare(read_side(base), read_side(new), built_in(), **options)


def digest_of(path):
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return [
        (p.name, hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns) for p in files
    ]


def message_of(path):
    """The UsageError that reading `path` raises; what was there is there still, to the byte."""
    before = digest_of(path) if path.exists() else None
    with pytest.raises(UsageError) as error:
        read_side(path)
    assert (digest_of(path) if path.exists() else None) == before
    return str(error.value)


@pytest.fixture
def table(tmp_path):
    return write_csv(tidy(times()), tmp_path / "table.csv")


def campaign(folder, records):
    written(folder, records)
    (folder / "provenance.json").write_text(json.dumps({"": {"machine": MACHINE}}))
    return folder


@pytest.mark.parametrize("form", ["folder", "csv", "parquet"])
def test_a_campaign_and_its_tables_say_the_same(tmp_path, form):
    sides = []
    for name, records in (("base", times()), ("new", times(1.2, seed=1))):
        folder = campaign(tmp_path / name, records)
        if form == "csv":
            sides.append(write_csv(tidy(records), folder / "table.csv"))
        elif form == "parquet":
            sides.append(write_parquet(tidy(records), folder / "table.parquet"))
        else:
            sides.append(folder)
    before = [digest_of(side) for side in sides]
    comparison = judged(*sides)
    assert row(comparison, "time")["verdict"] == "SLOWER"
    assert read_side(sides[0]).machines == {"": "AMD EPYC, 2 cores, 25 GB"}
    assert [digest_of(side) for side in sides] == before


def test_a_folder_with_tables_alone_is_read(tmp_path):
    write_parquet(tidy(times()), tmp_path / "base" / "table.parquet")
    write_csv(tidy(times(seed=1)), tmp_path / "new" / "table.csv")
    comparison = judged(tmp_path / "base", tmp_path / "new")
    assert row(comparison, "time")["verdict"] == "SAME"


def test_a_campaign_brings_its_sentence_statistics(tmp_path):
    base = campaign(tmp_path / "base", bleus([300, 302, 298]))
    new = campaign(tmp_path / "new", bleus([200, 203, 197]))
    with_items = row(judged(base, new), "bleu")
    write_parquet(tidy(bleus([300, 302, 298])), tmp_path / "b" / "table.parquet")
    write_parquet(tidy(bleus([200, 203, 197])), tmp_path / "n" / "table.parquet")
    without = row(judged(tmp_path / "b", tmp_path / "n"), "bleu")
    assert with_items["verdict"] == without["verdict"] == "WORSE"
    assert with_items["difference"] == pytest.approx(without["difference"])
    assert with_items["low"] != without["low"]


def summary_of(records, path):
    items = {record.trial_key: record.items for record in records if record.items}
    return write_csv(summarise(tidy(records), items), path)


def test_a_summary_is_compared_with_a_run(tmp_path):
    """Exact numbers and ratios of a committed baseline; its times are of another day."""
    base = summary_of(times() + times(2.0, backend="torch", seed=4), tmp_path / "b" / "summary.csv")
    new = times(1.3, seed=1) + times(2.0, backend="torch", seed=5)
    comparison = judged(base, campaign(tmp_path / "new", new))
    assert set(comparison.rows[comparison.rows["metric"] == "flops"]["verdict"]) == {"SAME"}
    assert row(comparison, "time/torch")["verdict"] == "SLOWER"
    assert row(comparison, "time/torch")["ratio"] == pytest.approx(1.3, rel=0.01)
    assert set(comparison.rows[comparison.rows["metric"] == "time"]["verdict"]) == {""}


def test_a_summarys_interval_is_the_error_of_its_processes(tmp_path):
    records = times(noise=0.05)
    given = read_side(summary_of(records, tmp_path / "summary.csv")).given
    time = given[given["metric"] == "time"].iloc[0]
    logs = np.log([r.samples[0].value for r in records])
    assert time["error"] == pytest.approx(logs.std(ddof=1) / np.sqrt(ROUNDS), rel=1e-6)
    assert time["count"] == ROUNDS


def test_qualities_of_two_summaries(tmp_path):
    base = summary_of(bleus([300, 302, 298, 301], items=False), tmp_path / "b.csv")
    new = summary_of(bleus([200, 202, 198, 201], items=False), tmp_path / "n.csv")
    found = row(judged(base, new), "bleu")
    assert (found["verdict"], found["n_base"]) == ("WORSE", 4)
    assert row(judged(base, base), "bleu")["reason"] == "identical"


def test_a_noisy_summary_is_not_ranked(tmp_path):
    noisy = [replace(r, valid=False) for r in times()]
    base = summary_of(noisy, tmp_path / "b.csv")
    assert row(judged(base, base), "time")["reason"] in ("not measured cleanly", "identical")
    assert row(judged(base, base), "time")["verdict"] != "SLOWER"


@pytest.mark.parametrize(
    "path",
    sorted(
        str(p.relative_to(ROOT))
        for pattern in ("*ratios.csv", "summary.csv")
        for p in (ROOT / "results").rglob(pattern)
        if "runs" not in p.parts
    ),
)
def test_every_committed_table_is_comparable_with_itself(path):
    comparison = judged(ROOT / path, ROOT / path)
    assert comparison.worse == 0
    assert len(comparison.rows)


def test_ratio_tables_are_one_process_each(tmp_path):
    text = (ROOT / "results/cpu/ratios.csv").read_text()
    doubled = pd.read_csv(ROOT / "results/cpu/ratios.csv")
    doubled["ratio"] *= 2
    doubled.to_csv(tmp_path / "ratios.csv", index=False)
    comparison = judged(ROOT / "results/cpu/ratios.csv", tmp_path / "ratios.csv")
    assert set(comparison.rows["verdict"]) == {"AMBIGUOUS"}
    assert comparison.rows["ratio"].to_numpy() == pytest.approx(2.0)
    assert len(comparison.rows) == text.count("\n") - 1


def test_no_such_path(tmp_path):
    assert "nowhere does not exist, expected a campaign's folder" in message_of(
        tmp_path / "nowhere"
    )


def test_a_folder_without_a_table(tmp_path):
    assert f"the folder {tmp_path} holds no table" in message_of(tmp_path)


def test_a_campaign_without_trials(tmp_path):
    (tmp_path / "trials").mkdir()
    assert "has no trial that can be read" in message_of(tmp_path)


def test_a_file_of_another_kind(tmp_path):
    path = tmp_path / "table.xlsx"
    path.write_bytes(b"PK")
    assert "table.xlsx is of no known kind" in message_of(path)


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_an_empty_csv(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    assert "table.csv is empty" in message_of(path)


def test_a_csv_with_a_header_alone(table):
    table.write_text(table.read_text().splitlines()[0] + "\n")
    assert "has no rows, expected results" in message_of(table)


def test_a_csv_that_ends_within_a_line(table):
    table.write_bytes(table.read_bytes()[:-4])
    assert "ends within a line: it was cut short" in message_of(table)


def test_a_csv_with_a_line_that_is_too_short(table):
    lines = table.read_text().splitlines()
    table.write_text("\n".join([*lines[:-1], lines[-1][:40]]) + "\n")
    assert "a row without a whole schema_version, as if cut short" in message_of(table)


def test_a_value_that_is_no_number(table):
    frame = tidy(times()).astype({"value": object})
    frame.loc[3, "value"] = "fast"
    frame.to_csv(table, index=False)
    assert "could not convert string to float: 'fast'" in message_of(table)


def test_an_empty_and_a_cut_parquet(tmp_path):
    path = write_parquet(tidy(times()), tmp_path / "table.parquet")
    path.write_bytes(path.read_bytes()[:500])
    assert "is no table of this kind" in message_of(path)
    path.write_bytes(b"")
    assert "is no table of this kind" in message_of(path)


@pytest.mark.parametrize(("version", "told"), [(0, "it is older"), (99, "it is newer")])
def test_another_schema(table, version, told):
    tidy(times()).assign(schema_version=version).to_csv(table, index=False)
    message = message_of(table)
    assert f"has schema version {version}, expected 1" in message
    assert told in message


def test_another_schema_of_a_campaign(tmp_path):
    written(tmp_path / "c", [replace(times()[0], schema_version=0)])
    assert "has schema version 0, expected 1" in message_of(tmp_path / "c")


def test_a_table_from_before_the_schema(table):
    tidy(times()).drop(columns=["schema_version"]).to_csv(table, index=False)
    message = message_of(table)
    assert "is no table of ours or of an older schema (no column schema_version)" in message


def test_a_summary_without_a_column(tmp_path):
    path = summary_of(times(), tmp_path / "summary.csv")
    pd.read_csv(path).drop(columns=["direction"]).to_csv(path, index=False)
    assert "has no column direction, expected a summary of this version" in message_of(path)


def test_rows_that_are_there_twice(tmp_path):
    frame = tidy(times())
    path = write_csv(pd.concat([frame, frame.head(2)]), tmp_path / "table.csv")
    assert "has 2 rows twice" in message_of(path)
    path = summary_of(times(), tmp_path / "summary.csv")
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    assert "has 1 rows twice" in message_of(path)
    path = tmp_path / "ratios.csv"
    text = (ROOT / "results/cpu/ratios.csv").read_text()
    path.write_text(text + text.splitlines()[1] + "\n")
    assert "has 1 rows twice" in message_of(path)


def test_a_damaged_trial_is_told_and_left_out(tmp_path):
    folder = campaign(tmp_path / "c", times())
    victim = sorted((folder / "trials").iterdir())[0]
    victim.write_text(victim.read_text()[:100])
    side = read_side(folder)
    assert any("is damaged" in told for told in side.told)
    assert any("have no record" in told for told in side.told)
    assert len(side.units["trial_key"].unique()) == ROUNDS - 1


def test_json_of_another_kind(tmp_path):
    path = tmp_path / "b.json"
    for content in ('{"benchmarks": ', "[]", '{"rows": []}'):
        path.write_text(content)
        assert "is not pytest-benchmark's JSON" in message_of(path)


def benchmark(path, values, **stats):
    data = {"data": values} if values else {}
    entry = {"fullname": "tests/test_a.py::test_a", "group": None, "stats": data | stats}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine_info": {}, "benchmarks": [entry]}))
    return path


def test_one_file_of_pytest_benchmark_is_one_process(tmp_path):
    base = benchmark(tmp_path / "b.json", [1.0, 1.1, 0.9] * 20)
    new = benchmark(tmp_path / "n.json", [2.0, 2.2, 1.8] * 20)
    found = row(judged(base, new), "time")
    assert (found["verdict"], found["ratio"]) == ("AMBIGUOUS", pytest.approx(2.0))
    assert found["reason"].startswith("one process on a side")


def test_a_folder_of_pytest_benchmarks_files_is_several_processes(tmp_path):
    for i in range(6):
        benchmark(tmp_path / "base" / f"{i}.json", [1.0 + 0.001 * i] * 3)
        benchmark(tmp_path / "new" / f"{i}.json", [1.3 - 0.001 * i] * 3)
    assert row(judged(tmp_path / "base", tmp_path / "new"), "time")["verdict"] == "SLOWER"


def test_without_raw_data_the_median_is_taken_and_told(tmp_path):
    side = read_side(benchmark(tmp_path / "b.json", None, median=0.5))
    assert side.units["value"].tolist() == [0.5]
    assert any("1 benchmark without raw data" in told for told in side.told)


def test_a_benchmark_without_times_or_a_name(tmp_path):
    path = benchmark(tmp_path / "b.json", None)
    assert "has no times, expected stats.data or stats.median" in message_of(path)
    path.write_text('{"benchmarks": [{"name": "x"}]}')
    assert "has a benchmark without fullname or stats" in message_of(path)


def test_ours_as_pytest_benchmarks_json_and_back(tmp_path):
    path = write_benchmarks(tidy(times()), tmp_path / "ours.json", "AMD EPYC")
    table = read_table(path)
    assert len(table["case_id"].unique()) == ROUNDS
    assert sorted(table["value"]) == sorted(
        s.value for r in times() for s in r.samples if s.metric == "time"
    )


def test_pytest_benchmark_reads_what_we_write(tmp_path):
    write_benchmarks(tidy(times()[:2]), tmp_path / "0001_ours.json", "AMD EPYC")
    done = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", str(tmp_path / "0001_ours.json")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "cell_cost_time_forward_backward" in done.stdout


def test_a_summary_has_no_samples_to_write(tmp_path):
    path = summary_of(times(), tmp_path / "summary.csv")
    with pytest.raises(UsageError, match="keeps no samples"):
        read_table(path)


def test_machines_differ_by_hardware_and_not_by_a_kernels_release():
    again = MACHINE | {"memory_bytes": 25_276_502_016, "release": "6.18"}
    assert machine_words(MACHINE) == machine_words(again)
    assert machine_words(MACHINE) != machine_words(MACHINE | {"usable_cores": 64})
