"""sq_half.cuh's plain bodies against NumPy's float16 and ml_dtypes' bfloat16, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from emulator import EmulatedModule

CUDA = Path(__file__).parents[2] / "plugins" / "seqbench_cupy" / "cuda"
SOURCE = (
    (CUDA / "sq_half.cuh").read_text().replace("#pragma once", "")
    + """
template <typename T>
__global__ void widen(const T* x, float* y, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    y[i] = float(x[i]);
}
template <typename T>
__global__ void narrow(const float* x, T* y, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    y[i] = T(x[i]);
}
template <typename T>
__global__ void one(T x, T* y) { y[0] = x; }
"""
)
TYPES = ["sq_half", "sq_bfloat16"]


@pytest.fixture(scope="module")
def module() -> EmulatedModule:
    return EmulatedModule(SOURCE, [f"{k}<{t}>" for k in ("widen", "narrow", "one") for t in TYPES])


@pytest.fixture(params=TYPES)
def dtype(request, peer) -> tuple[str, np.dtype]:
    if request.param == "sq_half":
        return request.param, np.dtype(np.float16)
    return request.param, np.dtype(peer("ml_dtypes").bfloat16)


def same(found: np.ndarray, expected: np.ndarray) -> None:
    """The same bits, where no NaN; NaN where NaN."""
    nan = np.isnan(expected.astype(np.float32))
    assert np.isnan(found.astype(np.float32))[nan].all()
    word = {2: np.uint16, 4: np.uint32}[found.itemsize]
    np.testing.assert_array_equal(found.view(word)[~nan], expected.view(word)[~nan])


def test_every_value_widens(module, dtype):
    name, kind = dtype
    x = np.arange(65536, dtype=np.uint16).view(kind)
    y = np.zeros(65536, np.float32)
    module.kernel(f"widen<{name}>")((8,), (64,), (x, y, np.int32(x.size)))
    same(y, x.astype(np.float32))


def hard_values(kind: np.dtype) -> np.ndarray:
    """Each 16-bit value, the midpoints between neighbours, and floats just beside both."""
    values = np.arange(65536, dtype=np.uint16).view(kind).astype(np.float32)
    words = values.view(np.uint32)
    half = np.uint32(1 << (12 if kind == np.float16 else 15))
    near = [words + np.uint32(step) for step in (0, 1, half - 1, half, half + 1)]
    near.append(words - np.uint32(1))
    random = np.random.default_rng(0).integers(0, 2**32, 200_000, dtype=np.uint32)
    subnormal = np.ldexp(np.arange(-4100, 4100, dtype=np.float64), -26).astype(np.float32)
    return np.concatenate([*near, random, subnormal.view(np.uint32)]).view(np.float32)


def test_rounding_to_nearest_even(module, dtype):
    name, kind = dtype
    x = hard_values(kind)
    y = np.zeros(x.size, kind)
    module.kernel(f"narrow<{name}>")((8,), (64,), (x, y, np.int32(x.size)))
    with np.errstate(over="ignore", invalid="ignore"):
        same(y, x.astype(kind))


def test_a_16_bit_scalar_by_value(module, dtype):
    name, kind = dtype
    y = np.zeros(1, kind)
    module.kernel(f"one<{name}>")((1,), (1,), (kind.type(1.5), y))
    assert y[0] == kind.type(1.5)
