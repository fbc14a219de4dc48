"""What the page says of its tables: states, answers, targets, provenance, sizes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_records import beam, record
from report_inputs import (
    GAIN,
    beams,
    campaign,
    cells,
    claiming,
    column,
    compared,
    comparison,
    data_of,
    ratios,
    summary,
    table,
)

from seqbench.interfaces import Sample
from seqbench.results import summarise, tidy
from seqbench.results.claims import answered, write_answer
from seqbench.results.evidence import Evidence
from seqbench.results.report import campaigns as campaigns_module
from seqbench.results.report import write_report

ROOT = Path(__file__).parents[3]


def data(tmp_path, *tables):
    return data_of(write_report(tables, tmp_path / "page.html").path)


def evidence_of(records):
    items = {r.trial_key: r.items for r in records}
    return Evidence(tidy(records), summarise(tidy(records), items), items)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "ok"),
        ({"valid": False}, "INVALID"),
        ({"gate": "fail", "valid": False}, "FAIL"),
        ({"status": "oom"}, "OOM"),
        ({"status": "skipped"}, "SKIPPED"),
    ],
)
def test_a_row_that_cannot_be_trusted_is_marked(tmp_path, changes, state):
    one = record("a", samples=[Sample("time", 1.0, "s", "lower")], **changes)
    first, second = data(tmp_path, table(tmp_path / "t.csv", [one]))["sheets"]
    assert column(first, "state") == [state]
    assert column(second, "state") == [state]
    assert first["ranked"] == ["ok", "PARTLY"]


def test_what_rests_on_no_clock_is_valid_on_a_busy_machine(tmp_path):
    samples = [
        Sample("bleu", 30.0, "BLEU", "higher"),
        Sample("flops", 1e9, "FLOP", "lower"),
        Sample("time", 1.0, "s", "lower"),
        Sample("words_per_s", 1.0, "word/s", "higher"),
    ]
    one = record("a", samples=samples, valid=False)
    for sheet in data(tmp_path, table(tmp_path / "t.csv", [one]))["sheets"]:
        states = dict(zip(column(sheet, "metric"), column(sheet, "state"), strict=True))
        assert states == {"bleu": "ok", "flops": "ok", "time": "INVALID", "words_per_s": "INVALID"}


def test_an_asked_for_exponent_is_told(tmp_path):
    folder = campaign(tmp_path / "c", cells())
    plan = json.loads((folder / "plan.json").read_text())
    plan["experiment"]["scaling"] = {"axis": "cell.hidden_size", "doublings": None}
    (folder / "plan.json").write_text(json.dumps(plan))
    (answer,) = data(tmp_path, folder)["answers"]
    assert "hidden_size^" in answer["sentence"]


def test_a_case_of_which_some_trials_are_lost_is_partly_there(tmp_path):
    records = [beam(1, 200), beam(1, 200, round=1, status="timeout", samples=[])]
    _, sheet = data(tmp_path, table(tmp_path / "t.csv", records))["sheets"]
    assert set(column(sheet, "state")) == {"PARTLY"}


def test_a_campaign_answers_its_question(tmp_path):
    found = data(tmp_path, campaign(tmp_path / "c", beams()))
    (answer,) = found["answers"]
    assert answer["question"] == "Does it?"
    assert answer["sentence"].startswith("Widening the beam from 1 to 10 raised BLEU by ")
    assert "no value for B = 100 (oom)" in answer["sentence"]
    assert answer["sheet"] == found["sheets"][0]["name"] == "beam_width_bleu c"
    assert found["sheets"][0]["hints"]["x"] == "decoder.width"


def test_a_summary_answers_with_the_ratios_of_its_medians(tmp_path):
    (answer,) = data(tmp_path, summary(tmp_path / "s.csv", cells()))["answers"]
    assert answer["sentence"].startswith("GRU took 1x LSTM's time forward and backward on numpy")


def test_a_summary_answers_by_its_quality_first(tmp_path):
    (answer,) = data(tmp_path, summary(tmp_path / "s.csv", beams()))["answers"]
    assert answer["sentence"].startswith("Over 2 cases bleu went from ")
    assert "1 case without a value" in answer["sentence"]


def test_ratios_tell_how_many_targets_are_met(tmp_path):
    found = data(tmp_path, ratios(tmp_path / "ratios.csv"))
    (answer,) = found["answers"]
    assert answer["sentence"] == (
        "Ours took less time than the other side in 2 of 3 rows; ratios ours/peer from 0.17 to 2, "
        "geometric mean 0.66; 1 of 2 targets met."
    )
    (sheet,) = found["sheets"]
    assert column(sheet, "target") == ["met", "met", "missed"]
    assert column(sheet, "size.H") == [64, 128, None]
    assert column(sheet, "size.T") == [128, 64, 200]
    (entry,) = sheet["provenance"]
    assert entry["fields"] == [["machine", "EPYC"], ["commit", "abc"]]


def test_a_comparison_is_flattened_and_counted(tmp_path):
    found = data(tmp_path, comparison(tmp_path / "v.json"))
    (sheet,) = found["sheets"]
    assert column(sheet, "verdict") == ["SAME", "WORSE", "AMBIGUOUS"]
    assert column(sheet, "key.p.width") == [1, 10, 100]
    assert column(sheet, "reasons") == ['["a", "b"]'] * 3
    assert found["answers"][0]["sentence"] == "3 rows compared: 1 AMBIGUOUS, 1 SAME, 1 WORSE."


def test_intervals_of_a_comparison_are_ratios(tmp_path):
    made = write_report([compared(tmp_path / "v.json")], tmp_path / "page.html")
    (sheet,) = data_of(made.path)["sheets"]
    assert column(sheet, "ratio_low") == [1.1, 1.2, None]
    assert column(sheet, "ratio_high") == [1.3, 1.3, None]
    assert sheet["key"][2] == "label"
    (answer,) = data_of(made.path)["answers"]
    assert answer["sentence"] == "3 rows compared: 1 BETTER, 1 SLOWER, 1 removed."
    assert made.notes == ["v.json: another machine"]


def test_provenance_is_names_and_values(tmp_path):
    sheets = data(tmp_path, campaign(tmp_path / "c", beams()))["sheets"]
    first, signatures = sheets[1]["provenance"]
    assert first["key"] == "abc"
    assert ["machine.cpu_model", "EPYC"] in first["fields"]
    assert ["commit.dirty", "no"] in first["fields"]
    assert signatures["fields"][0][0] == "beam_width_bleu translate"
    assert signatures["fields"][0][1].startswith("nrefs:1|")


def test_the_metrics_say_which_are_costs(tmp_path):
    sheet = data(tmp_path, summary(tmp_path / "s.csv", beams()))["sheets"][0]
    costs = {one["metric"]: one["cost"] for one in sheet["metrics"]}
    assert costs == {"bleu": False, "tokens_per_s": True, "peak_memory": True}


def test_the_committed_tables_stand_on_one_page(tmp_path):
    made = write_report([ROOT / "results"], tmp_path / "page.html")
    names = {sheet["name"] for sheet in data_of(made.path)["sheets"]}
    assert {"cpu/ratios", "cpu/cell_cost", "quality/multi30k/test"} <= names
    assert made.omissions == []


def test_a_folder_tells_what_it_leaves_out(tmp_path):
    (tmp_path / "in").mkdir()
    ratios(tmp_path / "in" / "ratios.csv")
    (tmp_path / "in" / "notes.csv").write_text("a,b\n1,2\n")
    campaign(tmp_path / "in" / "c", beams())
    made = write_report([tmp_path / "in"], tmp_path / "page.html")
    assert [sheet["name"] for sheet in data_of(made.path)["sheets"]] == [
        "ratios",
        "beam_width_bleu c",
        "beam_width_bleu c samples",
    ]
    assert "notes.csv is no table of this kind (its columns begin a, b)" in made.notes[0]


def test_very_many_samples_of_a_campaign_are_left_out_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(campaigns_module, "MOST_SAMPLES", 3)
    made = write_report([campaign(tmp_path / "c", beams())], tmp_path / "page.html")
    assert made.tables == 1
    assert "13 samples are left out" in made.notes[0]


def test_an_old_campaign_without_a_plan_or_provenance(tmp_path):
    folder = campaign(tmp_path / "c", beams())
    (folder / "plan.json").unlink()
    (folder / "provenance.json").write_text(json.dumps([1]))
    found = data(tmp_path, folder)
    assert found["answers"][0]["question"] == ""
    assert [entry["key"] for entry in found["sheets"][0]["provenance"]] == []


GAINED = [beam(w, h, seed=s) for s in range(3) for w, h in ((1, 200), (10, 330))]


def test_a_campaigns_claim_is_answered_on_the_page(tmp_path):
    (told,) = data(tmp_path, claiming(tmp_path / "c", GAINED))["answers"]
    assert told["verdict"] == "supported"
    assert told["claim"].startswith(
        "The claim “Wider is better” is supported on embedded data (grammar), a demonstration: "
        "gain: difference of bleu 32"
    )


def test_a_claim_beside_a_summary_is_judged_by_its_numbers(tmp_path):
    path = summary(tmp_path / "summary.csv", GAINED)
    kept = answered("beam_width_bleu", GAIN, "on real data (x)", evidence_of(GAINED))
    write_answer(kept, tmp_path / "claim.json")
    (told,) = data(tmp_path, path)["answers"]
    assert told["verdict"] == "supported"
    document = json.loads((tmp_path / "claim.json").read_text())
    document["measured"]["gain"]["units"] = {f"seed {s}": -50.0 - s for s in range(3)}
    (tmp_path / "claim.json").write_text(json.dumps(document))
    assert data(tmp_path, path)["answers"][0]["verdict"] == "refuted"


def test_a_damaged_claim_is_told_and_left_out(tmp_path):
    path = summary(tmp_path / "summary.csv", GAINED)
    (tmp_path / "claim.json").write_text("{")
    page = data(tmp_path, path)
    assert page["answers"][0]["verdict"] == ""
    assert "its claim is left out" in "".join(page["notes"])
    folder = claiming(tmp_path / "c", GAINED)
    plan = json.loads((folder / "plan.json").read_text())
    plan["experiment"]["claim"]["parts"]["gain"].pop("at_least")
    (folder / "plan.json").write_text(json.dumps(plan))
    page = data(tmp_path, folder)
    assert page["answers"][0]["verdict"] == ""
    assert "at_least=None" in "".join(page["notes"])


def test_without_a_claim_there_is_no_verdict(tmp_path):
    (told,) = data(tmp_path, campaign(tmp_path / "c", GAINED))["answers"]
    assert (told["verdict"], told["claim"]) == ("", "")
