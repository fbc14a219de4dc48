"""The page as a file: one whole document that asks for nothing, whatever its tables hold."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from made_records import record
from report_inputs import (
    HOSTILE,
    beams,
    campaign,
    cells,
    column,
    comparison,
    data_of,
    parquet,
    ratios,
    summary,
    table,
)

from seqbench.interfaces import Sample
from seqbench.results.report import write_report
from seqbench.results.report.page import SCRIPTS, asset


class Tags(HTMLParser):
    """Every tag with its attributes, and the texts of scripts and styles."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.within = [], {"script": [], "style": []}, ""

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.within = tag

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within in self.texts:
            self.texts[self.within].append(data)


def tags_of(path):
    parser = Tags()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def page(tmp_path, *tables):
    return write_report(tables, tmp_path / "page.html").path


def test_tables_of_every_kind_stand_on_one_page(tmp_path):
    inputs = [
        campaign(tmp_path / "c", beams()),
        table(tmp_path / "table.csv", cells()),
        parquet(tmp_path / "cells.parquet", cells()),
        summary(tmp_path / "some.csv", cells()),
        ratios(tmp_path / "ratios.csv"),
        comparison(tmp_path / "verdicts.json"),
    ]
    made = write_report(inputs, tmp_path / "page.html")
    kinds = [sheet["kind"] for sheet in data_of(made.path)["sheets"]]
    assert kinds == [
        *("summary", "rows", "rows", "summary", "rows", "summary"),
        *("summary", "ratios", "verdicts"),
    ]
    names = [sheet["name"] for sheet in data_of(made.path)["sheets"]]
    assert len(set(names)) == len(names)
    assert made.tables == 9
    assert made.rows == sum(sheet["length"] for sheet in data_of(made.path)["sheets"])
    assert made.notes == made.omissions == []


def test_a_table_comes_back_as_it_was(tmp_path):
    path = table(tmp_path / "table.csv", beams())
    sheet = data_of(page(tmp_path, path))["sheets"][0]
    lines = path.read_text().splitlines()
    assert sheet["length"] == len(lines) - 1
    header = lines[0].split(",")
    assert [one["name"] for one in sheet["columns"]] == ["state", *header]
    values = [line.split(",")[header.index("value")] for line in lines[1:]]
    assert [repr(v) if v is not None else "" for v in column(sheet, "value")] == values


def test_a_further_column_is_kept(tmp_path):
    path = table(tmp_path / "table.csv", beams())
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0] + ",mine", *(line + ",x" for line in lines[1:])]) + "\n")
    assert set(column(data_of(page(tmp_path, path))["sheets"][0], "mine")) == {"x"}


def test_the_policy_names_the_script_and_the_style_and_forbids_the_rest(tmp_path):
    tags = tags_of(page(tmp_path, ratios(tmp_path / "ratios.csv")))
    (policy,) = [
        a["content"]
        for tag, a in tags.tags
        if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    for texts, kind in (
        (tags.texts["script"][1:], "script-src"),
        (tags.texts["style"], "style-src"),
    ):
        digest = hashlib.sha256("".join(texts).encode()).digest()
        assert f"{kind} 'sha256-{base64.b64encode(digest).decode()}'" in policy


def test_nothing_on_the_page_names_another_place(tmp_path):
    path = page(tmp_path, campaign(tmp_path / "c", beams()))
    asked = [
        (tag, value)
        for tag, attributes in tags_of(path).tags
        for name, value in attributes.items()
        if name in ("src", "href", "action", "data", "srcset", "poster")
    ]
    assert asked == [("link", "data:,"), ("a", "#grid")]
    addresses = set(re.findall(r"https?://[^\s\"']+", path.read_text()))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, never fetched


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_data_wherever_it_stands(tmp_path, text):
    plain = tags_of(page(tmp_path, table(tmp_path / "t.csv", [named("plain")]))).tags
    path = page(tmp_path, table(tmp_path / "t.csv", [named(text)]))
    assert [tag for tag, _ in tags_of(path).tags] == [tag for tag, _ in plain]
    assert text not in path.read_text()[: path.read_text().index('id="data"')] or "<" not in text
    sheet = data_of(path)["sheets"][0]
    for name in ("experiment", "task", "metric", "unit", "kernel_impl", "signature", "error"):
        assert column(sheet, name) == [text], name


def named(text):
    return record(
        text,
        experiment=text,
        task=text,
        case_id=text,
        kernel_impl=text,
        signature=text,
        error=text,
        params={"cell": {"name": text}},
        swept=["cell.name"],
        samples=[Sample(text, 1.0, text, "lower", text)],
    )


def test_scripts_make_no_markup_of_text():
    for name in SCRIPTS:
        source = asset(name)
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert word not in source, (name, word)


def test_every_script_is_joined_once():
    from importlib.resources import files

    there = {f.name for f in files("seqbench.results.report").joinpath("assets").iterdir()}
    assert sorted(there) == sorted([*SCRIPTS, "page.html", "style.css"])


def test_twenty_thousand_rows_stay_below_ten_megabytes(tmp_path):
    samples = [Sample("time", 1.0 / (n + 7), "s", "lower", "forward", n) for n in range(100)]
    records = [
        record(
            f"{n:016x}", case_id=f"{n * 7919:016x}", samples=samples, kernel_impl=f"numpy.k{n % 9}"
        )
        for n in range(200)
    ]
    made = write_report([table(tmp_path / "t.csv", records)], tmp_path / "page.html")
    assert data_of(made.path)["sheets"][0]["length"] == 20_000
    assert made.size == made.path.stat().st_size < 10e6


def test_a_value_that_is_no_number_is_told_and_marked(tmp_path):
    samples = [Sample("loss", float("nan"), "nats", "lower"), Sample("best", 1.0, "nats", "lower")]
    made = write_report([table(tmp_path / "t.csv", [record("a", samples=samples)])], tmp_path / "p")
    sheet = data_of(made.path)["sheets"][0]
    assert column(sheet, "value") == [1.0, None]
    assert column(sheet, "state") == ["ok", "NO NUMBER"]
    assert "1 row holds NaN" in made.omissions[0]
    assert "a, loss" in made.omissions[0]


def test_nan_and_infinity_travel_by_their_names(tmp_path):
    path = ratios(tmp_path / "ratios.csv")
    path.write_text(path.read_text().replace(",0.17,", ",nan,").replace(",0.85,", ",-inf,"))
    made = write_report([path], tmp_path / "page.html")
    (sheet,) = data_of(made.path)["sheets"]
    assert column(sheet, "ratio") == ["nan", "-inf", 2]
    assert column(sheet, "state") == ["NO NUMBER", "NO NUMBER", "ok"]
    assert made.omissions[0].startswith(f"report: {path}: 2 rows hold NaN or an infinity")
