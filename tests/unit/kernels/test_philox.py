import numpy as np
import pytest

from seqbench.interfaces import RangeError
from seqbench.kernels.dropout import dropout_mask
from seqbench.kernels.philox import philox4x32, philox_uint32, uniform

ONES = 0xFFFFFFFF
KNOWN = [  # counter, key, words: the known answers that Random123 ships
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((ONES,) * 4, (ONES, ONES), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers(counter, key, words):
    lanes = philox4x32(tuple(np.array([c], np.uint32) for c in counter), key, xp=np)
    assert " ".join(f"{int(lane[0]):08x}" for lane in lanes) == words


def test_seed_is_the_key_and_stream_the_upper_counter():
    key, upper = (0xA4093822, 0x299F31D0), (0x13198A2E, 0x03707344)
    block = tuple(np.array([c], np.uint32) for c in (7, 0, *upper))
    expected = [int(lane[0]) for lane in philox4x32(block, key, xp=np)]
    seed, stream = key[0] + (key[1] << 32), upper[0] + (upper[1] << 32)
    assert philox_uint32(seed, stream, 4 * 7, 4, xp=np).tolist() == expected


@pytest.mark.parametrize(("start", "count"), [(0, 8), (1, 5), (3, 1), (6, 0), (4, 9)])
def test_any_word_is_had_on_its_own(start, count):
    whole = philox_uint32(5, 9, 0, 20, xp=np)
    part = philox_uint32(5, 9, start, count, xp=np)
    assert part.dtype == np.uint32
    np.testing.assert_array_equal(part, whole[start : start + count])


def test_blocks_past_32_bits():
    block = (np.array([1], np.uint32), np.array([1], np.uint32), *(np.zeros(1, np.uint32),) * 2)
    expected = [int(lane[0]) for lane in philox4x32(block, (0, 0), xp=np)]
    assert philox_uint32(0, 0, 4 * (2**32 + 1), 4, xp=np).tolist() == expected


def test_streams_and_seeds_differ():
    drawn = [philox_uint32(s, t, 0, 4, xp=np) for s, t in ((0, 0), (0, 1), (1, 0))]
    assert len({tuple(d.tolist()) for d in drawn}) == 3


@pytest.mark.parametrize("name", ["seed", "stream", "start"])
def test_refuses_negative(name):
    given = {"seed": 0, "stream": 0, "start": 0} | {name: -1}
    with pytest.raises(RangeError, match=f"philox: {name} is -1, expected 0 to"):
        philox_uint32(**given, count=1, xp=np)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform(dtype):
    drawn = uniform((100, 200), seed=1, stream=2, dtype=dtype, xp=np)
    assert drawn.dtype == dtype
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 0.01
    assert abs(drawn.var() - 1 / 12) < 0.002
    tail = uniform((200,), seed=1, stream=2, start=19_800, dtype=dtype, xp=np)
    np.testing.assert_array_equal(tail, drawn[-1])


def test_uniform_takes_the_upper_bits():
    words = philox_uint32(1, 2, 0, 2, xp=np).tolist()
    assert uniform((1,), seed=1, stream=2, dtype="float32", xp=np)[0] == (words[0] >> 8) / 2**24
    both = ((words[0] >> 5) * 2**26 + (words[1] >> 6)) / 2**53
    assert uniform((1,), seed=1, stream=2, dtype="float64", xp=np)[0] == both


def test_dropout():
    mask = dropout_mask((200, 300), 0.25, seed=3, stream=4, dtype="float32", xp=np)
    assert mask.dtype == np.float32
    assert set(np.unique(mask)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((mask == 0).mean() - 0.25) < 0.01
    double = dropout_mask((200, 300), 0.25, seed=3, stream=4, dtype="float64", xp=np)
    np.testing.assert_array_equal(double > 0, mask > 0)
    later = dropout_mask((300,), 0.25, seed=3, stream=4, offset=300, dtype="float32", xp=np)
    np.testing.assert_array_equal(later, mask[1])
    np.testing.assert_array_equal(
        dropout_mask((9,), 0.0, seed=0, stream=0, dtype="float64", xp=np), 1
    )


@pytest.mark.parametrize("rate", [1.0, -0.1])
def test_dropout_refuses(rate):
    with pytest.raises(RangeError, match=f"rate is {rate}, expected at least 0 and below 1"):
        dropout_mask((2,), rate, seed=0, stream=0, dtype="float32", xp=np)
