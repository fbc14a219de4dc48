"""Options and markers of the whole suite.

A `peer` test is held against another library, a `data` test needs the real data of SEQBENCH_DATA:
on a laptop they are skipped where that is missing, and `--peers required` (CI) makes a missing
peer a failure, however the test came to skip it. `slow` tests run when `-m` asks for them.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections import defaultdict

import pytest

BUDGETS_S = {
    "unit": 240,
    "conformance": 60,
    "properties": 60,
    "parity": 120,
    "emulator": 60,
    "cuda": 420,
    "browser": 120,
    "statistics": 60,
    "gpu": 60,
    "end_to_end": 360,
    "docs": 90,
}
"""Seconds of each part of the suite, told at the end of a run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--peers",
        choices=("auto", "required"),
        default="auto",
        help="auto: skip where a peer library is missing; required: fail",
    )
    parser.addoption(
        "--browser",
        choices=("auto", "required"),
        default="auto",
        help="auto: skip the page's browser tests where there is no Chromium; required: fail",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    missing = _missing_peers(item)
    if missing:
        _absent(item.config, f"{', '.join(missing)} is not installed")
    if item.get_closest_marker("data") and not os.environ.get("SEQBENCH_DATA"):
        pytest.skip("SEQBENCH_DATA is not set")
    if item.get_closest_marker("slow") and not item.config.getoption("markexpr"):
        pytest.skip("slow; run it with -m slow")


def _missing_peers(item: pytest.Item) -> list[str]:
    """Libraries that `@pytest.mark.peer("torch")` names and that are not here."""
    named = {name for mark in item.iter_markers("peer") for name in mark.args}
    return sorted(name for name in named if importlib.util.find_spec(name) is None)


def _absent(config: pytest.Config, reason: str) -> None:
    if config.getoption("--peers") == "required":
        pytest.fail(f"{reason}, and --peers required asks for it", pytrace=False)
    pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """Under `--peers required` a peer test that skips by itself fails: nothing was compared."""
    report = yield
    required = item.config.getoption("--peers") == "required"
    could_not_import = report.skipped and "could not import" in str(report.longrepr)
    if required and could_not_import and item.get_closest_marker("peer"):
        report.outcome = "failed"
        report.longrepr = f"skipped under --peers required: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    """The same for a module that skips itself with importorskip."""
    report = yield
    required = collector.config.getoption("--peers") == "required"
    if required and report.skipped and "could not import" in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped under --peers required: {report.longrepr}"
    return report


@pytest.fixture
def peer(request: pytest.FixtureRequest):
    """`peer("torch")`: the imported library, or the skip or failure that `--peers` asks for."""

    def load(name: str):
        if importlib.util.find_spec(name) is None:
            _absent(request.config, f"{name} is not installed")
        return importlib.import_module(name)

    return load


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How long each folder's tests took, against its budget."""
    spent: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            part = getattr(report, "nodeid", "").split("/")
            if len(part) > 2 and part[0] == "tests":
                spent[part[1]] += getattr(report, "duration", 0.0)
    if len(spent) < 2:
        return
    terminalreporter.section("seconds by part")
    for part, seconds in sorted(spent.items()):
        budget = BUDGETS_S.get(part)
        over = "  over its budget" if budget is not None and seconds > budget else ""
        told = f" of {budget:5d}" if budget is not None else ""
        terminalreporter.write_line(f"{part:<12} {seconds:7.1f}{told}{over}")
