"""Spectrograms and BLEU counts on the device beyond the suite's sizes."""

from __future__ import annotations

import numpy as np
import pytest
from emulated import backend, implementation, made
from emulated_runtime import EmulatedRuntime
from seqbench_cupy.backend import CupyBackend
from seqbench_cupy.features import fft_in_warp, frames_launch, twiddle_table
from seqbench_cupy.runtime import DeviceProperties

import seqbench
from seqbench.kernels.bleu import BleuInputs, BleuParams
from seqbench.kernels.log_mel import LogMelInputs, LogMelParams
from seqbench.kernels.mel import mel_filter_bank
from seqbench.kernels.stft import StftInputs, StftParams
from seqbench.kernels.windows import make_window
from seqbench.testing.comparing import TOLERANCES, require_equal
from seqbench.testing.reference import reference
from seqbench.testing.trees import cast


def implementation_on(key, properties):
    registry = seqbench.registry()
    kind, _, name = key.partition("/")
    spec = registry.implementations(kind, name, "cupy")[0]
    return made(registry, kind, name, spec, CupyBackend(EmulatedRuntime(properties)))


def require_like_float64(impl, params, inputs, dtype):
    params, inputs = cast(params, dtype), cast(inputs, dtype)
    exact = reference(impl.contract)(cast(params, "float64"), cast(inputs, "float64"))
    require_equal("forward", impl(params, inputs), exact, TOLERANCES[dtype])


def signal(samples, batch, seed=0):
    return np.random.default_rng(seed).normal(size=(samples, batch))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("points", [4, 8, 16, 32, 64, 128, 256, 512, 1024])
def test_every_power_of_two(points, dtype):
    """Odd and even logarithms: with and without the radix-2 pass."""
    W = max(3, points - points // 3)
    inputs = StftInputs(signal(3 * points, 2), np.full(2, 3 * points, np.int32), W // 2, points)
    impl = implementation("feature/stft")
    require_like_float64(impl, StftParams(make_window("hann_periodic", W)), inputs, dtype)
    assert impl.plan(impl.contract.dims(StftParams(np.ones(W)), inputs)).notes == {"fft": "warp"}


@pytest.mark.parametrize("key", ["feature/stft", "feature/log_mel"])
@pytest.mark.parametrize(("points", "shared_bytes"), [(48, 227 * 1024), (64, 256)])
def test_the_library_serves_the_rest(key, points, shared_bytes):
    """Not a power of two, or no room for a warp's buffers; the plan says so."""
    impl = implementation_on(key, DeviceProperties(shared_bytes=shared_bytes))
    params, inputs = log_mel(points) if key == "feature/log_mel" else stft(points)
    require_like_float64(impl, params, inputs, "float32")
    plan = impl.plan(impl.contract.dims(params, inputs))
    assert plan.notes == {"fft": "library"}


def stft(points):
    lengths = np.array([200, 90, 0], np.int32)
    return StftParams(make_window("hann_periodic", 40)), StftInputs(
        signal(200, 3), lengths, 16, points, "zero"
    )


def log_mel(points):
    bank = mel_filter_bank(sample_rate=8000, fft_size=points, num_mels=4, scale="htk", norm="none")
    given = stft(points)[1]
    inputs = LogMelInputs(given.signal, given.lengths, 16, points, "zero", 1e-4, "decibel")
    return LogMelParams(make_window("hann_periodic", 40), bank), inputs


def test_filters_that_change_between_loads():
    """Their supports are found again."""
    impl = implementation("feature/log_mel")
    params, inputs = (cast(a, "float32") for a in log_mel(64))
    plan = impl.plan(impl.contract.dims(params, inputs))
    plan.load(params)
    plan.forward(inputs)
    other = LogMelParams(params.window, np.roll(params.filters, 5, axis=0))
    plan.load(other)
    exact = reference(impl.contract)(cast(other, "float64"), cast(inputs, "float64"))
    require_equal("forward", plan.forward(inputs), exact, TOLERANCES["float32"])


@pytest.mark.parametrize(
    ("points", "shared_bytes", "warps"), [(512, 227 * 1024, 8), (4096, 64 * 1024, 2), (64, 600, 1)]
)
def test_as_many_frames_as_fit(points, shared_bytes, warps):
    launch, shared = frames_launch(17, points, 4, DeviceProperties(shared_bytes=shared_bytes))
    assert launch.block == (32 * warps,)
    assert launch.grid == (-(-17 // warps),)
    assert shared == warps * 2 * points * 4


@pytest.mark.parametrize(("points", "fits"), [(2, False), (4, True), (48, False), (65536, False)])
def test_what_a_warp_transforms(points, fits):
    assert fft_in_warp(points, 4, DeviceProperties()) is fits


def test_twiddles_are_exact():
    exact = np.exp(-2j * np.pi * np.arange(8) / 8)
    table = twiddle_table(8, "float32")
    np.testing.assert_allclose(table, np.stack([exact.real, exact.imag], axis=1), atol=6e-8)


@pytest.mark.parametrize("orders", [1, 4, 7])
def test_long_sentences_and_any_order(orders):
    """More positions than threads, orders beyond a sentence's length, several references."""
    rng = np.random.default_rng(3)
    N, L, R, L2 = 5, 100, 3, 90
    inputs = BleuInputs(
        rng.integers(0, 5, (N, L)).astype(np.int32),
        np.array([100, 3, 0, 64, 65], np.int32),
        rng.integers(0, 5, (R, N, L2)).astype(np.int32),
        np.array([[90, 5, 1, 60, 70], [-1, 2, -1, 68, 60], [80, 4, 0, -1, 65]], np.int32),
        orders,
    )
    impl = implementation("metric/bleu_stats")
    exact = reference(impl.contract)(BleuParams(), inputs)
    require_equal("counts", impl(BleuParams(), inputs), exact, 0.0)


def test_nothing_is_left_in_shared_memory_between_launches():
    """Two batches on one backend: the second does not see the first."""
    impl = implementation("feature/stft")
    params, inputs = (cast(a, "float32") for a in stft(64))
    first = np.array(impl(params, inputs).power)
    impl(params, StftInputs(inputs.signal * 100, inputs.lengths, 16, 64, "zero"))
    np.testing.assert_array_equal(impl(params, inputs).power, first)
    assert impl.backend is backend()
