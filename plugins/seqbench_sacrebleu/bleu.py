"""A32's counts by sacreBLEU's sentence scores, through its public interface alone.

sacreBLEU takes text, the contract ids: each id becomes a word, and `tokenize="none"` splits at
white space. A time of this peer holds that conversion; where texts are at hand, call sacreBLEU
itself, as the ratio suite does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sacrebleu.metrics import BLEU

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.bleu import BleuDims, BleuInputs, BleuOutputs


def bleu_stats(contract: Contract, backend: Backend) -> SacrebleuStats:
    return SacrebleuStats(contract, backend)


class SacrebleuStats(Implementation):
    """Serves every size."""

    tier = "peer"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = "sacrebleu.bleu"
        self.dtypes = contract.dtypes

    def _plan(self, dims: BleuDims, dtype: str, *, grad: bool) -> Plan:
        return SacrebleuPlan(dims)


class SacrebleuPlan(Plan):
    """One BLEU object; sacreBLEU allocates a sentence at a time."""

    def __init__(self, dims: BleuDims) -> None:
        self._bleu = BLEU(tokenize="none", force=True, max_ngram_order=dims.n, effective_order=True)

    def load(self, params: Any) -> None:
        return None

    def forward(self, inputs: BleuInputs) -> BleuOutputs:
        hypotheses = _texts(inputs.hypotheses, inputs.hypothesis_lengths)
        pairs = zip(inputs.references, inputs.reference_lengths, strict=True)
        streams = [_texts(ids, lengths) for ids, lengths in pairs]
        scores = [
            self._bleu.sentence_score(text, [r for r in references if r is not None])
            for text, *references in zip(hypotheses, *streams, strict=True)
        ]
        N, n = len(scores), inputs.max_order
        return BleuOutputs(
            matches=np.array([s.counts for s in scores], np.int64).reshape(N, n),
            totals=np.array([s.totals for s in scores], np.int64).reshape(N, n),
            hypothesis_lengths=np.array([s.sys_len for s in scores], np.int64),
            reference_lengths=np.array([s.ref_len for s in scores], np.int64),
        )

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("metric/bleu_stats has no gradient")


def _texts(ids: np.ndarray, lengths: np.ndarray) -> list[str | None]:
    """A sentence a row, its ids as words; None for a missing reference (length -1)."""
    rows = zip(ids.tolist(), lengths.tolist(), strict=True)
    return [None if n < 0 else " ".join(map(str, row[:n])) for row, n in rows]
