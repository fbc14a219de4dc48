"""docs/data.md tells what the registry holds."""

from __future__ import annotations

from data_page import PAGE, page

from seqbench.data.specs import seqbench_datasets


def test_the_page_is_as_it_is_made():
    assert PAGE.read_text() == page(), "run python tests/docs/data_page.py and read what changed"


def test_every_data_set_stands_on_it_once():
    text = PAGE.read_text()
    for spec in seqbench_datasets():
        assert text.count(f"| `{spec.name}` | ") == 1
