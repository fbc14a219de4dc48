"""The GPU pages know every CUDA source and every piece of PTX."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from seqbench_cupy.sources import FOLDER

DOCS = Path(__file__).parents[2] / "docs"
QUEUE = (DOCS / "gpu-queue.md").read_text()
PAGES = {path.name: path.read_text() for path in (DOCS / "gpu").glob("*.md")}


@pytest.mark.parametrize("source", sorted(path.name for path in FOLDER.glob("*.cu")))
def test_a_source_stands_on_a_page(source):
    assert any(f"cuda/{source}" in text for text in PAGES.values()), source


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_is_linked_and_says_what_was_shown(page):
    assert f"gpu/{page}" in QUEUE
    assert "Emulated only" in PAGES[page], "or what a GPU has shown, with its date"


@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.iterdir()))
def test_ptx_is_in_the_queue(file):
    if re.search(r"\basm\b", (FOLDER / file).read_text()):
        assert file in QUEUE, f"{file} holds PTX that no emulator runs"
