"""Spectrograms against torch as a user would call it: 10 s at 16 kHz, float32, one thread.

Windows of 25 ms in an FFT of 512, every 10 ms; 80 mels. Targets are for the two together, with a
window that fills the FFT beside them.
"""

from __future__ import annotations

import numpy as np
import pytest
from ratio_table import RatioRow
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.features import LogMel, Stft

from seqbench.kernels.log_mel import LOG_MEL, LogMelInputs, LogMelParams
from seqbench.kernels.mel import mel_filter_bank
from seqbench.kernels.stft import STFT, StftInputs, StftParams
from seqbench.kernels.windows import make_window

pytestmark = pytest.mark.peer("torch")

RATE, HOP, FFT = 16_000, 160, 512
LENGTH = np.array([10 * RATE], np.int32)
AT_MOST = {"stft": 0.55, "log_mel": 0.40}


@pytest.fixture
def torch(peer):
    library = peer("torch")
    before = library.get_num_threads()
    library.set_num_threads(1)
    yield library
    library.set_num_threads(before)


def calls(name, size, torch):
    """What is timed: ours on a plan, and torch's functions with everything made beforehand."""
    signal = np.random.default_rng(0).normal(size=(10 * RATE, 1)).astype("float32")
    window = make_window("hann_periodic", size, "float32")
    filters = mel_filter_bank(
        sample_rate=RATE, fft_size=FFT, num_mels=80, scale="slaney", norm="slaney", dtype="float32"
    )
    theirs, taps, bank = (torch.from_numpy(a) for a in (signal[:, 0].copy(), window, filters))

    def power():
        spectrum = torch.stft(theirs, FFT, HOP, size, window=taps, return_complex=True)
        return spectrum.abs().square()

    def mels():
        return (power().T @ bank).clamp(min=1e-10).log()

    if name == "stft":
        impl, params = Stft(STFT, NumpyBackend()), StftParams(window)
        inputs = StftInputs(signal, LENGTH, HOP, FFT)
    else:
        impl, params = LogMel(LOG_MEL, NumpyBackend()), LogMelParams(window, filters)
        inputs = LogMelInputs(signal, LENGTH, HOP, FFT)
    plan = impl.plan(impl.contract.dims(params, inputs))
    plan.load(params)
    return impl.impl_id, lambda: plan.forward(inputs), power if name == "stft" else mels


@pytest.mark.parametrize("size", [400, 512])
@pytest.mark.parametrize("name", AT_MOST)
def test_features(name, size, in_pairs, ratio_table, torch, benchmark):
    impl_id, ours, peer = calls(name, size, torch)
    ours_s, peer_s = in_pairs(ours, peer)
    row = RatioRow(
        group=f"feature/{name}",
        size=f"10 s W{size} P{FFT}",
        ours=impl_id,
        peer="torch.stft",
        ours_s=ours_s,
        peer_s=peer_s,
    )
    ratio_table.rows.append(row)
    ratio_table.at_most[row.group] = AT_MOST[name]
    ratio_table.notes["torch"] = torch.__version__
    benchmark.extra_info["ratio"] = row.ratio
