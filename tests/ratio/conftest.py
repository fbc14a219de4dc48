"""The ratio suites: ours against peers, in pairs within one process.

    pytest tests/ratio --benchmark-enable --benchmark-only [--ratio-table PATH] [--ratio-assert]

PATH is a folder (one CSV a family, as in results/cpu/), a .csv, or a .json with every pair. They
measure and are left out of an ordinary run. Nothing is asserted about time unless `--ratio-assert`
asks for the targets. One thread, NumPy's and the peer's; the clock of the ratios is the CPU time of
the process, which other processes on the machine disturb least.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ratio_provenance import provenance
from ratio_table import RatioRow, RatioTable
from threadpoolctl import threadpool_limits

ROUNDS = 15
Side = tuple[str, Callable[[], object]]
PRESETS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
TABLE = pytest.StashKey[RatioTable]()
WRITTEN = pytest.StashKey[list[Path]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ratio")
    group.addoption("--ratio-table", type=Path, help="folder, .csv or .json for the ratios")
    group.addoption(
        "--ratio-assert", action="store_true", help="fail where a ratio or share misses its target"
    )
    group.addoption("--ratio-rounds", type=int, default=ROUNDS, help="pairs a size")


def pytest_configure(config: pytest.Config) -> None:
    preset = [name for name in PRESETS if os.environ.get(name)]
    if config.getoption("--ratio-table") and preset:
        raise pytest.UsageError(
            f"--ratio-table: {preset[0]} is {os.environ[preset[0]]}, expected it unset: it changes "
            f"which BLAS kernels run, and so every ratio; run it under `env -u {preset[0]}`"
        )
    config.stash[TABLE] = RatioTable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if "benchmark" in item.fixturenames and not item.config.getoption("benchmark_enable"):
        pytest.skip("measures; run it with --benchmark-enable")


def pytest_sessionfinish(session: pytest.Session) -> None:
    table, options = session.config.stash[TABLE], session.config.option
    if not table.rows:
        return
    if options.ratio_table:
        table.notes |= {"load_average": f"{os.getloadavg()[0]:.1f}"}
        session.config.stash[WRITTEN] = table.write(options.ratio_table)
    if options.ratio_assert and table.missed():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    table = config.stash[TABLE]
    if not table.rows:
        return
    terminalreporter.section("ratios, ours / peer (below 1: ours is faster)")
    for line in table.lines() + [f"missed: {told}" for told in table.missed()]:
        terminalreporter.write_line(line)
    for path in config.stash.get(WRITTEN, []):
        terminalreporter.write_line(f"written: {path}")


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


@pytest.fixture
def ratio_table(request: pytest.FixtureRequest, one_thread) -> RatioTable:
    """The run's table, its notes told."""
    table = request.config.stash[TABLE]
    table.notes |= provenance()
    return table


@pytest.fixture
def torch_on_one_thread(peer) -> Iterator[ModuleType]:
    torch = peer("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(before)


@pytest.fixture
def compare(in_pairs, ratio_table, benchmark) -> Callable[..., RatioRow]:
    """`compare(group, size, (name, ours), (name, peer), ...)`: measures, and adds the row.

    Further options are RatioRow's.
    """

    def measure(group: str, size: str, ours: Side, peer: Side, **options: Any) -> RatioRow:
        ours_s, peer_s = in_pairs(ours[1], peer[1])
        row = RatioRow(group, size, ours[0], peer[0], ours_s, peer_s, **options)
        ratio_table.rows.append(row)
        benchmark.extra_info["ratio"] = row.ratio
        return row

    return measure


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
