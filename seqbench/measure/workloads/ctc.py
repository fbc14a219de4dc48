"""CTC's loss and decoders, on logits as wide as a network gives before it has learnt much."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.kernels.ctc import CTCInputs
from seqbench.kernels.ctc_beam import CTCBeamInputs, CTCBeamParams
from seqbench.kernels.ctc_greedy import CTCGreedyInputs, CTCGreedyParams
from seqbench.kernels.losses import NoParams

from . import workload
from .cells import full

Built = tuple[Any, Any]


@workload("loss/ctc", T=200, B=32, V=50, L=40)
def _(rng: np.random.Generator, T: int, B: int, V: int, L: int) -> Built:
    """Labels 1 to V - 1; T must hold L labels and the blanks between equal ones."""
    targets = rng.integers(1, V, (B, L)).astype(np.int32)
    logits = rng.standard_normal((T, B, V))
    return NoParams(), CTCInputs(logits, targets, full(T, B), full(L, B))


@workload("decoder/ctc_greedy", T=200, B=32, V=50)
def _(rng: np.random.Generator, T: int, B: int, V: int) -> Built:
    return CTCGreedyParams(), CTCGreedyInputs(rng.standard_normal((T, B, V)), full(T, B))


@workload("decoder/ctc_beam", T=200, B=4, V=50, K=10)
def _(rng: np.random.Generator, T: int, B: int, V: int, K: int) -> Built:
    """Wide logits: of flat ones many labellings are as good as each other."""
    logits = 3.0 * rng.standard_normal((T, B, V))
    return CTCBeamParams(), CTCBeamInputs(logits, full(T, B), K)
