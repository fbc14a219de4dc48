"""Sampling on the device: Philox to the bit, the draw of float64 whatever the sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emulated import implementation, made
from emulated_runtime import EmulatedRuntime
from emulator import EmulatedModule, emulation
from seqbench_cupy.backend import CupyBackend
from seqbench_cupy.runtime import DeviceProperties
from seqbench_cupy.sample import SEGMENT
from seqbench_cupy.sources import source_text

import seqbench
from seqbench.interfaces import RangeError, UnsupportedError
from seqbench.kernels.losses import NoParams
from seqbench.kernels.philox import philox_uint32, uniform
from seqbench.kernels.sample import SampleDims, SampleInputs
from seqbench.testing.reference import reference

IMPL = implementation("decoder/sample")
EXACT = reference(IMPL.contract)
WORDS = """
__global__ void words(unsigned int* out, double* doubles, float* floats, unsigned long long seed,
                      unsigned long long stream, unsigned long long first) {
  const SqPhilox found = sq_philox(seed, stream, first + threadIdx.x);
  for (int i = 0; i < 4; i++) out[4 * threadIdx.x + i] = found.word[i];
  for (int i = 0; i < 2; i++)
    doubles[2 * threadIdx.x + i] = sq_uniform_double(seed, stream, 2 * (first + threadIdx.x) + i);
  for (int i = 0; i < 4; i++)
    floats[4 * threadIdx.x + i] = sq_uniform_float(seed, stream, 4 * (first + threadIdx.x) + i);
}
"""


@pytest.mark.parametrize(
    ("seed", "stream", "first"),
    [(0, 0, 0), (1 << 40, 3, 17), ((1 << 64) - 1, (1 << 64) - 2, (1 << 40) + 5)],
)
def test_philox_has_the_bits_of_the_shared_text(seed, stream, first):
    module = EmulatedModule(source_text("sq_philox.cuh") + WORDS, ["words"])
    words, doubles, floats = np.zeros(256, np.uint32), np.zeros(128), np.zeros(256, np.float32)
    key = [np.uint64(n) for n in (seed, stream, first)]
    module.kernel("words")((1,), (64,), (words, doubles, floats, *key))
    at = {"seed": seed, "stream": stream, "xp": np}
    assert (words == philox_uint32(start=4 * first, count=256, **at)).all()
    assert (doubles == uniform((128,), start=2 * first, dtype="float64", **at)).all()
    assert (floats == uniform((256,), start=4 * first, dtype="float32", **at)).all()


def require_same(inputs, **changed):
    inputs = replace(inputs, **changed)
    exact = EXACT(NoParams(), replace(inputs, logits=inputs.logits.astype(np.float64)))
    found = IMPL(NoParams(), inputs)
    assert found.ids.dtype == np.int32
    assert found.ids.tolist() == exact.ids.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("V", [1, 2, 31, 33, SEGMENT, SEGMENT + 1, 1000, 5000])
def test_any_vocabulary(V, dtype):
    rng = np.random.default_rng(V)
    inputs = SampleInputs((3 * rng.normal(size=(40, V))).astype(dtype), seed=V)
    require_same(inputs)
    require_same(inputs, temperature=0.0)
    require_same(inputs, temperature=0.05, stream=9)
    for top_k in {1, 2, V // 2 + 1, V}:
        if top_k <= V:
            require_same(inputs, top_k=top_k, offset=11)


@pytest.mark.parametrize("top_k", [1, 3, 40, 100, 700])
def test_ties_at_the_edge_of_top_k(top_k):
    """Whole numbers: hundreds are equal, the lowest ids stay; -0 is 0."""
    rng = np.random.default_rng(top_k)
    logits = np.round(rng.normal(size=(30, 800))).astype(np.float32)
    logits[:, ::3] *= -1
    require_same(SampleInputs(logits), top_k=top_k, temperature=4.0)


def test_what_cannot_be_drawn_is_not():
    """More asked for than has a weight, and one id alone."""
    logits = np.full((8, 600), -np.inf)
    logits[:, 599] = -300.0
    require_same(SampleInputs(logits), top_k=50)
    logits[:, 300] = 700.0
    require_same(SampleInputs(logits))


def test_the_last_number_below_one_takes_the_last_weight(monkeypatch):
    """A target that rounds up to the sum itself: 0.999... of equal weights."""
    logits = np.zeros((1, 700))
    logits[:, 650:] = -np.inf
    stream = next(
        s
        for s in range(4000)
        if uniform((1,), seed=0, stream=s, dtype="float64", xp=np)[0] > 1 - 1 / 650
    )
    require_same(SampleInputs(logits), stream=stream)
    assert IMPL(NoParams(), SampleInputs(logits, stream=stream)).ids.tolist() == [649]


def test_selection_in_any_order():
    rng = np.random.default_rng(5)
    inputs = SampleInputs(np.round(rng.normal(size=(3, 700))))
    for order in ("reverse", "random"):
        with emulation(order=order, seed=3, shadow=True):
            require_same(inputs, top_k=100)


def test_an_offset_beyond_the_stream():
    with pytest.raises(RangeError, match=r"sample: offset is 9223372036854775808, expected 0"):
        IMPL(NoParams(), SampleInputs(np.zeros((1, 3)), offset=1 << 63))


def test_a_vocabulary_beyond_the_block():
    registry = seqbench.registry()
    spec = next(iter(registry.implementations("decoder", "sample", "cupy")))
    small = CupyBackend(EmulatedRuntime(DeviceProperties(shared_bytes=4096)))
    impl = made(registry, "decoder", "sample", spec, small)
    with pytest.raises(UnsupportedError, match="V is 100000: a number a 256 ids takes 3128 bytes"):
        impl.plan(SampleDims(2, 100_000), "float32")
    assert impl.supports(SampleDims(2, 60_000), "float32") is None
