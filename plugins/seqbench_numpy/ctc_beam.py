"""A36's prefix beam search, tuned: linear masses over the whole batch, no full sort.

What a prefix carries is its mass times the exponential of what the language model added, scaled a
frame by the best of its sequence: every update is a product, an extension's one more by the
automaton's row. The K-th largest candidate comes from one partition, and only what reaches it is
sorted; of equal ones the first are taken, as the shared text does.

A candidate that could be and has underflowed might have belonged in the beam. Where fewer than K
are left although enough prefixes went in, the sequence is rescued: searched by the shared text, in
log space. `plan.notes["rescued"]` counts them in the last forward.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.ctc_beam import (
    CTCBeamDims,
    CTCBeamInputs,
    CTCBeamOutputs,
    CTCBeamParams,
    Prefixes,
    best_labellings,
    first_prefixes,
    origins,
    parents_in_beam,
    successors,
)

SMALLEST = 1e-280
"""Of the best candidate: what is smaller counts as underflowed."""


class CTCBeam(Implementation):
    """Serves every size in float32 and float64."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = "numpy.ctc_beam"
        self.dtypes = contract.dtypes

    def _plan(self, dims: CTCBeamDims, dtype: str, *, grad: bool) -> Plan:
        return CTCBeamPlan(self.contract, self.backend, dims)


class CTCBeamPlan(Plan):
    """The candidates of one frame, and the history."""

    def __init__(self, contract: Contract, backend: Backend, dims: CTCBeamDims) -> None:
        T, B, V, K = self._dims = dims
        self._contract, self._backend, self._rescued = contract, backend, 0
        self._candidates = np.empty((B, K * (V + 1)))
        self._labels, self._parents = np.empty((T, B, K), np.int64), np.empty((T, B, K), np.int64)
        self._probs = np.empty((T, B, V))
        self._batch, self._slots = np.arange(B)[:, None], np.arange(K)[None, :]

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        """Bytes held by every buffer."""
        return sum(a.nbytes for a in vars(self).values() if isinstance(a, np.ndarray))

    @property
    def notes(self) -> dict[str, Any]:
        return {"rescued": self._rescued}

    def load(self, params: Any) -> None:
        return None

    def forward(self, inputs: CTCBeamInputs) -> CTCBeamOutputs:
        T, B, _ = inputs.logits.shape
        inside = np.arange(T)[:, None] < inputs.lengths
        self._softmax(inputs, inside)
        beam = first_prefixes(B, inputs.width, xp=np)
        beam = replace(
            beam,
            ending_blank=np.exp(beam.ending_blank),
            ending_label=np.zeros_like(beam.ending_label),
        )
        factors = None if inputs.bonus is None else np.exp(inputs.bonus, dtype=np.float64)
        log_scale, doubtful = np.zeros(B), np.zeros(B, bool)
        for t in range(T):
            found, parent, label, scale, doubt = self._advance(beam, t, inputs, factors)
            if not inside[t].all():
                held = inside[t][:, None]
                pairs = zip(found.fields(), beam.fields(), strict=True)
                found = Prefixes(*(np.where(held, new, old) for new, old in pairs))
                label, parent = np.where(held, label, -1), np.where(held, parent, self._slots)
                scale, doubt = np.where(inside[t], scale, 0), doubt & inside[t]
            beam = found
            log_scale += scale
            doubtful |= doubt
            self._labels[t], self._parents[t] = label, parent
        mass = beam.ending_blank + beam.ending_label
        ranks = np.where(mass > 0, np.log(np.where(mass > 0, mass, 1)), -math.inf)
        ranks += log_scale[:, None]
        outputs = best_labellings(
            inputs,
            ranks - beam.prior,
            beam.prior,
            beam.state,
            self._labels[:T],
            self._parents[:T],
            xp=np,
        )
        return self._rescue(inputs, np.flatnonzero(doubtful), outputs)

    def _softmax(self, inputs: CTCBeamInputs, inside: np.ndarray) -> None:
        logits = np.where(inside[..., None], inputs.logits, 0)
        probs = self._probs[: len(logits)]
        np.subtract(logits, logits.max(axis=2, keepdims=True), out=probs)
        np.exp(probs, out=probs)
        probs /= probs.sum(axis=2, keepdims=True)

    def _advance(
        self, beam: Prefixes, t: int, inputs: CTCBeamInputs, factors: np.ndarray | None
    ) -> tuple[Prefixes, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(beam, parent slots, labels, log of the scale taken out, which sequences to doubt)."""
        _, B, V, K = self._dims
        probs, blank_id, batch = self._probs[t], inputs.blank_id, self._batch
        total = beam.ending_blank + beam.ending_label
        has_label = beam.last >= 0
        last = np.where(has_label, beam.last, blank_id)
        at_last = probs[batch, last]
        extended = self._candidates[:, K:].reshape(B, K, V)
        np.multiply(total[:, :, None], probs[:, None, :], out=extended)
        extended[batch, self._slots, last] = beam.ending_blank * at_last
        if factors is not None:
            extended *= factors[beam.state]
        extended[:, :, blank_id] = 0
        matched, origin = parents_in_beam(beam, xp=np)
        slot, column = np.where(matched, origin, self._slots), np.where(matched, last, blank_id)
        arriving = extended[batch, slot, column]
        extended[batch, slot, column] = 0
        kept_blank = total * probs[:, blank_id, None]
        kept_label = beam.ending_label * at_last + arriving
        np.add(kept_blank, kept_label, out=self._candidates[:, :K])
        order, value = _largest(self._candidates, K)
        there = value > 0
        parent, label = origins(order, K, V, xp=np)
        after = successors(beam, inputs, parent, label, there, xp=np)
        is_new = label >= 0
        scale = np.where(there[:, 0], value[:, 0], 1)[:, None]
        kept_blank = np.where(is_new, 0, np.take_along_axis(kept_blank, parent, axis=1))
        kept_label = np.where(is_new, value, np.take_along_axis(kept_label, parent, axis=1))
        after = replace(after, ending_blank=kept_blank / scale, ending_label=kept_label / scale)
        alive = np.count_nonzero(total > 0, axis=1)
        possible = np.minimum(K, alive * V - np.count_nonzero(matched, axis=1))
        doubt = np.count_nonzero(value > SMALLEST * scale, axis=1) < possible
        return after, parent, np.where(there, label, -1), np.log(scale[:, 0]), doubt

    def _rescue(
        self, inputs: CTCBeamInputs, rows: np.ndarray, outputs: CTCBeamOutputs
    ) -> CTCBeamOutputs:
        """Some sequences by the shared text."""
        self._rescued = len(rows)
        if not len(rows):
            return outputs
        some = replace(inputs, logits=inputs.logits[:, rows], lengths=inputs.lengths[rows])
        found = self._contract.forward(CTCBeamParams(), some, None, backend=self._backend)
        for name in CTCBeamOutputs.__slots__:
            getattr(outputs, name)[rows] = getattr(found, name)
        return outputs

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("decoder/ctc_beam has no gradient")


def _largest(candidates: np.ndarray, K: int) -> tuple[np.ndarray, np.ndarray]:
    """(B, K) columns and values of each row's K largest, best first, ties by column."""
    B, n = candidates.shape
    threshold = np.partition(candidates, n - K, axis=1)[:, n - K, None]
    chosen = candidates >= threshold
    if np.count_nonzero(chosen) != B * K:
        equal = candidates == threshold
        above = chosen & ~equal
        room = K - np.count_nonzero(above, axis=1)[:, None]
        chosen = above | (equal & (np.cumsum(equal, axis=1) <= room))
    if np.count_nonzero(chosen) != B * K:  # NaN in a row: it is lost, its columns do not matter
        chosen[~(np.count_nonzero(chosen, axis=1) == K)] = np.arange(n) < K
    column = np.nonzero(chosen)[1].reshape(B, K)
    value = np.take_along_axis(candidates, column, axis=1)
    order = np.argsort(-value, axis=1, kind="stable")
    return np.take_along_axis(column, order, axis=1), np.take_along_axis(value, order, axis=1)
