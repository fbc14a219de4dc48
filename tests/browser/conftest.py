"""One browser for all tests of the page, and the pages that they open.

Without a Chromium the tests are skipped; `--browser required` (.ci/full) makes that a failure.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "results"))

from devtools import Browser, find_browser
from report_inputs import beams, campaign, cells, compared, ratios, table

from seqbench.results.report import write_report


@pytest.fixture(scope="session")
def browser(request):
    program = find_browser()
    if program is None:
        absent(request, "no Chromium is installed (apt-get install chromium)")
    try:
        found = Browser(program)
    except (OSError, AssertionError) as error:
        absent(request, f"{program} does not start: {error}")
    yield found
    found.close()


def absent(request, reason):
    if request.config.getoption("--browser") == "required":
        pytest.fail(f"{reason}, and --browser required asks for it", pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def tab(browser):
    """`tab(path, link, width, height, dark)`: an opened page, which must not complain or ask."""
    opened = []

    def tab(path, link="", width=1280, height=900, *, dark=False):
        page = browser.page(width, height, dark=dark)
        opened.append(page)
        page.open(path, link)
        return page

    yield tab
    for page in opened:
        page.browser.wait(0.05)
        assert page.complaints() == []
        assert page.requests() == []
        assert page.files() <= page.opened
        page.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """By name, a page of each kind of table."""
    place = tmp_path_factory.mktemp("pages")

    def page(name, *tables):
        return write_report(tables, place / f"{name}.html").path

    inputs = {
        "cells": table(place / "cells.csv", cells()),
        "beams": campaign(place / "beams", beams()),
        "ratios": ratios(place / "ratios.csv"),
        "compared": compared(place / "compared.json"),
    }
    made = {name: page(name, path) for name, path in inputs.items()}
    return made | {"all": page("all", *inputs.values())}
