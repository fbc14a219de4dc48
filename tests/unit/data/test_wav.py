"""WAV files: what is written is read, what other programs write too, and bad files are told."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from scipy.io import wavfile

from seqbench.data.wav import read_wav, write_wav
from seqbench.interfaces import DataError, RangeError, ShapeError, UsageError

RAMP = np.linspace(-1, 0.99, 50)


def header_and_data(path, channels=1, width=2, frames=b"\0\0" * 8):
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(width)
        wav.setframerate(8000)
        wav.writeframes(frames)
    return path


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_what_is_written_is_read(tmp_path, bits):
    path = tmp_path / "ramp.wav"
    write_wav(path, RAMP, 8000, bits=bits)
    samples, rate = read_wav(path)
    assert rate == 8000
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, RAMP, atol=max(0.5 / 2 ** (bits - 1), 6e-8) * 1.001)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_extremes_keep_their_sign(tmp_path, bits):
    path = tmp_path / "ends.wav"
    write_wav(path, np.array([-1.0, 0.0, 1.0]), 16000, bits=bits)
    top = 2 ** (bits - 1)
    np.testing.assert_allclose(read_wav(path)[0], [-1, 0, (top - 1) / top], atol=1e-7)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32"])
def test_scipys_files(tmp_path, dtype):
    """Another writer; 8 bits are unsigned."""
    path = tmp_path / "theirs.wav"
    zero, top = (128, 128) if dtype == "uint8" else (0, 2 ** (np.dtype(dtype).itemsize * 8 - 1))
    values = np.array([zero - top, zero, zero + top - 1], dtype)
    wavfile.write(path, 8000, values)
    np.testing.assert_allclose(read_wav(path)[0], [-1, 0, (top - 1) / top], atol=1e-7)


def test_24_bits_by_hand(tmp_path):
    frames = (1).to_bytes(3, "little") + (-2).to_bytes(3, "little", signed=True)
    path = header_and_data(tmp_path / "a.wav", width=3, frames=frames)
    np.testing.assert_array_equal(read_wav(path)[0], np.array([1, -2], np.float32) / 2**23)


def test_stereo_is_refused_or_mixed(tmp_path):
    frames = np.array([[16384, 0], [-16384, 16384]], "<i2").tobytes()
    path = header_and_data(tmp_path / "two.wav", channels=2, frames=frames)
    with pytest.raises(DataError, match=r"has 2 channels, expected one; mix them with channels='"):
        read_wav(path)
    np.testing.assert_array_equal(read_wav(path, channels="mix")[0], [0.25, 0])


def test_a_truncated_file(tmp_path):
    path = header_and_data(tmp_path / "cut.wav")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=r"cut short: its header tells 8 samples a channel, 5 are"):
        read_wav(path)


def test_a_file_without_samples(tmp_path):
    path = header_and_data(tmp_path / "none.wav", frames=b"")
    with pytest.raises(DataError, match=r"holds no samples, expected at least one; leave it out"):
        read_wav(path)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a wave file at all, but long enough" * 3])
def test_no_wav_file(tmp_path, content):
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.wav cannot be read: .*, expected integer PCM"):
        read_wav(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"none\.wav cannot be read: .*No such file"):
        read_wav(tmp_path / "none.wav")


def test_floating_samples_are_no_pcm(tmp_path):
    path = tmp_path / "float.wav"
    wavfile.write(path, 8000, np.zeros(9, np.float32))
    with pytest.raises(DataError, match=r"unknown format: 3, expected integer PCM"):
        read_wav(path)


def test_another_rule_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"channels is 'left', expected one of"):
        read_wav(tmp_path / "a.wav", channels="left")


@pytest.mark.parametrize(
    ("samples", "bits", "error", "message"),
    [
        (np.zeros((4, 2)), 16, ShapeError, r"samples are \(4, 2\), expected \(n,\)"),
        (np.array([1.5]), 16, RangeError, r"a sample is 1.5 in size, expected at most 1"),
        (np.array([np.nan]), 16, RangeError, r"a sample is nan in size"),
        (np.zeros(4), 12, UsageError, r"bits is 12, expected one of"),
    ],
)
def test_what_cannot_be_written(samples, bits, error, message):
    with pytest.raises(error, match=message):
        write_wav(io.BytesIO(), samples, 8000, bits=bits)
