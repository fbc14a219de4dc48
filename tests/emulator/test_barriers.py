"""The kernels of kernels.cu: right under every order, and wrong without any one barrier."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from barrier_drops import MARK, barriers, drop_barriers, surviving_barriers
from emulator import ORDERS, EmulatedModule, EmulatorError, emulation

HERE = Path(__file__).parent
CUDA = HERE.parents[1] / "plugins" / "seqbench_cupy" / "cuda"
GRID = (CUDA / "sq_grid.cuh").read_text().replace("#pragma once", "")
SOURCE = (HERE / "kernels.cu").read_text()
NAMES = (
    "two_sums softmax<float> softmax<double> histogram scan relay last_block_sums reverse_warps "
    "double_buffer"
).split()


def whole(source: str) -> str:
    return f'{GRID}\n#line 1 "kernels.cu"\n{source}'


@cache
def module() -> EmulatedModule:
    return EmulatedModule(whole(SOURCE), NAMES, shadow=True)


def check_two_sums(built: EmulatedModule) -> None:
    x = np.arange(200, dtype=np.float32) / 8
    sums = np.full(2, np.nan, np.float32)
    built.kernel("two_sums")((1,), (96,), (x, sums, np.int32(x.size)))
    np.testing.assert_allclose(sums, [x.sum(), (x.astype(float) ** 2).sum()], rtol=1e-6)


def check_softmax(built: EmulatedModule) -> None:
    for name, dtype in (("softmax<float>", np.float32), ("softmax<double>", np.float64)):
        x = np.random.default_rng(0).standard_normal((3, 70)).astype(dtype)
        y = np.full_like(x, np.nan)
        built.kernel(name)((3,), (64,), (x, y, np.int32(70)), shared_bytes=x[0].nbytes)
        expected = np.exp(x.astype(float))
        np.testing.assert_allclose(y, expected / expected.sum(1, keepdims=True), rtol=1e-5)


def check_histogram(built: EmulatedModule) -> None:
    ids = np.random.default_rng(1).integers(0, 37, 500, dtype=np.int32)
    counts = np.zeros(37, np.uint32)
    args = (ids, counts, np.int32(500), np.int32(37))
    built.kernel("histogram")((3,), (64,), args, shared_bytes=counts.nbytes)
    np.testing.assert_array_equal(counts, np.bincount(ids, minlength=37))


def check_scan(built: EmulatedModule) -> None:
    x = np.random.default_rng(2).integers(-9, 9, 4 * 32, dtype=np.int32)
    given, other, arrivals = x.copy(), np.zeros_like(x), np.zeros(1, np.uint32)
    built.kernel("scan")((4,), (32,), (x, other, arrivals), cooperative=True)
    np.testing.assert_array_equal(x, np.cumsum(given))


def check_relay(built: EmulatedModule) -> None:
    data, flags = np.zeros((5, 32), np.int32), np.zeros(5, np.int32)
    built.kernel("relay")((5,), (32,), (data, flags), cooperative=True)
    np.testing.assert_array_equal(data, np.repeat(np.arange(1, 6), 32).reshape(5, 32))


def check_last_block(built: EmulatedModule) -> None:
    partial, total, finished = np.zeros(6, np.int32), np.zeros(1, np.int32), np.zeros(1, np.uint32)
    built.kernel("last_block_sums")((6,), (32,), (partial, total, finished))
    assert total[0] == 21


def check_reverse_warps(built: EmulatedModule) -> None:
    x, y = np.arange(64, dtype=np.int32), np.zeros(64, np.int32)
    built.kernel("reverse_warps")((1,), (64,), (x, y), shared_bytes=x.nbytes)
    np.testing.assert_array_equal(y, x.reshape(2, 32)[:, ::-1].ravel() + 1)


def check_double_buffer(built: EmulatedModule) -> None:
    x = np.arange(5 * 64, dtype=np.int32).reshape(5, 64)
    y = np.zeros(64, np.int32)
    args = (x, y, np.int32(5))
    built.kernel("double_buffer")((1,), (64,), args, shared_bytes=2 * x[0].nbytes)
    np.testing.assert_array_equal(y, np.roll(x.sum(0), -1))


CHECKS = [check for name, check in sorted(globals().items()) if name.startswith("check_")]


def check_all(built: EmulatedModule) -> None:
    for check in CHECKS:
        check(built)


@pytest.mark.parametrize("shadow", [False, True])
@pytest.mark.parametrize("order", ORDERS)
def test_every_order_gives_the_same(order, shadow):
    with emulation(order=order, seed=3, shadow=shadow):
        check_all(module())


def test_every_dropped_barrier_is_seen():
    assert len(drop_barriers(SOURCE)) == 16
    assert surviving_barriers(SOURCE, NAMES, check_all, prelude=whole("")) == []


def test_every_dropped_fence_is_seen():
    """No order of fibres shows a missing fence; the race check does."""
    fences = [item for item in drop_barriers(SOURCE, fences=True) if "__threadfence" in item[0]]
    assert len(fences) == 2
    for _, mutated in fences:
        built = EmulatedModule(whole(mutated), ["last_block_sums"], shadow=True)
        with pytest.raises(EmulatorError, match="race on byte"):
            check_last_block(built)


def test_the_barrier_that_outputs_alone_cannot_show():
    """The first barrier of block_sum guards a write after a read: every order computes right."""
    _, mutated = next(d for d in drop_barriers(SOURCE) if "earlier call" in d[0])
    built = EmulatedModule(whole(mutated), ["two_sums"])
    for order in ORDERS:
        with emulation(order=order, shadow=False):
            check_two_sums(built)
    with (
        emulation(shadow=True),
        pytest.raises(
            EmulatorError, match=r"static shared.*write at kernels.cu:11, and read at kernels.cu:19"
        ),
    ):
        check_two_sums(built)


def test_a_barrier_counted_by_atomics_runs_too():
    """The body that a GPU runs, with its counter, under every order and the race check."""
    built = EmulatedModule(whole(SOURCE), ["scan"], options=["-DSQ_GRID_BY_COUNTER"], shadow=True)
    for order in ORDERS:
        with emulation(order=order):
            check_scan(built)


def test_the_counted_barrier_needs_each_of_its_parts():
    """All but the one that says so."""
    start = GRID.index("void sq_grid_sync_by_counter")
    end = GRID.index("__CUDA_EMU__", start)
    parts = barriers(GRID[start:end])
    survivors = []
    for part in parts:
        built = EmulatedModule(
            whole(SOURCE).replace(GRID[start:end], part.dropped),
            ["scan"],
            options=["-DSQ_GRID_BY_COUNTER"],
            shadow=True,
        )
        try:
            check_scan(built)
        except (AssertionError, EmulatorError):
            continue
        survivors.append(part)
    assert len(parts) == 4
    assert survivors == [part for part in parts if part.reason]


def test_a_mark_needs_its_reason():
    source = f"__syncthreads(); {MARK} one warp only\n__syncthreads(); {MARK}\n"
    assert [label[:6] for label, _ in drop_barriers(source)] == ["line 2"]


def test_a_mark_stands_in_the_line_or_alone_above_it():
    source = f"{MARK} one warp\n__syncthreads();\nx = 1;  {MARK} no\n__syncwarp();\n"
    assert [(b.line, b.reason) for b in barriers(source)] == [(2, "one warp"), (4, "")]


def test_a_barrier_is_told_by_its_file_and_line():
    source = (
        '#line 7 "a.cuh"\n__syncthreads();\n// __syncwarp();\n#line 3 "b.cu"\n\n__syncwarp();\n'
    )
    assert [str(b) for b in barriers(source)] == ["a.cuh:7", "b.cu:4"]
    assert [b.dropped.count(";") for b in barriers(source)] == [source.count(";")] * 2


def test_a_needless_barrier_survives():
    source = """extern "C" __global__ void store(int* y) {
      __syncthreads();
      y[threadIdx.x] = 1;
    }"""

    def exercise(built):
        built.kernel("store")((1,), (64,), (np.zeros(64, np.int32),))

    assert surviving_barriers(source, ["store"], exercise) == ["line 2: __syncthreads();"]
