"""Changes to the spectrograms, the filter bank, the convolution and event matching."""

from __future__ import annotations

import numpy as np
from mutant import Mutant, conformance

STFT, LOG_MEL = "seqbench.kernels.stft", "seqbench.kernels.log_mel"
MEL, WINDOWS, CONV = "seqbench.kernels.mel", "seqbench.kernels.windows", "seqbench.kernels.conv1d"
TUNED, EVENTS = "seqbench_numpy.features", "seqbench.models.event_f1"


def filters_add_up(module) -> None:
    """Between the first and the last peak, neighbours of height 1 add up to 1."""
    bank = module.mel_filter_bank(
        sample_rate=16000, fft_size=512, num_mels=40, scale="htk", norm="none"
    )
    inside = bank[bank[:, 0].argmax() + 1 : bank[:, -1].argmax()]
    np.testing.assert_allclose(inside.sum(axis=1), 1.0)


def filters_have_area_one(module) -> None:
    bank = module.mel_filter_bank(
        sample_rate=16000, fft_size=1 << 15, num_mels=40, scale="slaney", norm="slaney"
    )
    np.testing.assert_allclose(bank.sum(axis=0) * 16000 / (1 << 15), 1.0, rtol=1e-3)


def slaney_breaks_at_15(module) -> None:
    np.testing.assert_allclose(module.hz_to_mel_slaney([500.0, 6400.0]), [7.5, 42.0])


def hann_adds_up(module) -> None:
    window = module.make_window("hann_periodic", 64).reshape(2, 32)
    np.testing.assert_allclose(window.sum(axis=0), 1.0)


def matches(detections, references, tolerance, expected):
    def check(module) -> None:
        assert module.num_matches(detections, references, tolerance) == expected

    return check


def one_run(module) -> None:
    assert module.detect(np.ones(5), threshold=1.0, min_gap=0) == [0]


MUTANTS = [
    Mutant(STFT, "- start  # (T, 1, W)", "- start + 1  # (T, 1, W)", conformance("feature/stft")),
    Mutant(
        STFT,
        "last - xp.abs(last - xp.abs(place))",
        "last + 1 - xp.abs(last + 1 - xp.abs(place))",
        conformance("feature/stft"),
    ),
    Mutant(STFT, "spectrum.imag**2", "0 * spectrum.imag", conformance("feature/stft")),
    Mutant(
        STFT, "inside = (place >= 0) & (place <= last) &", "inside = ", conformance("feature/stft")
    ),
    Mutant(STFT, "1 + lengths // hop, 0)", "lengths // hop, 0)", conformance("feature/stft")),
    Mutant(
        LOG_MEL,
        "xp.where(steps < lengths[None, :, None], features, 0)",
        "features",
        conformance("feature/log_mel"),
    ),
    Mutant(
        LOG_MEL, "xp.maximum(mels, inputs.floor)", "mels + 1e-2", conformance("feature/log_mel")
    ),
    Mutant(
        MEL, "(right - bins) / (right - peak)", "(right - bins) / (peak - left)", filters_add_up
    ),
    Mutant(MEL, "2 / (right - left)", "1 / (right - left)", filters_have_area_one),
    Mutant(MEL, "math.log(6.4) / 27", "math.log(6.4) / 26", slaney_breaks_at_15),
    Mutant(WINDOWS, "np.arange(length) / length", "np.arange(length) / (length - 1)", hann_adds_up),
    Mutant(
        TUNED,
        "padded[before + 1 : 2 * before + 1][::-1]",
        "padded[before : 2 * before][::-1]",
        conformance("feature/stft", "numpy.stft"),
    ),
    Mutant(
        TUNED, "out[count:, column] = 0", "pass", conformance("feature/log_mel", "numpy.log_mel")
    ),
    Mutant(
        CONV,
        "shift = tap - (inputs.kernel_size - 1) // 2",
        "shift = tap",
        conformance("feature/conv1d"),
    ),
    Mutant(CONV, "d_x[source] +=", "d_x[source] =", conformance("feature/conv1d")),
    Mutant(
        CONV,
        "d_y = xp.where(step_masks(ends, steps, xp=xp), d_out.y, 0)",
        "d_y = d_out.y",
        conformance("feature/conv1d"),
    ),
    Mutant(EVENTS, "< reference - tolerance", "<= reference - tolerance", matches([5], [8], 3, 1)),
    Mutant(
        EVENTS, "found += 1\n            next_free += 1", "found += 1", matches([5], [5, 6], 3, 1)
    ),
    Mutant(EVENTS, "max(min_gap, 1)", "min_gap", one_run),
]
