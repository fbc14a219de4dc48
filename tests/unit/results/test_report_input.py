"""Tables that cannot be shown and paths that cannot be written: told, and nothing is touched."""

from __future__ import annotations

import json
import os

import pytest
from report_inputs import beams, campaign, comparison, parquet, ratios, summary, table

from seqbench.interfaces import SeqbenchError, StoreError, UsageError
from seqbench.results.report import write_report


def snapshot(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def refused(tmp_path):
    """`refused(path, words)`: no page, an old one kept, every input untouched, words told."""

    def refused(path, *words, target=None, error=StoreError):
        before = snapshot(tmp_path)
        with pytest.raises(error) as told:
            write_report([path], target or tmp_path / "page.html")
        for word in words:
            assert word in str(told.value)
        assert snapshot(tmp_path) == before
        return str(told.value)

    return refused


@pytest.fixture
def lines(tmp_path):
    """A good table's lines, and how to write them as a table."""

    def write(change):
        path = table(tmp_path / "table.csv", beams())
        changed = change(path.read_text().splitlines())
        path.write_text(changed if isinstance(changed, str) else "\n".join(changed) + "\n")
        return path

    return write


def test_no_such_table(tmp_path, refused):
    refused(tmp_path / "none.csv", "none.csv does not exist, expected a table")


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_an_empty_file(tmp_path, refused, text):
    (tmp_path / "t.csv").write_text(text)
    refused(tmp_path / "t.csv", "t.csv is empty, expected a table with a header and rows")


def test_a_header_without_rows(refused, lines):
    refused(lines(lambda all_: all_[:1]), "has a header and no rows, expected at least one")


def test_cut_short_within_a_row(refused, lines):
    path = lines(lambda all_: "\n".join(all_)[:-30])
    refused(path, "table.csv is cut short: its last line does not end", "write the table again")


def test_a_row_with_too_few_fields(refused, lines):
    path = lines(lambda all_: [*all_[:3], all_[3][:40], *all_[4:]])
    refused(path, "is cut short or damaged: row 4 has", "of 26 fields")


def test_an_open_quote(refused, lines):
    refused(lines(lambda all_: [*all_, '"']), "is cut short or damaged")


def test_no_text(tmp_path, refused):
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00\x01\n")
    refused(tmp_path / "t.csv", "is no text in UTF-8")


def test_another_kind_of_table(tmp_path, refused):
    (tmp_path / "t.csv").write_text("city,people\nBern,1\n")
    refused(tmp_path / "t.csv", "is no table of this kind (its columns begin city, people)")


@pytest.mark.parametrize(("version", "words"), [("0", "it is older"), ("2", "it is newer")])
def test_another_schema(refused, lines, version, words):
    def change(all_):
        place = all_[0].split(",").index("schema_version") - len(all_[0].split(","))
        rows = [line.rsplit(",", -place) for line in all_[1:]]
        return [all_[0], *(",".join([r[0], version, *r[2:]]) for r in rows)]

    refused(lines(change), f"has schema version {version}, expected 1", words)


def test_without_a_schema_version(refused, lines):
    path = lines(lambda all_: [all_[0].replace("schema_version", "schema"), *all_[1:]])
    refused(path, "has no column schema_version", "it is older: run the experiment again")


def test_a_column_is_missing(refused, lines):
    path = lines(lambda all_: [all_[0].replace(",gate,", ",port,"), *all_[1:]])
    refused(path, "has no column gate, expected a table of this version")


def test_a_column_twice(refused, lines):
    path = lines(lambda all_: [all_[0].replace(",gate,", ",status,"), *all_[1:]])
    refused(path, "has two columns named status")


def test_duplicate_keys(refused, lines):
    path = lines(lambda all_: [*all_, all_[2]])
    refused(path, "has 1 keys more than once, for example trial_key gru-1-0-0", "write it again")


def test_duplicate_keys_of_a_summary(tmp_path, refused):
    path = summary(tmp_path / "s.csv", beams())
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    refused(path, "more than once, for example experiment beam_width_bleu")


def test_mixed_units(refused, lines):
    def change(all_):
        row = next(n for n, line in enumerate(all_) if ",token/s," in line)
        return [*all_[:row], all_[row].replace(",token/s,", ",token/ms,"), *all_[row + 1 :]]

    refused(
        lines(change),
        "has beam_width_bleu, translate, decode, tokens_per_s in units token/ms and token/s",
        "expected one unit a metric; convert them",
    )


def test_a_text_where_a_number_is_due(refused, lines):
    def change(all_):
        values = all_[1].split(",")
        values[all_[0].split(",").index("value")] = "fast"
        return [all_[0], ",".join(values), *all_[2:]]

    refused(lines(change), "value is 'fast' in row 2", "expected a number or nothing")


def test_parquet_cut_short(tmp_path, refused):
    path = parquet(tmp_path / "t.parquet", beams())
    path.write_bytes(path.read_bytes()[:-200])
    refused(path, "is no table of this kind", "table.csv or table.parquet")


def test_a_comparison_cut_short(tmp_path, refused):
    path = comparison(tmp_path / "v.json")
    path.write_text(path.read_text()[:-20])
    refused(path, "is cut short or damaged", "`seqbench compare --format json`")


@pytest.mark.parametrize("document", ["{}", "[1, 2]", '{"rows": []}', '{"rows": [{"a": 1}]}', "3"])
def test_a_json_without_verdicts(tmp_path, refused, document):
    (tmp_path / "v.json").write_text(document)
    refused(tmp_path / "v.json", "no list of rows with a verdict")


def test_a_folder_without_tables(tmp_path, refused):
    (tmp_path / "in").mkdir()
    refused(tmp_path / "in", "holds neither a campaign nor a table")


def test_a_campaign_without_records(tmp_path, refused):
    (tmp_path / "c" / "trials").mkdir(parents=True)
    refused(tmp_path / "c", "has no trial's record, expected at least one")


def test_a_damaged_record_is_told_on_the_page(tmp_path):
    folder = campaign(tmp_path / "c", beams())
    (folder / "trials" / "gru-1-0-0.json").write_text("{")
    made = write_report([folder], tmp_path / "page.html")
    assert "gru-1-0-0.json is damaged" in made.notes[0]
    assert "1 of 5 planned trials have no record" in made.notes[1]


def test_the_page_is_a_folder(tmp_path, refused):
    path = ratios(tmp_path / "ratios.csv")
    words = (f"--html {tmp_path} is a folder", str(tmp_path / "report.html"))
    refused(path, *words, target=tmp_path, error=UsageError)


def test_the_page_is_the_table(tmp_path, refused):
    path = ratios(tmp_path / "ratios.csv")
    refused(path, "is one of the tables", target=path, error=UsageError)


def test_the_page_is_the_table_by_another_name(tmp_path, refused):
    path = ratios(tmp_path / "ratios.csv")
    os.link(path, tmp_path / "same.html")
    refused(path, "is one of the tables", target=tmp_path / "same.html", error=UsageError)


def test_the_page_is_in_a_campaign(tmp_path, refused):
    folder = campaign(tmp_path / "c", beams())
    target = folder / "trials" / "gru-1-0-0.json"
    refused(folder, "is one of the tables", target=target, error=UsageError)
    made = write_report([folder], folder / "report.html")
    assert write_report([folder], folder / "report.html").path == made.path  # a page is no input


def test_the_page_cannot_be_written(tmp_path, refused):
    path = ratios(tmp_path / "ratios.csv")
    refused(path, "cannot write", "give another path", target=path / "page.html")
    assert [p.name for p in tmp_path.iterdir()] == ["ratios.csv"]


def test_a_page_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = ratios(tmp_path / "ratios.csv")
    target = tmp_path / "page.html"
    target.write_text("an older page")

    def fails(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", fails)
    with pytest.raises(SeqbenchError, match="no space left on device"):
        write_report([path], target)
    assert target.read_text() == "an older page"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["page.html", "ratios.csv"]


def test_a_table_that_cannot_be_shown_leaves_the_older_page(tmp_path, refused):
    (tmp_path / "page.html").write_text("an older page")
    (tmp_path / "t.csv").write_text(json.dumps("x"))
    refused(tmp_path / "t.csv")
