"""WAV files of integer PCM, mono or mixed to mono on request: the standard library's `wave`."""

from __future__ import annotations

import os
import wave
from pathlib import Path

import numpy as np

from seqbench.interfaces import DataError, RangeError, ShapeError, UsageError

CHANNELS = ("refuse", "mix")
"""What to do with more than one channel: an error, or their mean."""

WIDTHS = (8, 16, 24, 32)


def read_wav(path: str | os.PathLike[str], *, channels: str = "refuse") -> tuple[np.ndarray, int]:
    """(samples, sample_rate): float32 (n,) in [-1, 1), and Hertz.

    8-bit files are unsigned, wider ones signed, as the format has it.

    Raises
    ------
    DataError
        If the file is missing, no WAV file, not integer PCM, empty, cut short, or has several
        channels that were not asked to be mixed.
    """
    if channels not in CHANNELS:
        raise UsageError(f"read_wav: channels is {channels!r}, expected one of {CHANNELS}")
    path = Path(path)
    try:
        with path.open("rb") as file, wave.open(file) as wav:
            told = wav.getparams()
            raw = wav.readframes(told.nframes)
    except (OSError, EOFError, wave.Error) as error:
        raise DataError(
            f"wav: {path} cannot be read: {error or 'the file ends early'}, expected integer PCM; "
            "convert it, for example with sox"
        ) from error
    frame = told.sampwidth * told.nchannels
    if told.nframes == 0:
        raise DataError(f"wav: {path} holds no samples, expected at least one; leave it out")
    if len(raw) != told.nframes * frame:
        raise DataError(
            f"wav: {path} is cut short: its header tells {told.nframes} samples a channel, "
            f"{len(raw) // frame} are there; get the file again"
        )
    if told.nchannels > 1 and channels == "refuse":
        raise DataError(
            f"wav: {path} has {told.nchannels} channels, expected one; mix them with "
            "channels='mix', or pick one beforehand"
        )
    samples = _decoded(raw, told.sampwidth).reshape(-1, told.nchannels)
    return samples.mean(axis=1, dtype=np.float32), told.framerate


def _decoded(raw: bytes, width: int) -> np.ndarray:
    """Bytes of little-endian PCM -> float32 in [-1, 1)."""
    data = np.frombuffer(raw, np.uint8)
    if width == 1:
        return ((data.astype(np.float32) - 128) / 128).astype(np.float32)
    if width == 3:  # into the upper bytes of 32 bits
        wide = np.zeros((data.size // 3, 4), np.uint8)
        wide[:, 1:] = data.reshape(-1, 3)
        data, width = wide.reshape(-1), 4
    values = data.view("<i2" if width == 2 else "<i4")
    return (values / 2.0 ** (8 * width - 1)).astype(np.float32)


def write_wav(
    path: str | os.PathLike[str], samples: np.ndarray, sample_rate: int, *, bits: int = 16
) -> None:
    """Write (n,) floats in [-1, 1] as mono PCM of 8, 16, 24 or 32 bits, rounded.

    Raises
    ------
    ShapeError, RangeError, UsageError
        If the samples are not one channel, not within [-1, 1], or the width is another.
    """
    samples = np.asarray(samples, np.float64)
    if samples.ndim != 1:
        raise ShapeError(f"write_wav: samples are {samples.shape}, expected (n,); mix the channels")
    if bits not in WIDTHS:
        raise UsageError(f"write_wav: bits is {bits}, expected one of {WIDTHS}")
    largest = float(np.abs(samples).max(initial=0.0))
    if not largest <= 1:
        raise RangeError(
            f"write_wav: a sample is {largest} in size, expected at most 1; scale them"
        )
    top = 2 ** (bits - 1)
    values = np.clip(np.rint(samples * top), -top, top - 1).astype(np.int64)
    raw = (values + (128 if bits == 8 else 0)).astype("<i8").view(np.uint8).reshape(-1, 8)
    with wave.open(os.fspath(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(bits // 8)
        wav.setframerate(sample_rate)
        wav.writeframes(np.ascontiguousarray(raw[:, : bits // 8]).tobytes())
