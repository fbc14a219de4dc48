"""The tuned spectrograms by either way to SciPy's transform."""

from __future__ import annotations

import numpy as np
import pytest
from seqbench_numpy import features
from seqbench_numpy.backend import NumpyBackend

from seqbench.kernels.stft import STFT, StftInputs, StftParams
from seqbench.kernels.windows import make_window
from seqbench.testing import reference


@pytest.mark.parametrize("frames", [1, features.CHUNK, features.CHUNK + 1])
def test_the_public_transform_gives_the_same(monkeypatch, frames):
    signal = np.random.default_rng(0).normal(size=(16 * (frames - 1), 1))
    inputs = StftInputs(signal, np.array([len(signal)], np.int32), 16, 64)
    params = StftParams(make_window("hann_periodic", 40, "float64"))
    impl = features.Stft(STFT, NumpyBackend())
    below = impl(params, inputs).power.copy()
    monkeypatch.setattr(features, "r2c", None)
    np.testing.assert_array_equal(impl(params, inputs).power, below)
    np.testing.assert_allclose(below, reference(STFT)(params, inputs).power, rtol=1e-9, atol=1e-12)
