"""Launch sizes and widths of sums by id, look-ups and word vectors, without a device."""

from __future__ import annotations

import numpy as np
import pytest
from seqbench_cupy.embedding import row_shift, threads_a_row
from seqbench_cupy.packs import pack_width
from seqbench_cupy.runtime import DeviceProperties
from seqbench_cupy.scatter import tile_launches
from seqbench_cupy.skipgram_softmax import column_blocks
from seqbench_cupy.word_vectors import lanes_for, model_of

H100 = DeviceProperties()


def aligned(count, dtype, offset=0):
    """`count` numbers that begin `offset` numbers past a multiple of 64 bytes."""
    room = np.zeros(count + 32, dtype)
    skipped = -(room.ctypes.data // room.itemsize) % (64 // room.itemsize)
    return room[skipped + offset :][:count]


@pytest.mark.parametrize(
    ("dtype", "row", "offset", "width"),
    [
        ("float32", 8, 0, 4),
        ("float32", 8, 4, 4),
        ("float32", 8, 1, 1),
        ("float32", 6, 0, 1),
        ("float64", 6, 0, 2),
        ("float64", 6, 1, 1),
        ("float64", 7, 0, 1),
    ],
)
def test_packs_need_whole_rows_and_borders_of_sixteen_bytes(dtype, row, offset, width):
    assert pack_width(dtype, row, aligned(row, dtype), aligned(row, dtype, offset)) == width


def test_threads_of_a_row_are_a_power_of_two_up_to_a_warp():
    assert [row_shift(packs) for packs in (0, 1, 2, 3, 16, 17, 32, 128)] == [0, 0, 1, 2, 4, 5, 5, 5]
    assert threads_a_row(100, 3, H100) == ((4,), (256,))


def test_a_warp_a_tile_and_a_block_a_border():
    assert tile_launches(0, 1, H100) == (((0, 1), (256,)), ((0, 1), (256,)))
    assert tile_launches(32, 32, H100) == (((1, 1), (256,)), ((0, 1), (256,)))
    assert tile_launches(33, 33, H100) == (((1, 2), (256,)), ((1, 2), (256,)))
    assert tile_launches(9 * 32, 128, H100) == (((2, 4), (256,)), ((8, 4), (256,)))


def test_vectors_take_the_fewest_registers_that_hold_them():
    sizes = (1, 128, 129, 256, 257, 512, 513)
    assert [lanes_for(size) for size in sizes] == [4, 4, 8, 8, 16, 16, None]


def test_a_contract_names_its_model():
    assert model_of("skipgram_ns_update") == (True, False, True)
    assert model_of("cbow_hs") == (False, True, True)
    assert model_of("cbow_ns_word2vec") == (False, False, False)


def test_columns_go_by_thirty_two():
    assert column_blocks(33) == ((2,), (256,))
