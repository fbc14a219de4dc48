"""docs/claims.md says what the tables of record say, and they what the configs claim."""

from __future__ import annotations

import json
import re

import pytest
from claim_page import PAGE, RECORD, page, recorded

from seqbench.experiments.composing import initialised, resolved
from seqbench.interfaces.claims import claim

RECORDED = recorded()


def test_the_page_is_made_of_the_tables():
    assert PAGE.read_text(encoding="utf-8") == page(RECORDED), (
        "docs/claims.md is stale: python tests/docs/claim_page.py"
    )


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one.name)
def test_a_kept_verdict_is_what_its_numbers_say(one):
    """The file's own verdict and sentence, written when it was run, against those judged now."""
    document = json.loads((RECORD / one.name / "claim.json").read_text())
    assert document["verdict"] == one.kept.answer.verdict
    assert document["sentence"] == one.kept.sentence


@pytest.fixture(scope="module")
def composer():
    with initialised([]) as made:
        yield made


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one.name)
def test_a_record_answers_the_claim_that_its_config_makes(one, composer):
    size = "quick" if one.quick else "full"
    overrides = [f"experiment={one.kept.experiment}", f"size={size}"]
    experiment = resolved(composer.compose(overrides))["experiment"]
    assert experiment["id"].partition("-")[0] == one.id
    assert claim(experiment["claim"]) == one.kept.claim


def test_embedded_data_are_called_a_demonstration():
    for one in RECORDED:
        if "embedded" in one.kept.rests_on:
            section = PAGE.read_text(encoding="utf-8").split(f"## {one.name}:")[1].split("\n## ")[0]
            assert "a demonstration" in section


def test_names_are_ids():
    for one in RECORDED:
        assert re.fullmatch(r"E\d\d(_\w+)?", one.name)
