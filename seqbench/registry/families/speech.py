"""Spectrograms, CTC, transcription and trigger words: A34-A37."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract("A34", "feature/stft", "stft:STFT", "power spectrogram"),
    contract("A34", "feature/log_mel", "log_mel:LOG_MEL", "log-mel spectrogram"),
    contract("A37", "feature/conv1d", "conv1d:CONV1D", "convolution over time"),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = ()
