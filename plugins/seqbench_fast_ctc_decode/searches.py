"""A36's searches by fast-ctc-decode, one sequence at a time through its public interface.

It takes probabilities, with the blank first, and returns text: a softmax, a column moved to the
front and an alphabet of one character a label lie in between, and in a time of this peer. It tells
no scores, and of a beam the best labelling alone; it knows no language model of this kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fast_ctc_decode
import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.ctc_beam import CTCBeamInputs, CTCBeamOutputs
from seqbench.kernels.ctc_greedy import CTCGreedyInputs, CTCGreedyOutputs

FIRST = 0x4E00  # an alphabet of one character a label, none of them special


def ctc_greedy(contract: Contract, backend: Backend) -> FastCTC:
    return FastCTC(contract, backend, GreedyPlan)


def ctc_beam(contract: Contract, backend: Backend) -> FastCTC:
    return FastCTC(contract, backend, BeamPlan)


class FastCTC(Implementation):
    """One of the library's searches, float32."""

    tier = "peer"

    def __init__(
        self, contract: Contract, backend: Backend, plan_type: Callable[[Any], Plan]
    ) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"fast_ctc_decode.{contract.name}"
        self.dtypes = ("float32",)
        self._plan_type = plan_type

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return self._plan_type(dims)


class SearchPlan(Plan):
    """The library allocates a sequence at a time."""

    def __init__(self, dims: Any) -> None:
        self._alphabet = [chr(FIRST + v) for v in range(dims.V)]

    def load(self, params: Any) -> None:
        return None

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("a search has no gradient")

    def _searched(
        self, inputs: Any, search: Callable[[np.ndarray], str]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Labels (B, T) int32 with blank_id behind them, and their lengths (B,) int32."""
        T, B, V = inputs.logits.shape
        columns = np.r_[inputs.blank_id, np.delete(np.arange(V), inputs.blank_id)]
        labels = np.full((B, T), inputs.blank_id, np.int32)
        lengths = np.zeros(B, np.int32)
        for b, end in enumerate(inputs.lengths.tolist()):
            if end == 0:
                continue
            text = search(_softmax(inputs.logits[:end, b])[:, columns])
            lengths[b] = len(text)
            labels[b, : len(text)] = columns[[ord(c) - FIRST for c in text]] if text else []
        return labels, lengths


class GreedyPlan(SearchPlan):
    def forward(self, inputs: CTCGreedyInputs) -> CTCGreedyOutputs:
        labels, lengths = self._searched(
            inputs, lambda probs: fast_ctc_decode.viterbi_search(probs, self._alphabet)[0]
        )
        return CTCGreedyOutputs(labels, lengths, None)


class BeamPlan(SearchPlan):
    def forward(self, inputs: CTCBeamInputs) -> CTCBeamOutputs:
        if inputs.n_best != 1 or inputs.bonus is not None:
            raise UnsupportedError(
                "fast_ctc_decode.ctc_beam: it tells one labelling and takes no language model, "
                "expected n_best = 1 and no bonus; use another backend"
            )
        labels, lengths = self._searched(
            inputs,
            lambda probs: fast_ctc_decode.beam_search(
                probs, self._alphabet, beam_size=inputs.width, beam_cut_threshold=0.0
            )[0],
        )
        return CTCBeamOutputs(labels[:, None], lengths[:, None], None, None)


def _softmax(logits: np.ndarray) -> np.ndarray:
    """(T, V) float32."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float32)
    probs: np.ndarray = shifted / shifted.sum(axis=1, keepdims=True)
    return probs
