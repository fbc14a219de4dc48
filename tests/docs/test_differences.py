"""docs/differences.md tells what its entries compute."""

from __future__ import annotations

import pytest
from difference import HEAD, PAGE, Difference, entries, page

ENTRIES = entries()


def test_the_page_begins_as_it_is_made():
    assert PAGE.read_text().startswith(HEAD)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.id}-{e.title[:30]}")
def test_an_entry_stands_on_the_page_with_its_number(entry):
    assert entry.section() in PAGE.read_text(), (
        f"{entry.id}: run python tests/docs/difference.py and read what changed"
    )


def test_the_page_tells_nothing_else():
    assert PAGE.read_text().count("\n## ") == len(ENTRIES)


def test_a_number_that_moved_is_seen():
    one = Difference("A00", "t", "n", "p", "s", lambda: 0.5)
    assert "**0.5**" in page([one])
    assert "**0.5**" not in page([Difference("A00", "t", "n", "p", "s", lambda: 0.6)])
