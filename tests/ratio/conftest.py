"""The ratio suites: ours against peers, in pairs within one process.

    pytest tests/ratio --benchmark-enable [--ratio-table FILE.json] [--ratio-assert]

They measure and are left out of an ordinary run. Nothing is asserted about time unless
`--ratio-assert` asks for the targets. One thread, NumPy's and the peer's; the clock of the ratios
is the CPU time of the process, which other processes on the machine disturb least.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl
from ratio_table import RatioTable

ROUNDS = 15
TABLE = pytest.StashKey[RatioTable]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ratio")
    group.addoption("--ratio-table", type=Path, help="write the ratios to FILE (.json or .csv)")
    group.addoption(
        "--ratio-assert", action="store_true", help="fail where a ratio or share misses its target"
    )
    group.addoption("--ratio-rounds", type=int, default=ROUNDS, help="pairs a size")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = RatioTable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if "benchmark" in item.fixturenames and not item.config.getoption("benchmark_enable"):
        pytest.skip("measures; run it with --benchmark-enable")


def pytest_sessionfinish(session: pytest.Session) -> None:
    table, options = session.config.stash[TABLE], session.config.option
    if not table.rows:
        return
    if options.ratio_table:
        table.write(options.ratio_table)
    if options.ratio_assert and table.missed():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    table = config.stash[TABLE]
    if not table.rows:
        return
    terminalreporter.section("ratios, ours / peer (below 1: ours is faster)")
    for line in table.lines() + [f"missed: {told}" for told in table.missed()]:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    with threadpoolctl.threadpool_limits(1):
        yield


@pytest.fixture
def ratio_table(request: pytest.FixtureRequest, one_thread) -> RatioTable:
    """The run's table, its notes told."""
    table = request.config.stash[TABLE]
    blas = [p for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"]
    told = sorted({f"{p['internal_api']} {p['version']} {p.get('architecture')}" for p in blas})
    preset = os.environ.get("OPENBLAS_CORETYPE")
    table.notes |= {
        "blas": ", ".join(told) + (f" (OPENBLAS_CORETYPE={preset} is set)" if preset else ""),
        "threads": str(max((p["num_threads"] for p in blas), default=1)),
        "numpy": np.__version__,
        "clock": "CPU seconds of the process",
    }
    return table


@pytest.fixture
def in_pairs(benchmark, request) -> Callable[..., tuple[tuple[float, ...], tuple[float, ...]]]:
    """`in_pairs(ours, peer, beside)`: CPU seconds of each, called in turn, `--ratio-rounds` pairs.

    pytest-benchmark counts ours; the peer and `beside` run in its set-up, outside what it times.
    """
    rounds = request.config.getoption("--ratio-rounds")

    def measure(ours, peer, beside=lambda: None):
        seconds: dict[str, list[float]] = {"ours": [], "peer": []}

        def timed(name: str, call: Callable[[], object]) -> None:
            start = time.process_time()
            call()
            seconds[name].append(time.process_time() - start)

        for _ in range(2):  # warm up both
            ours()
            peer()

        def before() -> None:
            timed("peer", peer)
            beside()

        benchmark.pedantic(lambda: timed("ours", ours), setup=before, rounds=rounds)
        return tuple(seconds["ours"]), tuple(seconds["peer"])

    return measure
