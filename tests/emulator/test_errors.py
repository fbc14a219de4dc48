"""What a kernel must not do, and the message that says where it did."""

from __future__ import annotations

import emu_compile
import numpy as np
import pytest
from emulator import EmulatedModule, EmulatorError, emulation

SOURCE = r"""
__constant__ float scale[2];
extern "C" __global__ void divergent(int* y) {
  if (threadIdx.x < 32) __syncthreads();
  else
    __syncthreads();
}
extern "C" __global__ void early_exit(int* y) {
  if (threadIdx.x == 7) return;
  __syncthreads();
}
extern "C" __global__ void not_in_mask(int* y) { y[threadIdx.x] = __shfl_sync(0xffffu, 1, 0); }
extern "C" __global__ void source_not_in_mask(int* y) {
  if (threadIdx.x < 16) y[threadIdx.x] = __shfl_sync(0xffffu, 1, 20);
}
extern "C" __global__ void masks_differ(int* y) {
  __syncwarp(threadIdx.x < 16 ? 0xffffffffu : 0xffff0000u);
}
extern "C" __global__ void lanes_exit(int* y) {
  if (threadIdx.x < 4) return;
  __syncwarp();
}
extern "C" __global__ void waits_for_nobody(int* y) {
  if (threadIdx.x == 0)
    while (!emu::strong_load(y)) emu::yield_block();
}
extern "C" __global__ void polls_without_pause(int* y) {
  while (!emu::strong_load(y)) {}
}
extern "C" __global__ void endless(volatile int* y) {
  for (;;) y[0] = 1;
}
extern "C" __global__ void reads_behind(const int* x, int* y) { y[threadIdx.x] = x[threadIdx.x + 1]; }
extern "C" __global__ void writes_before(int* y) { y[static_cast<int>(threadIdx.x) - 1] = 1; }
extern "C" __global__ void shared_overrun(int* y) {
  SQ_DYN_SHARED(int, s);
  s[threadIdx.x + 1] = 1;
}
extern "C" __global__ void far_off(int* y) { y[1ll << 40] = 1; }
extern "C" __global__ void overflows(int* y) { y[0] += 0x7fffffff; }
extern "C" __global__ void shifts(int* y) { y[0] = 1 << y[1]; }
extern "C" __global__ void divides(int* y) { y[0] = 1 / y[1]; }
extern "C" __global__ void misaligned(float* y) { *reinterpret_cast<float4*>(y + 1) = {}; }
extern "C" __global__ void array_index(int* y) {
  int local[4] = {};
  for (int i = 0; i <= y[0]; i++) local[i] = i;
  y[0] = local[1];
}
__device__ int deep(int n) { volatile char room[2000]; room[n % 9] = 1; return n ? deep(n - 1) + room[1] : 0; }
extern "C" __global__ void recursion(int* y) { y[0] = deep(y[0]); }
extern "C" __global__ void grid_alone(int* y) { emu::grid_barrier("here.cu", 5); }
extern "C" __global__ void some_blocks(int* y) { if (blockIdx.x) emu::grid_barrier("here.cu", 5); }
extern "C" __global__ void plain_store(int* y) { y[0] = 3; }
extern "C" __global__ void same_from_warps(int* y) { if (threadIdx.x % 32 == 0) y[0] = 3; }
extern "C" __global__ void marked_store(int* y) { emu::strong_store(y, 3); }
extern "C" __global__ void mixed(int* y) {
  if (threadIdx.x == 0) y[0] = 1;
  else atomicAdd(&y[0], 1);
}
extern "C" __global__ void counts(int* y) { atomicAdd(&y[0], 1); }
extern "C" __global__ void own_bytes(unsigned char* y) { y[threadIdx.x] = 1; }
extern "C" __global__ void shuffled_order(int* y) {
  SQ_DYN_SHARED(int, s);
  s[threadIdx.x] = 1;
  int got = __shfl_sync(0xffffffffu, 5, 0);
  y[threadIdx.x] = s[31 - threadIdx.x] + got;
}
extern "C" __global__ void volatile_flag(int* y, volatile int* flag) {
  if (blockIdx.x == 0) { y[0] = 42; __threadfence(); *flag = 1; }
  else { while (!*flag) __nanosleep(10); __threadfence(); y[1] = y[0]; }
}
extern "C" __global__ void unfenced_flag(int* y, volatile int* flag) {
  if (blockIdx.x == 0) { y[0] = 42; *flag = 1; }
  else { while (!*flag) __nanosleep(10); __threadfence(); y[1] = y[0]; }
}
extern "C" __global__ void poison(float* y) {
  SQ_DYN_SHARED(float, s);
  __shared__ float t[32];
  y[threadIdx.x] = s[threadIdx.x];
  y[32 + threadIdx.x] = t[threadIdx.x];
}
extern "C" __global__ void scaled(float* y) { y[threadIdx.x] = scale[threadIdx.x % 2]; }
struct Pair { float a; int b; };
extern "C" __global__ void kinds(float* a, double b, short c, Pair d, const void* e) {}
"""
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
    ("divergent", 1, 64, False, False, r"divergent barriers: .*kernel.cu:[46], .*kernel.cu:[46]"),
    (
        "early_exit",
        1,
        64,
        False,
        False,
        r"__syncthreads at kernel.cu:10, but 1 threads have exited",
    ),
    ("not_in_mask", 1, 32, False, False, r"__shfl_sync at line 12: calling lane 16 is not in mask"),
    ("source_not_in_mask", 1, 32, False, False, r"line 14: reads lane 20 outside mask 0000ffff"),
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
        r"write of 4 bytes out of bounds at kernel.cu:34.*byte -4",
    ),
    ("shared_overrun", 1, 4, False, True, r"kernel.cu:37: outside dynamic shared.*16 bytes"),
    ("far_off", 1, 1, False, False, r"invalid memory access.*shadow=True"),
    ("far_off", 1, 1, False, True, r"out of bounds at kernel.cu:39"),
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
        ("overflows", (1, 0), r"kernel.cu:40: signed addition overflows"),
        ("shifts", (0, 32), r"kernel.cu:41: shift by"),
        ("divides", (0, 0), r"kernel.cu:42: integer division by zero"),
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
    with emulation(shadow=True), pytest.raises(EmulatorError, match="race .*dynamic shared"):
        module.kernel("shuffled_order")((1,), (32,), (y(*[0] * 32),), shared_bytes=128)


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
    launch = dict(shared_bytes=128, cooperative=cooperative)
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
