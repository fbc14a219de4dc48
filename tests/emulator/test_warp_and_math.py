"""Warp operations, vector types, atomics and intrinsics against NumPy or plain arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from emulator import ORDERS, EmulatedModule, emulation

SOURCE = r"""
extern "C" __global__ void warp(const int* x, int* y) {
  const int i = threadIdx.x, v = x[i], n = blockDim.x;
  const unsigned all = 0xffffffffu;
  y[0 * n + i] = __shfl_sync(all, v, 5);
  y[1 * n + i] = __shfl_up_sync(all, v, 3);
  y[2 * n + i] = __shfl_down_sync(all, v, 3, 8);
  y[3 * n + i] = __shfl_xor_sync(all, v, 9, 16);
  y[4 * n + i] = __ballot_sync(all, v % 2);
  y[5 * n + i] = __any_sync(all, v == 7) + 2 * __all_sync(all, v >= 0);
  y[6 * n + i] = __match_any_sync(all, v % 3);
  y[7 * n + i] = __reduce_add_sync(all, v);
  y[8 * n + i] = __reduce_max_sync(all, -v);
  int same;
  y[9 * n + i] = __match_all_sync(all, v / 1000, &same) + same;
}
extern "C" __global__ void half_warps(int* y) {  // two groups of one warp, at different calls
  if (threadIdx.x < 16) y[threadIdx.x] = __reduce_add_sync(0x0000ffffu, threadIdx.x);
  else y[threadIdx.x] = __shfl_sync(0xffff0000u, int(threadIdx.x), 20);
}
extern "C" __global__ void short_warp(int* y) {
  y[threadIdx.x] = __reduce_min_sync(0xffffffffu, int(threadIdx.x) + 4);
}
extern "C" __global__ void block_votes(int* y) {
  const int i = threadIdx.x;
  y[i] = __syncthreads_count(i % 3 == 0) + 1000 * __syncthreads_or(i == 5) +
         2000 * __syncthreads_and(i < 99) + 4000 * __syncthreads_and(i < 5);
}
extern "C" __global__ void atomics(int* i, unsigned* u, float* f, double* d, unsigned long long* l,
                                   unsigned short* s) {
  const int t = threadIdx.x;
  atomicAdd(&i[0], t); atomicSub(&i[1], t); atomicMax(&i[2], t); atomicMin(&i[3], -t);
  atomicOr(&u[0], 1u << t % 32); atomicAnd(&u[1], ~(1u << t % 32)); atomicXor(&u[2], t);
  atomicInc(&u[3], 10u); atomicExch(&u[4], 9u);
  atomicAdd(f, 0.5f); atomicAdd(d, 0.25); atomicAdd(l, 1ull << 33);
  unsigned short seen = *s, expected;
  do { expected = seen; seen = atomicCAS(s, expected, (unsigned short)(expected + 1)); }
  while (seen != expected);
}
extern "C" __global__ void bits(const unsigned* x, unsigned* y, int n) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    const unsigned v = x[i];
    unsigned* o = y + 8 * i;
    o[0] = __popc(v); o[1] = __ffs(int(v)); o[2] = __clz(int(v)); o[3] = __brev(v);
    o[4] = __umulhi(v, 0x9E3779B9u); o[5] = __funnelshift_l(v, ~v, 7);
    o[6] = __mul24(int(v), 0x00ffffff); o[7] = __clzll((long long)v) + __ffsll((long long)v);
  }
}
extern "C" __global__ void convert(const float* x, int* y, int n) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    y[4 * i] = __float2int_rn(x[i]); y[4 * i + 1] = __float2int_rz(x[i]);
    y[4 * i + 2] = __float2int_rd(x[i]); y[4 * i + 3] = int(__float2uint_rn(x[i]));
  }
}
extern "C" __global__ void floats(const float* x, float* y, int n) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    float* o = y + 8 * i;
    o[0] = __expf(x[i]); o[1] = __logf(x[i]); o[2] = rsqrtf(x[i]); o[3] = __frcp_rn(x[i]);
    o[4] = __fmaf_rn(x[i], x[i], -1.f); o[5] = __fdividef(1.f, x[i]); o[6] = sinpif(x[i]);
    o[7] = cospif(x[i]);
  }
}
extern "C" __global__ void vectors(const float4* x, float4* y, int2* z) {
  const float4 v = __ldg(&x[threadIdx.x]);
  y[threadIdx.x] = make_float4(v.w, v.z, v.y, v.x);
  z[threadIdx.x] = make_int2(threadIdx.x, blockDim.x);
}
"""
NAMES = [
    line.split("void ")[1].split("(")[0] for line in SOURCE.splitlines() if "__global__" in line
]


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shadow"])
def module(request) -> EmulatedModule:
    return EmulatedModule(SOURCE, NAMES, shadow=request.param)


@pytest.mark.parametrize("order", ORDERS)
def test_warp_operations(module, order):
    x = np.random.default_rng(0).integers(0, 50, 64, dtype=np.int32)
    y = np.zeros((10, 64), np.int32)
    module.kernel("warp")((1,), (64,), (x, y), order=order)
    lane, warps = np.arange(32), x.reshape(2, 32)
    expected = np.zeros((10, 2, 32), np.int64)
    for w, v in enumerate(warps):
        ballot = int(sum(1 << i for i in lane if v[i] % 2))
        match = [int(sum(1 << i for i in lane if v[i] % 3 == v[k] % 3)) for k in lane]
        expected[:, w] = np.stack(
            [
                np.full(32, v[5]),
                v[np.where(lane >= 3, lane - 3, lane)],
                v[np.where(lane % 8 + 3 < 8, lane + 3, lane)],
                v[lane ^ 9],
                np.full(32, ballot),
                np.full(32, (7 in v) + 2),
                match,
                np.full(32, v.sum()),
                np.full(32, (-v).max()),
                np.full(32, 0xFFFFFFFF + 1),
            ]
        )
    np.testing.assert_array_equal(y.ravel(), expected.astype(np.uint32).view(np.int32).ravel())


@pytest.mark.parametrize("order", ORDERS)
def test_two_groups_of_a_warp(module, order):
    y = np.zeros(32, np.int32)
    module.kernel("half_warps")((1,), (32,), (y,), order=order)
    assert y.tolist() == [120] * 16 + [20] * 16


def test_a_last_warp_of_few_lanes(module):
    y = np.zeros(39, np.int32)
    module.kernel("short_warp")((1,), (39,), (y,))
    assert y.tolist() == [4] * 32 + [36] * 7


def test_block_votes(module):
    y = np.zeros(50, np.int32)
    module.kernel("block_votes")((1,), (50,), (y,))
    assert set(y.tolist()) == {17 + 1000 + 2000}


def test_atomics(module):
    i, u = np.zeros(4, np.int32), np.array([0, 2**32 - 1, 0, 0, 0], np.uint32)
    f, d, n = np.zeros(1, np.float32), np.zeros(1), np.zeros(1, np.uint64)
    s = np.full(1, 65530, np.uint16)
    # The 16-bit counter is read plainly before its first CAS: a race, by design of the test.
    with emulation(shadow=False):
        module.kernel("atomics")((1,), (64,), (i, u, f, d, n, s))
    assert i.tolist() == [2016, -2016, 63, -63]
    assert u.tolist() == [2**32 - 1, 0, 0, 64 % 11, 9]
    assert (f[0], d[0], n[0], s[0]) == (32, 16, 64 << 33, (65530 + 64) % 65536)


def test_bits(module):
    x = np.array([0, 1, 0x80000000, 0xFFFFFFFF, 0x12345678], np.uint32)
    y = np.zeros((x.size, 8), np.uint32)
    module.kernel("bits")((1,), (32,), (x, y, np.int32(x.size)))
    for v, row in zip(x.tolist(), y.tolist(), strict=True):
        low24 = (v & 0xFFFFFF) - (1 << 24 if v & 0x800000 else 0)
        first = (v & -v).bit_length()
        assert row == [
            v.bit_count(),
            first,
            32 - v.bit_length(),
            int(f"{v:032b}"[::-1], 2),
            v * 0x9E3779B9 >> 32,
            (((v ^ 0xFFFFFFFF) << 32 | v) << 7 >> 32) & 0xFFFFFFFF,
            -low24 & 0xFFFFFFFF,
            64 - v.bit_length() + first,
        ]


def test_conversions_saturate(module):
    x = np.array([2.5, 3.5, -2.5, 1e30, -1e30, np.nan, np.inf], np.float32)
    y = np.zeros((x.size, 4), np.int32)
    module.kernel("convert")((1,), (32,), (x, y, np.int32(x.size)))
    low, high = -(2**31), 2**31 - 1
    assert y.tolist() == [
        [2, 2, 2, 2],
        [4, 3, 3, 4],
        [-2, -2, -3, 0],
        [high, high, high, -1],
        [low, low, low, 0],
        [0, 0, 0, 0],
        [high, high, high, -1],
    ]


def test_floats(module):
    x = np.array([0.25, 0.5, 1, 1.5, 2, 7.75], np.float32)
    y = np.zeros((x.size, 8), np.float32)
    module.kernel("floats")((1,), (32,), (x, y, np.int32(x.size)))
    v = x.astype(float)
    expected = [np.exp(v), np.log(v), v**-0.5, 1 / v, v * v - 1, 1 / v]
    expected += [np.sin(np.pi * v), np.cos(np.pi * v)]
    np.testing.assert_allclose(y, np.stack(expected, 1), rtol=3e-7, atol=1e-15)
    assert (y[1, 7], y[2, 6], y[4, 6]) == (0, 0, 0)


def test_vector_types(module):
    memory = np.arange(68, dtype=np.float32)
    x = memory[(-memory.ctypes.data // 4) % 4 :][:64].reshape(16, 4)
    out = np.zeros(68, np.float32)
    y = out[(-out.ctypes.data // 4) % 4 :][:64].reshape(16, 4)
    z = np.zeros((16, 2), np.int32)
    module.kernel("vectors")((1,), (16,), (x, y, z))
    np.testing.assert_array_equal(y, x[:, ::-1])
    np.testing.assert_array_equal(z, np.stack([np.arange(16), np.full(16, 16)], 1))
