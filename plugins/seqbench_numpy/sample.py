"""A07, tuned: running sums over blocks of ids, then within the one block that holds the target.

Rows go through a buffer: exponentiated, and summed by block with one matrix-vector product.
Logits are read once and not shifted by their largest; a row whose weights then overflow or vanish
is done again with the shift, and counted (`rescued`). What is kept is a sum a block; the weights of
the block that was hit are made again from its logits, so that nothing of size B x V is written.
Weights are in the logits' dtype, running sums in float64.

With top-k the k logits of a row are gathered in the order of their ids, and float64 does the rest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.losses import NoParams
from seqbench.kernels.sample import (
    SampleDims,
    SampleInputs,
    SampleOutputs,
    among_largest,
    pick,
)

from ._philox import uniform_float64

BLOCK = 64
CHUNK_BYTES = 1024 * 1024
"""Of weights in one go: exp is most of the time, and smaller chunks cost more calls."""
FAINTEST = math.exp(-30)
"""The least sum of a row's weights that is taken: what underflows in float32 is then below e^-57 of
it. The most is what does not overflow."""


class Sample(Implementation):
    """Serves every size in float32 and float64."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = "numpy.sample"
        self.dtypes = contract.dtypes

    def _plan(self, dims: SampleDims, dtype: str, *, grad: bool) -> Plan:
        return SamplePlan(dims, np.dtype(dtype))


class SamplePlan(Plan):
    """A chunk of weights, padded with zeros to whole blocks, and the sums (B, blocks)."""

    def __init__(self, dims: SampleDims, dtype: np.dtype) -> None:
        B, V = dims
        blocks = -(-V // BLOCK)
        width = blocks * BLOCK
        self._rows = max(1, min(CHUNK_BYTES // (width * dtype.itemsize), B))
        self._chunk = np.zeros((self._rows, width), dtype)
        self._ones = np.ones(BLOCK, dtype)
        self._sums = np.empty((B, blocks), dtype)
        self._shift = np.empty((B, 1), dtype)
        held = (self._chunk, self._ones, self._sums, self._shift)
        self.nbytes = sum(a.nbytes for a in held)
        self._rescued = 0

    @property
    def notes(self) -> dict[str, Any]:
        """`rescued`: rows that had to be shifted, of all that this plan drew."""
        return {"rescued": self._rescued}

    def load(self, params: NoParams) -> None:
        """There is nothing to take."""

    def forward(self, inputs: SampleInputs) -> SampleOutputs:
        logits, temperature = np.ascontiguousarray(inputs.logits), inputs.temperature
        if temperature == 0 or len(logits) == 0:
            return SampleOutputs(logits.argmax(axis=1).astype(np.int32))
        drawn = uniform_float64(
            len(logits), seed=inputs.seed, stream=inputs.stream, start=inputs.offset
        )
        if inputs.top_k is not None:
            return SampleOutputs(_among_top(logits, temperature, inputs.top_k, drawn))
        self._shift[:] = 0
        with np.errstate(over="ignore"):
            self._sum_blocks(logits, temperature, self._sums)
            self._rescue(logits, temperature)
        return SampleOutputs(self._hit(logits, temperature, drawn))

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("decoder/sample has no gradient")

    def _sum_blocks(self, logits: np.ndarray, temperature: float, sums: np.ndarray) -> None:
        """The weights' sum of every row and block into `sums` (rows, blocks)."""
        V = logits.shape[1]
        for first in range(0, len(logits), self._rows):
            some = logits[first : first + self._rows]
            chunk = self._chunk[: len(some)]
            _weigh(some, temperature, out=chunk[:, :V])
            found = sums[first : first + self._rows]
            np.matmul(chunk.reshape(-1, BLOCK), self._ones, out=found.reshape(-1))

    def _rescue(self, logits: np.ndarray, temperature: float) -> None:
        """Shift the rows whose weights overflow or vanish by their largest logit."""
        total = self._sums.sum(axis=1)
        lost = np.flatnonzero(~((total >= FAINTEST) & (total < math.inf)))
        if len(lost) == 0:
            return
        self._rescued += len(lost)
        rows = logits[lost]
        shift = rows.max(axis=1, keepdims=True)
        sums = np.empty((len(lost), self._sums.shape[1]), self._sums.dtype)
        self._sum_blocks(rows - shift, temperature, sums)
        self._shift[lost], self._sums[lost] = shift, sums

    def _hit(self, logits: np.ndarray, temperature: float, drawn: np.ndarray) -> np.ndarray:
        """The block that holds the target, then the id within it."""
        V = logits.shape[1]
        running = np.cumsum(self._sums, axis=1, dtype=np.float64)  # (B, blocks)
        target = _below(drawn * running[:, -1], running[:, -1])
        block = (running > target[:, None]).argmax(axis=1)
        rows = np.arange(len(logits))
        target -= np.where(block > 0, running[rows, block - 1], 0)  # what is left of it inside
        # The last block of a row is taken from its end backwards, so that all are equally wide.
        width = min(BLOCK, V)
        first = np.minimum(block * BLOCK, V - width)
        shape, item = (logits.size - width + 1, width), logits.itemsize
        windows = as_strided(logits, shape, (item, item), writeable=False)
        weights = windows[rows * V + first]  # (B, width)
        weights -= self._shift
        _weigh(weights, temperature, out=weights)
        for row in np.flatnonzero(first < block * BLOCK):
            weights[row, : block[row] * BLOCK - first[row]] = 0  # they are of the block before
        within = np.cumsum(weights, axis=1, dtype=np.float64)
        place = (within > _below(target, within[:, -1])[:, None]).argmax(axis=1)
        found: np.ndarray = (first + place).astype(np.int32)
        return found


def _below(target: np.ndarray, total: np.ndarray) -> np.ndarray:
    """The target, or the number before the total where rounding carried it there."""
    return np.minimum(target, np.nextafter(total, 0))


def _weigh(logits: np.ndarray, temperature: float, out: np.ndarray) -> None:
    """exp(logits / temperature)."""
    if temperature != 1:
        logits = np.divide(logits, logits.dtype.type(temperature), out=out)
    np.exp(logits, out=out)


def _among_top(logits: np.ndarray, temperature: float, top_k: int, drawn: np.ndarray) -> np.ndarray:
    """The same draw among the k largest logits of each row, which come in the order of ids."""
    B, V = logits.shape
    threshold = np.partition(logits, V - top_k, axis=1)[:, V - top_k, None]
    kept = logits >= threshold
    crowded = np.flatnonzero(kept.sum(axis=1) > top_k)  # equal logits at the edge
    kept[crowded] = among_largest(logits[crowded], top_k, xp=np)
    ids = np.nonzero(kept)[1].reshape(B, top_k)
    chosen = np.take_along_axis(logits, ids, axis=1).astype(np.float64)
    weights = np.exp((chosen - chosen.max(axis=1, keepdims=True)) / temperature)
    place = pick(weights, drawn, xp=np)
    return np.take_along_axis(ids, place[:, None], axis=1)[:, 0].astype(np.int32)
