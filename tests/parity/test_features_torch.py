"""Spectrograms and the convolution over time against torch, as a user would call it."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from seqbench_numpy.backend import NumpyBackend  # noqa: E402 (torch first)
from seqbench_numpy.features import LogMel, Stft  # noqa: E402

from seqbench.kernels.conv1d import (  # noqa: E402
    CONV1D,
    Conv1dInputs,
    Conv1dOutputs,
    Conv1dParams,
)
from seqbench.kernels.log_mel import LOG_MEL, LogMelInputs, LogMelParams  # noqa: E402
from seqbench.kernels.mel import mel_filter_bank  # noqa: E402
from seqbench.kernels.stft import STFT, StftInputs, StftParams  # noqa: E402
from seqbench.kernels.windows import make_window  # noqa: E402
from seqbench.testing.comparing import relative_error  # noqa: E402
from seqbench.testing.reference import reference  # noqa: E402

pytestmark = pytest.mark.peer("torch")

TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)
sides = pytest.mark.parametrize("side", ["shared", "tuned"])


def implementation(contract, side):
    tuned = {"stft": Stft, "log_mel": LogMel}[contract.name]
    return reference(contract) if side == "shared" else tuned(contract, NumpyBackend())


def signal(dtype, samples=16000, batch=3):
    return np.random.default_rng(0).normal(size=(samples, batch)).astype(dtype)


def torch_power(x, window, fft_size, hop, padding):
    mode = {"zero": "constant", "reflect": "reflect", "none": "reflect"}[padding]
    spectrum = torch.stft(
        torch.from_numpy(np.ascontiguousarray(x.T)),
        fft_size,
        hop,
        len(window),
        window=window,
        center=padding != "none",
        pad_mode=mode,
        return_complex=True,
    )
    return (spectrum.abs() ** 2).permute(2, 0, 1).numpy()


@dtypes
@sides
@pytest.mark.parametrize(
    ("size", "fft_size", "padding"),
    [(400, 512, "reflect"), (400, 512, "zero"), (512, 512, "none"), (400, 400, "reflect")],
)
def test_stft(dtype, side, size, fft_size, padding):
    """torch.stft with its own windows, which are periodic too."""
    x = signal(dtype)
    window = torch.hann_window(size, dtype=getattr(torch, dtype))
    lengths = np.full(3, len(x), np.int32)
    inputs = StftInputs(x, lengths, 160, fft_size, padding)
    ours = implementation(STFT, side)(StftParams(make_window("hann_periodic", size, dtype)), inputs)
    expected = torch_power(x, window, fft_size, 160, padding)
    assert relative_error(ours.power, expected) < TOLERANCE[dtype]


@pytest.mark.parametrize("name", ["hann", "hamming"])
def test_windows(name):
    theirs = getattr(torch, f"{name}_window")(401, dtype=torch.float64).numpy()
    np.testing.assert_allclose(make_window(f"{name}_periodic", 401), theirs, atol=1e-12)


@dtypes
@sides
def test_log_mel(dtype, side):
    x = signal(dtype)
    filters = mel_filter_bank(
        sample_rate=16000, fft_size=512, num_mels=80, scale="slaney", norm="slaney", dtype=dtype
    )
    lengths = np.full(3, len(x), np.int32)
    inputs = LogMelInputs(x, lengths, 160, 512, log_base="10")
    params = LogMelParams(make_window("hann_periodic", 400, dtype), filters)
    ours = implementation(LOG_MEL, side)(params, inputs)
    window = torch.hann_window(400, dtype=getattr(torch, dtype))
    power = torch.from_numpy(torch_power(x, window, 512, 160, "reflect"))
    theirs = (power @ torch.from_numpy(filters)).clamp(min=1e-10).log10().numpy()
    assert relative_error(ours.features, theirs) < TOLERANCE[dtype]


@pytest.mark.parametrize(("taps", "stride"), [(3, 1), (5, 2), (5, 3)])
def test_conv1d(taps, stride):
    """Odd kernels: torch pads both sides alike."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20, 4, 6))
    params = Conv1dParams(rng.normal(size=(7, taps * 6)), rng.normal(size=7))
    inputs = Conv1dInputs(x, np.full(4, 20, np.int32), taps, stride)
    plan = reference(CONV1D).plan(CONV1D.dims(params, inputs), "float64", grad=True)
    plan.load(params)
    ours = plan.forward(inputs)
    d_y = rng.normal(size=ours.y.shape)
    gradients = plan.backward(Conv1dOutputs(d_y, None))
    leaf = torch.tensor(x, requires_grad=True)
    weight = torch.tensor(params.weight.reshape(7, taps, 6).copy(), requires_grad=True)
    bias = torch.tensor(params.bias, requires_grad=True)
    y = torch.nn.functional.conv1d(
        leaf.permute(1, 2, 0), weight.permute(0, 2, 1), bias, stride, taps // 2
    ).permute(2, 0, 1)
    y.backward(torch.tensor(d_y))
    pairs = [
        (ours.y, y.detach()),
        (gradients.inputs.x, leaf.grad),
        (gradients.params.weight, weight.grad.reshape(7, -1)),
        (gradients.params.bias, bias.grad),
    ]
    for found, expected in pairs:
        assert relative_error(found, expected.numpy()) < 1e-10
