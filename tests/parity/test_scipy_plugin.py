"""The SciPy peer: every conformance check, and ShortTimeFFT as a user would call it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hamming

from seqbench.kernels.stft import STFT, StftInputs, StftParams
from seqbench.kernels.windows import make_window
from seqbench.testing.conformance import BackendConformance
from seqbench.testing.reference import reference


class TestScipy(BackendConformance):
    backend = "scipy"
    plugins = ("seqbench_scipy",)


@pytest.mark.parametrize("size", [400, 401])
@pytest.mark.parametrize(("ours", "theirs"), [("zero", "zeros"), ("reflect", "even")])
def test_the_shared_text_is_scipys_transform(size, ours, theirs):
    """Odd windows too: frame p is centred at p * hop in both."""
    x = np.random.default_rng(2).normal(size=5000)
    window = hamming(size, sym=False)
    transform = ShortTimeFFT(window, 160, fs=8000, mfft=512)
    expected = np.abs(transform.stft(x, 0, 1 + 5000 // 160, padding=theirs)) ** 2
    inputs = StftInputs(x[:, None], np.array([5000], np.int32), 160, 512, ours)
    found = reference(STFT)(StftParams(make_window("hamming_periodic", size)), inputs)
    np.testing.assert_allclose(found.power[:, 0], expected.T, atol=1e-10 * expected.max())


def test_naming_the_backend_imports_no_scipy():
    code = "import sys; sys.modules['scipy'] = None; import seqbench_scipy"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
