"""Every format holds every row, and hostile text in names is text everywhere."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from made_records import cell
from made_sides import compared, times

from seqbench.results.compare import FORMATS, rendered, sentence
from seqbench.results.compare.comparison import COLUMNS
from seqbench.results.compare.formats import NEVER

HOSTILE = (
    "<script>alert(1)</script>&\"']]>",
    "a|b`c*d_e[f](javascript:x)",
    "line\nbreak\r\ttab",
    "\x1b[31mred\x07\x00",
    "-->\u2028<!--",
    "@someone #1 ~~gone~~",
)


def made():
    return compared(times() + times(size=32), times(1.2, seed=1) + times(size=128, seed=2))


def hostile(text):
    def named(records):
        return [
            replace(
                r,
                experiment=text,
                task=text,
                kernel_impl=text,
                params={"cell": {"name": text, "hidden_size": 64}, "backend": {"name": text}},
                reasons=[text],
            )
            for r in records
        ]

    wrong = [replace(r, gate="fail", samples=[]) for r in times()]
    return compared(named(times()), named(wrong))


def test_the_table_tells_the_worst_first_and_ends_with_a_sentence():
    text = rendered(made(), "table")
    lines = text.splitlines()
    assert lines[0] == "BASE -> NEW"
    assert lines[1].split()[:3] == ["verdict", "case", "metric"]
    assert lines[2].startswith("SLOWER")
    assert "hidden_size=64" in lines[2]
    assert lines[-1] == sentence(made())
    assert lines[-1].startswith("5 rows worse; of 12 rows: 1 SLOWER, 2 SAME, 4 added, 4 removed")
    assert "thresholds: built in" in text


def test_long_tables_are_cut_unless_all_is_asked():
    sizes = range(1, 40)
    base = [r for s in sizes for r in times(size=s)]
    comparison = compared(base, [r for s in sizes for r in times(size=s, seed=1)])
    assert "more rows; --all shows them" in rendered(comparison, "table")
    assert "--all" not in rendered(comparison, "table", everything=True)


def test_what_all_cases_share_is_left_out_of_their_names():
    text = rendered(made(), "table")
    assert "hidden_size=64" in text
    assert "cell.name=gru" not in text
    assert "cell.name=gru" in rendered(made(), "json")


def test_nothing_worse_is_said():
    assert sentence(compared(times(), times(seed=1))).startswith("nothing is worse; of 4 rows")


def test_json_has_every_row_and_no_nan():
    comparison = made()
    document = json.loads(rendered(comparison, "json"), parse_constant=pytest.fail)
    assert document["worse"] == comparison.worse
    assert document["counts"] == comparison.counts
    assert len(document["rows"]) == len(comparison.rows)
    assert list(document["rows"][0]) == list(COLUMNS)
    first = document["rows"][0]
    assert first["verdict"] == "SLOWER"
    assert first["worse"] is True
    assert first["low"] < first["ratio"] < first["high"]


def test_infinite_effects_are_null():
    base = [cell("gru", 64, "numpy", [1e-3], round=i) for i in range(4)]
    new = [cell("gru", 64, "numpy", [2e-3], round=i) for i in range(4)]
    document = json.loads(rendered(compared(base, new), "json"))
    assert document["rows"][0]["verdict"] == "SLOWER"
    assert document["rows"][0]["effect"] is None


def test_junit_fails_what_is_worse_and_skips_what_is_not_judged():
    comparison = made()
    suite = ElementTree.fromstring(rendered(comparison, "junit")).find("testsuite")
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.get("tests")) == len(comparison.rows)
    failures = [case for case in cases if case.find("failure") is not None]
    assert len(failures) == int(suite.get("failures")) == comparison.worse
    skipped = [case for case in cases if case.find("skipped") is not None]
    assert len(skipped) == int(suite.get("skipped")) > 0
    assert failures[0].find("failure").get("message").startswith("SLOWER: time forward_backward")


def test_markdown_is_one_table():
    lines = rendered(made(), "md").splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 + (~made().rows["reason"].isin(NEVER)).sum()
    assert {line.count("|") for line in rows} == {10}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", sorted(FORMATS))
def test_hostile_names_are_text(form, text):
    comparison = hostile(text)
    out = rendered(comparison, form)
    assert comparison.worse > 0
    if form == "json":
        assert json.loads(out)["rows"][0]["experiment"] == text
        return
    assert not any(c in out for c in "\x00\x07\x1b\r\u2028")
    if form == "junit":
        suite = ElementTree.fromstring(out).find("testsuite")
        assert len(suite.findall("testcase")) == len(comparison.rows)
    if form == "md":
        rows = [line for line in out.splitlines() if line.startswith("|")]
        assert len(rows) == 2 + len(comparison.rows)
        assert {line.count("|") for line in rows} == {10}
        body = out.replace("**", "")
        assert not set("<>`*[]@~") & set(body)
    if form == "table":
        assert len(out.splitlines()) == 2 + len(comparison.rows) + 4
