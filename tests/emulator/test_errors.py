"""What a kernel must not do, and the message that says where it did."""

from __future__ import annotations

from pathlib import Path

import emu_compile
import numpy as np
import pytest
from emulator import EmulatedModule, EmulatorError, emulation

SOURCE = (Path(__file__).parent / "errors.cu").read_text()
NAMES = [
    line.split("void ")[1].split("(")[0] for line in SOURCE.splitlines() if "__global__" in line
]


@pytest.fixture(scope="module")
def module() -> EmulatedModule:
    return EmulatedModule(SOURCE, NAMES)


def y(*values: int) -> np.ndarray:
    return np.array(values or [0] * 64, np.int32)


# kernel, blocks, threads, cooperative, race check, message
CASES = [
    ("divergent", 1, 64, False, False, r"divergent barriers: .*kernel.cu:[57], .*kernel.cu:[57]"),
    (
        "early_exit",
        1,
        64,
        False,
        False,
        r"__syncthreads at kernel.cu:11, but 1 threads have exited",
    ),
    ("not_in_mask", 1, 32, False, False, r"__shfl_sync at line 13: calling lane 16 is not in mask"),
    ("source_not_in_mask", 1, 32, False, False, r"line 15: reads lane 20 outside mask 0000ffff"),
    (
        "masks_differ",
        1,
        32,
        False,
        False,
        r"deadlock: 16 threads have exited.* 16 in a warp operation",
    ),
    ("lanes_exit", 1, 32, False, False, r"deadlock: 4 threads have exited.* 28 in a warp op"),
    ("waits_for_nobody", 1, 32, False, False, r"deadlock of polling loops: 31 .* 1 poll"),
    ("polls_without_pause", 2, 32, True, False, r"deadlock of polling loops: 0 .* 64 poll"),
    (
        "writes_before",
        1,
        4,
        False,
        True,
        r"write of 4 bytes out of bounds at kernel.cu:37.*byte -4",
    ),
    ("shared_overrun", 1, 4, False, True, r"kernel.cu:40: outside dynamic shared.*16 bytes"),
    ("far_off", 1, 1, False, False, r"invalid memory access.*shadow=True"),
    ("far_off", 1, 1, False, True, r"out of bounds at kernel.cu:42"),
    ("grid_alone", 2, 4, False, False, r"grid barrier at here.cu:5 in a launch that is not coop"),
    ("some_blocks", 2, 4, True, False, r"deadlock: 4 threads have exited.* 4 at the grid barrier"),
    (
        "plain_store",
        2,
        1,
        False,
        True,
        r"race on byte 0 of argument 0: write .* by thread 0 of block",
    ),
    (
        "same_from_warps",
        1,
        64,
        False,
        True,
        r"race .*: write at kernel.cu:\d+, and write at .*:\d+ by",
    ),
    (
        "mixed",
        1,
        2,
        False,
        True,
        r"race .*atomic write at kernel.cu:\d+, and write at kernel.cu:\d+",
    ),
]


@pytest.mark.parametrize(("name", "blocks", "threads", "cooperative", "shadow", "message"), CASES)
def test_error_says_where(module, name, blocks, threads, cooperative, shadow, message):
    with emulation(shadow=shadow), pytest.raises(EmulatorError, match=message) as caught:
        module.kernel(name)(
            (blocks,),
            (threads,),
            (y(*[0] * threads),),
            cooperative=cooperative,
            shared_bytes=4 * threads,
        )
    assert str(caught.value).startswith(f"{name}: block (")


def test_read_behind_an_argument(module):
    with (
        emulation(shadow=True),
        pytest.raises(EmulatorError, match=r"thread \(3,0,0\): read of 4.*argument 0.*16 bytes"),
    ):
        module.kernel("reads_behind")((1,), (4,), (y(1, 2, 3, 4), y(0, 0, 0, 0)))


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("overflows", (1, 0), r"kernel.cu:43: signed addition overflows"),
        ("shifts", (0, 32), r"kernel.cu:44: shift by"),
        ("divides", (0, 0), r"kernel.cu:45: integer division by zero"),
        ("array_index", (4, 0), r"array index out of bounds"),
        ("recursion", (1000, 0), r"stack overflow"),
    ],
)
def test_undefined_behaviour(module, name, values, message):
    with pytest.raises(EmulatorError, match=message):
        module.kernel(name)((1,), (1,), (y(*values),))


def test_misaligned_vector(module):
    memory = np.zeros(12, np.float32)
    with pytest.raises(EmulatorError, match=r"misaligned address .*alignment 16"):
        module.kernel("misaligned")((1,), (1,), (memory[(-memory.ctypes.data // 4) % 4 :],))


def test_endless_loop(module, monkeypatch):
    monkeypatch.setattr("emulator.LIMIT_S", 0.2)
    with pytest.raises(EmulatorError, match=r"still running after 0.2 s"):
        module.kernel("endless")((1,), (1,), (y(0),))


@pytest.mark.parametrize("name", ["marked_store", "counts", "own_bytes"])
def test_no_false_alarm(module, name):
    memory = np.zeros(128, np.uint8 if name == "own_bytes" else np.int32)
    with emulation(shadow=True):
        module.kernel(name)((1 if name == "own_bytes" else 2,), (64,), (memory,))
    assert memory.sum() == {"marked_store": 3, "counts": 128, "own_bytes": 64}[name]


def test_a_shuffle_orders_no_memory(module):
    with emulation(shadow=True), pytest.raises(EmulatorError, match=r"race .*dynamic shared"):
        module.kernel("shuffled_order")((1,), (32,), (y(*[0] * 32),), shared_bytes=128)


def test_a_write_after_reads_of_two_warps(module):
    with emulation(shadow=True):
        kernel = module.kernel("two_readers_of_one_warp")
        kernel((1,), (32,), (y(*[0] * 32),), shared_bytes=4)
        with pytest.raises(EmulatorError, match=r"race .*write at kernel.cu:\d+, and read at"):
            kernel((1,), (64,), (y(*[0] * 64),), shared_bytes=4)


@pytest.mark.parametrize("order", ["forward", "reverse", "random"])
def test_volatile_flag_needs_its_fences(module, order):
    out = y(0, 0)
    with emulation(order=order, shadow=True):
        module.kernel("volatile_flag")((2,), (1,), (out, y(0)), cooperative=True)
        assert out.tolist() == [42, 42]
        with pytest.raises(EmulatorError, match="race on byte 0 of argument 0"):
            module.kernel("unfenced_flag")((2,), (1,), (out, y(0)), cooperative=True)


@pytest.mark.parametrize("blocks", [1, 3])
@pytest.mark.parametrize("cooperative", [False, True])
def test_shared_memory_starts_as_nan(module, cooperative, blocks):
    out = np.zeros(64, np.float32)
    launch = {"shared_bytes": 128, "cooperative": cooperative}
    module.kernel("poison")((blocks,), (32,), (out,), **launch)
    assert np.isnan(out).all()


def test_constant_memory(module):
    module.variable("scale", np.float32, (2,))[:] = [2, 3]
    out = np.zeros(4, np.float32)
    module.kernel("scaled")((1,), (4,), (out,))
    assert out.tolist() == [2, 3, 2, 3]
    with pytest.raises(EmulatorError, match="no __constant__ variable named 'offset'"):
        module.variable("offset", np.float32, ())


@pytest.mark.parametrize(
    ("grid", "block", "shared", "message"),
    [
        ((1,), (0,), 0, r"block of \(0,1,1\) threads: 1 to 1024"),
        ((1,), (33, 32), 0, r"block of \(33,32,1\)"),
        ((0,), (1,), 0, r"grid of \(0,1,1\) blocks"),
        ((1, 70000), (1,), 0, r"grid of \(1,70000,1\)"),
        ((1,), (1,), 227 * 1024 + 1, r"dynamic and .* static shared memory: 232448"),
        ((-1,), (1,), 0, r"extent \(-1,\)"),
    ],
)
def test_launch_sizes(module, grid, block, shared, message):
    with pytest.raises(EmulatorError, match=message):
        module.kernel("counts")(grid, block, (y(0),), shared_bytes=shared)


GOOD = (np.zeros(1, np.float32), np.float64(1), np.int16(1), np.zeros((), "f4,i4")[()], y(0))


def test_signature(module):
    kernel = module.kernel("kinds")
    assert kernel.parameters == (("p", 8), ("f", 8), ("i", 2), ("s", 8), ("p", 8))
    kernel((1,), (1,), GOOD)


@pytest.mark.parametrize(
    ("number", "value", "message"),
    [
        (
            0,
            np.zeros(1),
            r"argument 0 is an array of float64, expected elements that are a float of 4",
        ),
        (0, np.float32(1), r"argument 0 is float32, expected a pointer"),
        (1, np.float32(1), r"argument 1 is float32, expected a float of 8 bytes"),
        (1, 1.0, r"argument 1 is a float, expected a float of 8 bytes: pass a NumPy scalar"),
        (2, np.int32(1), r"argument 2 is int32, expected an integer of 2 bytes"),
        (2, y(0), r"argument 2 is an array, expected an integer"),
    ],
)
def test_argument_kinds(module, number, value, message):
    args = (*GOOD[:number], value, *GOOD[number + 1 :])
    with pytest.raises(EmulatorError, match=message):
        module.kernel("kinds")((1,), (1,), args)


def test_argument_count(module):
    with pytest.raises(EmulatorError, match=r"kinds: 4 arguments, expected 5"):
        module.kernel("kinds")((1,), (1,), GOOD[:4])


def test_names_and_orders(module):
    with pytest.raises(EmulatorError, match=r"no kernel named 'kind' in this module; built with: "):
        module.kernel("kind")
    with pytest.raises(ValueError, match=r"order is 'sideways', expected one of forward, "):
        module.kernel("counts")((1,), (1,), (y(0),), order="sideways")


def test_a_source_that_does_not_compile():
    with pytest.raises(EmulatorError, match=r"(?s)g\+\+ refuses the kernels.*kernel.cu:1"):
        EmulatedModule('extern "C" __global__ void bad(int* y) { y[0] = nothing; }', ["bad"])


def test_missing_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EmulatorError, match=r"needs g\+\+ .* found none on PATH"):
        emu_compile.compiler.__wrapped__()
