"""Random inputs of CTC's loss and decoders."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seqbench.kernels.ctc import CTCInputs
from seqbench.kernels.ctc_beam import CTCBeamInputs, CTCBeamParams
from seqbench.kernels.ctc_greedy import CTCGreedyInputs, CTCGreedyParams
from seqbench.kernels.losses import NoParams

from .cases import builder, extents, lengths, pad_time
from .cases_losses import REDUCTION

LABELS = {"tiny": (2, 1), "odd": (3, 0, 2), "one": (1,), "step": (1, 0, 1, 1, 0), "empty": ()}
"""Label lengths by size; `padded` has its own below."""
_PADDED_LABELS = (1, 0, 3, 1)
"""Beside lengths 3, 0, 6, 1."""


def fill_ctc_padding(inputs: CTCInputs, fill: float) -> CTCInputs:
    """`fill` as the logits, and an id that is not there as the labels, past the lengths."""
    inputs = pad_time("logits")(inputs, fill)
    outside = np.arange(inputs.targets.shape[1]) >= inputs.target_lengths[:, None]
    odd = np.int32(0 if fill == 0 else 99)
    return replace(inputs, targets=np.where(outside, odd, inputs.targets).astype(np.int32))


@builder("loss/ctc", padding=fill_ctc_padding)
def ctc_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """`odd` has its blank in the middle and wide logits; `step` has one that has no alignment."""
    T, B = extents(size)
    V, blank_id, width = (11, 4, 20.0) if size == "odd" else (4, 0, 1.0)
    ends = np.array(_PADDED_LABELS if size == "padded" else LABELS[size], np.int32)
    if size == "step":
        ends[3] = 2  # two labels in one frame
    L = int(ends.max(initial=1)) + (size == "padded")
    labels = np.delete(np.arange(V), blank_id)
    targets = labels[rng.integers(0, V - 1, (B, L))].astype(np.int32)
    logits = width * rng.normal(size=(T, B, V))
    impossible = size == "step"
    inputs = CTCInputs(logits, targets, lengths(size), ends, blank_id, REDUCTION[size], impossible)
    return NoParams(), inputs


@builder("decoder/ctc_greedy", padding=pad_time("logits"))
def ctc_greedy_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """Few labels, so that neighbours are often equal."""
    T, B = extents(size)
    V, blank_id = {"odd": (17, 16), "padded": (3, 2)}.get(size, (3, 0))
    return CTCGreedyParams(), CTCGreedyInputs(rng.normal(size=(T, B, V)), lengths(size), blank_id)


@builder("decoder/ctc_beam", padding=pad_time("logits"), constants=("bonus", "final"))
def ctc_beam_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    """`odd` and `padded` have a language model of two states; `one` has a beam of one."""
    T, B = extents(size)
    V, blank_id = (7, 6) if size == "odd" else (3, 0)
    width = 1 if size == "one" else 5
    inputs = CTCBeamInputs(
        rng.normal(size=(T, B, V)), lengths(size), width, min(width, 3), blank_id
    )
    if size in ("odd", "padded"):
        inputs = replace(
            inputs,
            bonus=rng.normal(size=(2, V)),
            next_state=rng.integers(0, 2, (2, V)).astype(np.int32),
            final=rng.normal(size=2),
        )
    return CTCBeamParams(), inputs
