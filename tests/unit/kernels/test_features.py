"""Spectrograms and filter banks against their definitions, and what bad input is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seqbench.interfaces import DtypeError, RangeError, ShapeError, UnknownNameError
from seqbench.kernels.log_mel import LOG_MEL, LogMelInputs, LogMelParams
from seqbench.kernels.mel import SCALES, mel_filter_bank
from seqbench.kernels.stft import STFT, StftInputs, StftParams, num_frames
from seqbench.kernels.windows import make_window
from seqbench.testing.reference import reference

HANN = make_window("hann_periodic", 8)


def signal_of(*values, dtype="float64"):
    return np.array(values, dtype)[:, None]


def stft_inputs(signal, **changes):
    lengths = np.full(signal.shape[1], len(signal), np.int32)
    given = {"lengths": lengths, "hop_length": 4, "fft_size": 8, "padding": "none"} | changes
    return StftInputs(signal, **given)


def stft(signal, window=HANN, **changes):
    return reference(STFT)(StftParams(window), stft_inputs(signal, **changes))


def bank(**changes):
    given = {
        "sample_rate": 16000,
        "fft_size": 512,
        "num_mels": 40,
        "scale": "htk",
        "norm": "none",
    } | changes
    return mel_filter_bank(**given)


def log_mel(signal, **changes):
    filters = changes.pop("filters", bank(sample_rate=8000, fft_size=8, num_mels=2))
    window = changes.pop("window", HANN)
    plain = stft_inputs(signal)
    given = {"lengths": plain.lengths, "hop_length": 4, "fft_size": 8, "padding": "none"} | changes
    return reference(LOG_MEL)(LogMelParams(window, filters), LogMelInputs(signal, **given))


# -- the transform -----------------------------------------------------------------------------


def test_a_frame_is_the_dft_of_its_definition():
    """Sum by sum, as the transform is written."""
    rng = np.random.default_rng(3)
    x, window = rng.normal(size=(21, 1)), rng.normal(size=5)
    power = stft(x, window, hop_length=3, fft_size=7).power
    for frame in range(6):
        for bin_ in range(4):
            total = sum(
                window[n] * x[3 * frame + n, 0] * np.exp(-2j * math.pi * n * bin_ / 7)
                for n in range(5)
            )
            assert power[frame, 0, bin_] == pytest.approx(abs(total) ** 2, rel=1e-12, abs=1e-15)


def test_time_is_the_first_axis():
    """A tone that starts late: its frames are late, its bin is the same."""
    n = np.arange(256)
    tone = np.where(n >= 128, np.cos(2 * math.pi * n / 4), 0.0)[:, None]  # bin 2 of 8
    power = stft(tone, hop_length=8).power[:, 0]
    assert power.shape == (32, 5)
    assert (power[:16] == 0).all()
    assert (power[16:].argmax(axis=1) == 2).all()


def test_parseval():
    """The power over all bins of the two-sided spectrum is P times the energy of the frame."""
    x = np.random.default_rng(0).normal(size=(8, 1))
    power = stft(x).power[0, 0]
    two_sided = power[0] + power[-1] + 2 * power[1:-1].sum()
    assert two_sided == pytest.approx(8 * ((HANN * x[:, 0]) ** 2).sum())


@pytest.mark.parametrize(("padding", "frames"), [("none", 3), ("zero", 5), ("reflect", 5)])
def test_frames_by_padding(padding, frames):
    found = stft(np.ones((17, 1)), padding=padding)
    assert found.power.shape == (frames, 1, 5)
    assert found.lengths.tolist() == [frames] == [num_frames(17, 8, 4, padding)]


def test_padding_by_hand():
    x = np.arange(1.0, 11.0)[:, None]
    flat = np.ones(4)
    zero = stft(x, flat, hop_length=5, fft_size=4, padding="zero").power[:, 0, 0]
    assert zero.tolist() == [(1 + 2) ** 2, (4 + 5 + 6 + 7) ** 2, (9 + 10) ** 2]
    mirrored = stft(x, flat, hop_length=5, fft_size=4, padding="reflect").power[:, 0, 0]
    assert mirrored.tolist() == [(3 + 2 + 1 + 2) ** 2, 22**2, (9 + 10 + 9 + 8) ** 2]


def test_a_sequence_is_padded_at_its_own_end():
    x = np.random.default_rng(0).normal(size=(40, 2))
    both = stft(x, lengths=np.array([40, 22], np.int32), padding="reflect")
    alone = stft(x[:22, 1:], padding="reflect")
    assert both.lengths.tolist() == [11, 6]
    np.testing.assert_array_equal(both.power[:6, 1], alone.power[:, 0])
    assert (both.power[6:, 1] == 0).all()


def test_an_empty_batch_and_an_empty_sequence():
    assert stft(np.zeros((20, 0))).power.shape == (4, 0, 5)
    found = stft(np.ones((20, 2)), lengths=np.array([0, 20], np.int32), padding="reflect")
    assert found.lengths.tolist() == [0, 6]
    assert (found.power[:, 0] == 0).all()


def test_windows_by_hand():
    np.testing.assert_allclose(make_window("hann_periodic", 4), [0, 0.5, 1, 0.5], atol=1e-16)
    np.testing.assert_allclose(make_window("hamming_periodic", 4), [0.08, 0.54, 1, 0.54])
    hops = make_window("hann_periodic", 64).reshape(4, 16)
    np.testing.assert_allclose(hops.sum(axis=0), 2.0)  # copies at a quarter add up


# -- the filter bank ---------------------------------------------------------------------------


@pytest.mark.parametrize("scale", SCALES)
def test_scales_are_inverses(scale):
    to_mel, to_hz = SCALES[scale]
    hz = np.linspace(0, 11025, 500)
    np.testing.assert_allclose(to_hz(to_mel(hz)), hz, atol=1e-9)
    assert (np.diff(to_mel(hz)) > 0).all()


def test_published_points_of_the_scales():
    """HTK: 1000 Hz is 1000 mel within rounding. Slaney: 1 kHz is 15 mel, 6.4 kHz 27 more."""
    assert SCALES["htk"][0](1000.0) == pytest.approx(1000, abs=0.02)
    slaney = SCALES["slaney"][0]
    assert slaney(200.0) == pytest.approx(3)
    assert slaney(1000.0) == pytest.approx(15)
    assert slaney(6400.0) == pytest.approx(42)


def triangle(hz, left, peak, right):
    """A filter as it is drawn, by cases."""
    if left <= hz <= peak:
        return (hz - left) / (peak - left)
    if peak < hz <= right:
        return (right - hz) / (right - peak)
    return 0.0


@pytest.mark.parametrize("scale", SCALES)
def test_filters_are_triangles_on_the_mel_scale(scale):
    found = bank(scale=scale, num_mels=20, f_min=50.0, f_max=7000.0)
    to_mel, to_hz = SCALES[scale]
    low, high = float(to_mel(50.0)), float(to_mel(7000.0))
    corners = [float(to_hz(low + (high - low) * m / 21)) for m in range(22)]
    expected = [
        [triangle(k * 16000 / 512, *corners[m : m + 3]) for m in range(20)] for k in range(257)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_neighbours_add_up_to_one():
    """Between the first and the last peak, a bin is shared by two triangles of height 1."""
    found = bank()
    inside = slice(found[:, 0].argmax() + 1, found[:, -1].argmax())
    np.testing.assert_allclose(found[inside].sum(axis=1), 1.0)


def test_slaney_norm_is_area_one():
    """The integral over Hertz, by a fine grid of bins."""
    found = bank(fft_size=1 << 16, norm="slaney", scale="slaney")
    np.testing.assert_allclose(found.sum(axis=0) * 16000 / (1 << 16), 1.0, rtol=1e-4)


# -- logarithms --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "log"),
    [("e", np.log), ("2", np.log2), ("10", np.log10), ("decibel", lambda p: 10 * np.log10(p))],
)
def test_log_bases(base, log):
    x = np.random.default_rng(1).normal(size=(20, 1))
    filters = bank(sample_rate=8000, fft_size=8, num_mels=2)
    mels = stft(x).power @ filters
    found = log_mel(x, log_base=base, floor=1e-3).features
    np.testing.assert_allclose(found, log(np.maximum(mels, 1e-3)), rtol=1e-12)


def test_silence_is_the_floor():
    found = log_mel(np.zeros((20, 1)), floor=1e-6, log_base="10").features
    np.testing.assert_allclose(found, -6.0)


# -- bad input ---------------------------------------------------------------------------------

ONES = np.ones((20, 1))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"hop_length": 0}, RangeError, r"stft: hop_length is 0 samples, expected at least 1"),
        (
            {"fft_size": 7},
            RangeError,
            r"stft: fft_size is 7, expected at least the window's 8 samples; raise it",
        ),
        ({"padding": "mirror"}, UnknownNameError, r"no padding named 'mirror'"),
        (
            {"signal": np.ones((7, 1))},
            RangeError,
            r"longest signal has 7 samples, expected at least the window's 8; shorten .*'zero'",
        ),
        (
            {"signal": np.ones((4, 1)), "padding": "reflect"},
            RangeError,
            r"a signal has 4 samples, expected at least 5 to mirror half a window of 8",
        ),
        (
            {"signal": signal_of(*[0.0] * 9, math.nan)},
            RangeError,
            r"stft: a sample is nan, expected finite numbers; mend the recording",
        ),
        ({"signal": signal_of(*[0.0] * 9, -math.inf)}, RangeError, r"a sample is -inf"),
        (
            {"signal": np.ones((20, 1), np.int16)},
            DtypeError,
            r"stft: signal is int16, expected a floating dtype; divide 16-bit samples by 32768",
        ),
        ({"signal": np.ones((20, 1), "float32")}, DtypeError, r"window is float64, expected fl"),
        ({"signal": np.ones(20)}, ShapeError, r"signal has shape \(20,\), expected \(N, B\)"),
        (
            {"lengths": np.array([21], np.int32)},
            RangeError,
            r"stft: a length is 21, expected 0 to T = 20",
        ),
        ({"lengths": np.array([20])}, DtypeError, r"lengths are int64, expected int32"),
        ({"window": np.ones((2, 4))}, ShapeError, r"window has shape \(2, 4\), expected \(W,\)"),
    ],
)
def test_bad_input_is_told(changes, error, message):
    signal, window = changes.pop("signal", ONES), changes.pop("window", HANN)
    lengths = np.full(signal.shape[-1], len(signal), np.int32)
    given = {"lengths": lengths, "hop_length": 4, "fft_size": 8, "padding": "none"} | changes
    with pytest.raises(error, match=message):
        STFT.validate(StftParams(window), StftInputs(signal, **given))


def test_padding_may_hold_anything():
    x = signal_of(*[1.0] * 10, math.nan, math.inf)
    STFT.validate(StftParams(HANN), stft_inputs(x, lengths=np.array([10], np.int32)))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"floor": 0.0}, RangeError, r"log_mel: floor is 0.0, expected above 0: silence has no"),
        ({"log_base": "3"}, UnknownNameError, r"no log base named '3'"),
        ({"filters": np.ones((4, 2))}, ShapeError, r"filters is \(4, 2\), expected \(5, 2\)"),
        ({"filters": np.ones((5, 2), "float32")}, DtypeError, r"filters are float32, expected fl"),
        ({"filters": np.eye(5, 2) * [1, 0]}, RangeError, r"log_mel: 1 of 2 filters are empty"),
        ({"hop_length": 0}, RangeError, r"log_mel: hop_length is 0"),
    ],
)
def test_bad_mel_input_is_told(changes, error, message):
    with pytest.raises(error, match=message):
        log_mel(ONES, **changes)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"f_max": 8001.0}, RangeError, r"f_max is 8001 Hz, expected at most 8000, half the sam"),
        ({"f_min": 9000.0}, RangeError, r"f_min is 9000 Hz, expected 0 up to below f_max = 8000"),
        (
            {"num_mels": 200},
            RangeError,
            r"filter 0 around \d+ Hz holds no bin of the FFT \(\d+ of 200 are empty\).*lower num_m",
        ),
        ({"num_mels": 0}, RangeError, r"num_mels is 0, expected at least 1"),
        ({"scale": "bark"}, UnknownNameError, r"no mel scale named 'bark'"),
        ({"norm": "area"}, UnknownNameError, r"no mel normalisation named 'area'"),
    ],
)
def test_a_bad_filter_bank_is_told(changes, error, message):
    with pytest.raises(error, match=message):
        bank(**changes)


@pytest.mark.parametrize(
    ("name", "length", "error", "message"),
    [
        (
            "hann",
            8,
            UnknownNameError,
            r"no window named 'hann'; installed: hamming_periodic, hann_periodic",
        ),
        ("hann_periodic", 0, RangeError, r"window: its length is 0 samples, expected at least 1"),
    ],
)
def test_a_bad_window_is_told(name, length, error, message):
    with pytest.raises(error, match=message):
        make_window(name, length)
