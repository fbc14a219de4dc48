"""The tidy table: what is in it, its order, and that files give it back to the bit."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
from made_records import beam, cell, lost_beam, record

from seqbench.interfaces import Sample, StoreError
from seqbench.results.table import (
    COLUMNS,
    read_csv,
    read_parquet,
    tidy,
    write_csv,
    write_parquet,
)

WRITERS = [(write_csv, read_csv), (write_parquet, read_parquet)]


def test_one_value_a_row_with_everything_about_its_trial():
    made = record(
        "k",
        params={"decoder": {"width": 3}, "cell": {"name": "gru"}, "dataset": {"name": "d"}},
        swept=["decoder.width"],
        samples=[Sample("time", 0.5, "s", "lower", "decode", 0), Sample("bleu", 9.0, "BLEU")],
        reasons=["one", "two"],
        resolved={"b": "x", "a": "y"},
        kernel_impl="numpy.gru",
        seed=4,
        round=2,
        valid=False,
    )
    table = tidy([made])
    assert list(table.columns) == [*COLUMNS, "p.cell.name", "p.dataset.name", "p.decoder.width"]
    assert table["metric"].tolist() == ["bleu", "time"]
    row = table.iloc[1].to_dict()
    assert row["value"] == 0.5
    assert (row["unit"], row["direction"], row["phase"]) == ("s", "lower", "decode")
    assert (row["seed"], row["round"], row["valid"], row["reasons"]) == (4, 2, False, "one; two")
    assert row["resolved"] == '{"a": "y", "b": "x"}'
    assert (row["p.decoder.width"], row["p.cell.name"]) == (3, "gru")
    assert (row["trial_key"], row["case_id"], row["schema_version"]) == ("k", "case-k", 1)


def test_a_trial_without_samples_is_one_row():
    table = tidy([lost_beam(10), beam(1, 200)])
    lost = table[table["status"] == "oom"]
    assert len(lost) == 1
    assert lost["metric"].item() == ""
    assert math.isnan(lost["value"].item())
    assert lost["error"].item() == "it does not fit"
    assert len(table) == 4


def test_rows_are_sorted_whatever_the_order_of_the_records():
    made = [beam(w, 200, round=r) for w in (10, 2, 1) for r in (1, 0)]
    table = tidy(made)
    assert table["p.decoder.width"].tolist() == [1] * 6 + [2] * 6 + [10] * 6
    assert table["round"].tolist()[:6] == [0, 0, 0, 1, 1, 1]
    assert table["metric"].tolist()[:3] == ["bleu", "peak_memory", "tokens_per_s"]
    pd.testing.assert_frame_equal(table, tidy(made[::-1]))


def test_rounds_go_before_keys():
    made = [record("a", round=1), record("b", round=0)]
    assert tidy(made)["trial_key"].tolist() == ["b", "a"]


def test_repetitions_stay_in_order():
    table = tidy([cell("gru", 16, "numpy", [0.3, 0.1, 0.2])])
    times = table[table["metric"] == "time"]
    assert times["value"].tolist() == [0.3, 0.1, 0.2]
    assert times["repetition"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([2, 1], "int64", [1, 2]),
        ([2.0, 1.0], "int64", [1, 2]),
        ([0.5, 2], "float64", [0.5, 2.0]),
        ([2, None], "Int64", [2, pd.NA]),
        ([2.5, None], "float64", [2.5, None]),
        (["all", 3], "text", ["3", "all"]),
        ([True, False], "text", ["false", "true"]),
        (["NA", None], "text", ["", "NA"]),
        ([[1, 2], {"b": 1}], "text", ["[1, 2]", '{"b": 1}']),
    ],
)
@pytest.mark.parametrize(("write", "read"), WRITERS)
def test_swept_values_have_one_type_and_files_give_it_back(
    tmp_path, values, dtype, expected, write, read
):
    made = [record(str(n), params={"x": v}, swept=["x"]) for n, v in enumerate(values)]
    table = tidy(made)
    found = table["p.x"]
    assert pd.api.types.is_string_dtype(found) if dtype == "text" else found.dtype == dtype
    assert [None if pd.isna(v) else v for v in found] == [
        None if pd.isna(v) else v for v in expected
    ]
    pd.testing.assert_frame_equal(read(write(table, tmp_path / "t")), table)


@pytest.mark.parametrize(("write", "read"), WRITERS)
def test_files_give_the_table_back_to_the_bit(tmp_path, write, read):
    values = [0.1 + 0.2, 1 / 3, 5e-324, 1e308, math.inf, -0.0, math.nan, 123456789.123456789]
    samples = [Sample(f"m{n}", value, "1", "none", "p", n) for n, value in enumerate(values)]
    table = tidy([record("k", samples=samples, error='a "quoted", text'), lost_beam(3)])
    again = read(write(table, tmp_path / "deep" / "t"))
    pd.testing.assert_frame_equal(again, table, check_exact=True)


@pytest.mark.parametrize(("write", "read"), WRITERS)
def test_a_table_without_rows_comes_back(tmp_path, write, read):
    table = tidy([])
    assert list(table.columns) == list(COLUMNS)
    pd.testing.assert_frame_equal(read(write(table, tmp_path / "t")), table)


def test_a_csv_is_the_same_text_every_time(tmp_path):
    made = [beam(w, 200) for w in (1, 2)]
    texts = {write_csv(tidy(m), tmp_path / "t.csv").read_text() for m in (made, made[::-1])}
    assert len(texts) == 1
    assert "\r" not in texts.pop()
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(("write", "read"), WRITERS)
@pytest.mark.parametrize(("version", "word"), [(2, "newer"), (0, "older")])
def test_a_table_of_another_schema_is_refused(tmp_path, write, read, version, word):
    path = write(tidy([record("k", schema_version=version)]), tmp_path / "t")
    with pytest.raises(StoreError, match=f"schema version {version}, expected 1; it is {word}"):
        read(path)


@pytest.mark.parametrize("read", [read_csv, read_parquet])
def test_a_file_that_is_no_table_is_refused(tmp_path, read):
    path = tmp_path / "t"
    with pytest.raises(StoreError, match=r"cannot read .*; give a table's path"):
        read(path)
    path.write_text("" if read is read_parquet else "a,b\n1,2\n")
    with pytest.raises(StoreError, match=r"is no table of this kind .* expected one that `seqb"):
        read(path)


def test_a_table_without_a_column_is_refused(tmp_path):
    path = write_csv(tidy([record("k")]).drop(columns=["value"]), tmp_path / "t.csv")
    with pytest.raises(StoreError, match=r"is no table of this kind \(no column value\)"):
        read_csv(path)


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot write .*; choose another results_dir"):
        write_csv(tidy([]), tmp_path / "file" / "t.csv")


def test_resolved_is_json():
    assert json.loads(tidy([record("k", resolved={"cell/gru": "numpy.gru"})])["resolved"][0]) == {
        "cell/gru": "numpy.gru"
    }
