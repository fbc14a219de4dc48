"""Launch sizes of the recurrent cells, without a device."""

from __future__ import annotations

import pytest
from seqbench_cupy.cells import GRU, GRU_RESET_BEFORE, LSTM, LSTM_PEEPHOLE_FULL, RNN
from seqbench_cupy.cells_persistent import fit, kept_bytes
from seqbench_cupy.recurrence_steps import replays, tiles
from seqbench_cupy.runtime import DeviceProperties

H100 = DeviceProperties()


def test_a_block_has_sixteen_units_and_32_sequences():
    assert tiles(64, 1024) == ((64, 2), (128,))
    assert tiles(33, 17) == ((2, 2), (128,))
    assert tiles(0, 4) == ((1, 0), (128,))  # an empty grid launches nothing


@pytest.mark.parametrize(("steps", "expected"), [(0, 0), (1, 1), (16, 1), (17, 2), (33, 3)])
def test_graphs_are_replayed_until_the_steps_are_enough(steps, expected):
    assert replays(steps, 16) == expected


def test_kept_rows_are_whole_tiles_and_four():
    assert kept_bytes(RNN, 1, 4) == 8 * (32 + 4) * 4
    assert kept_bytes(LSTM, 1024, 4) == 8 * 4 * (1024 + 4) * 4


def test_the_larger_of_forward_and_backward_counts():
    """Four rows of one tile each forward, one row of four gates in fewer tiles backward."""
    assert kept_bytes(LSTM, 1, 4) == 8 * 4 * 36 * 4
    assert kept_bytes(GRU_RESET_BEFORE, 33, 4) == 8 * 3 * (64 + 4) * 4
    assert kept_bytes(LSTM_PEEPHOLE_FULL, 33, 4) == 8 * 7 * (64 + 4) * 4


def test_groups_of_sequences_fill_the_device():
    assert fit(64, 1024, LSTM, "float32", H100) == ((128, 1), 8 * 4 * 1028 * 4)
    assert fit(64, 512, LSTM, "float32", H100).grid == (64, 2)
    assert fit(1000, 256, GRU, "float32", H100).grid == (32, 8)
    assert fit(20, 256, GRU, "float32", H100).grid == (32, 1)
    assert fit(0, 256, GRU, "float32", H100).grid == (32, 0)


LARGEST = [
    (LSTM, "float64", 864),
    (LSTM, "float32", 1056),
    (LSTM_PEEPHOLE_FULL, "float64", 480),
    (LSTM_PEEPHOLE_FULL, "float32", 992),
    (LSTM_PEEPHOLE_FULL, "bfloat16", 1056),
]


@pytest.mark.parametrize(("cell", "dtype", "largest"), LARGEST)
def test_the_largest_lstm_on_an_h100(cell, dtype, largest):
    """As docs/gpu/cells.md tells."""
    assert not isinstance(fit(8, largest, cell, dtype, H100), str)
    assert "expected at most" in fit(8, largest + 8, cell, dtype, H100)


def test_too_many_blocks_and_too_many_bytes_are_told():
    assert "take" in fit(8, 2048, LSTM, "float32", H100)
    assert fit(8, 4000, RNN, "float16", H100) == (
        "H = 4000 in float16 takes 500 blocks at once, expected at most 264 on H100; "
        "take the implementation without _persistent"
    )
