"""A36's prefix beam search on the device: all frames in one launch, a block an utterance.

What it needs is known before: 8 bytes a prefix and frame for the trie, whatever is found.
"""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels.ctc_beam import CTCBeamDims, CTCBeamInputs, CTCBeamOutputs

from .implementation import CudaImplementation, CudaPlan
from .launch import block_a_row, ceil_div, warp_a_row
from .sources import C_TYPES, FLOATS, CudaSource

SOURCE = CudaSource(
    "ctc_beam.cu", dict.fromkeys(("ctc_normalise", "ctc_top_labels", "ctc_prefixes"), FLOATS)
)
PREFIX_BYTES = 2 * (5 * 8 + 4 * 4) + 4 * 8 + 2 * 4
"""A prefix in shared memory: two buffers, masses if kept, its children."""
STATIC_BYTES = 2048


def sortable(K: int) -> int:
    """K, rounded up to a power of two."""
    return 1 << max(0, K - 1).bit_length()


def shared_bytes(K: int) -> int:
    """Prefixes and the keys that are sorted."""
    return K * PREFIX_BYTES + sortable(K) * (8 + 4)


def trie_bytes(dims: CTCBeamDims) -> int:
    """The trie's nodes: parent and label of at most K new prefixes a frame."""
    return 8 * dims.T * dims.B * dims.K


def labels_looked_at(K: int, V: int) -> int:
    """Of each frame, without a language model: 2K are enough, and all where that is no fewer."""
    return 2 * K if V >= 4 * K else V


def prefix_threads(candidates: int) -> int:
    """Whole warps: four candidates a thread, from 64 to 512 threads."""
    return 32 * min(max(2, ceil_div(candidates, 128)), 16)


class CTCBeamPlan(CudaPlan):
    """T is a capacity; results are made for the n_best of the inputs."""

    def _allocate(self) -> None:
        T, B, V, K = self.dims
        self._width = labels_looked_at(K, V)
        self._top = self.empty((T * B * self._width,), "int32") if self._width < V else None
        self._log_sums = self.empty((T * B,), "float64")
        self._nodes = self.empty((trie_bytes(self.dims) // 4,), "int32")
        self._labels = self.empty((B * K * T,), "int32")
        self._ends = self.empty((B * K,), "int32")
        self._scores, self._ranks = self.empty((B * K,)), self.empty((B * K,))

    def forward(self, inputs: CTCBeamInputs) -> CTCBeamOutputs:
        T, B, V = inputs.logits.shape
        K, n_best = self.dims.K, inputs.n_best
        kernel, dtype = self.runtime.kernel, C_TYPES[self.dtype]
        grid, block = warp_a_row(T * B, self.runtime.properties)
        kernel(SOURCE, "ctc_normalise", dtype)(
            grid, block, inputs.logits, inputs.lengths, self._log_sums, T * B, B, V
        )
        top, width = self._best_labels(inputs)
        labels = self._labels[: B * n_best * T]
        told = [a[: B * n_best] for a in (self._ends, self._scores, self._ranks)]
        kernel(SOURCE, "ctc_prefixes", dtype)(
            (B,),
            (prefix_threads(K * (width + 1)),),
            inputs.logits,
            self._log_sums,
            inputs.lengths,
            inputs.bonus,
            inputs.next_state,
            inputs.final,
            top,
            width,
            self._nodes,
            labels,
            *told,
            T,
            B,
            V,
            K,
            n_best,
            inputs.blank_id,
            sortable(K),
            shared_bytes=shared_bytes(K),
        )
        ends, scores, ranks = (a.reshape(B, n_best) for a in told)
        return CTCBeamOutputs(labels.reshape(B, n_best, T), ends, scores, ranks)

    def _best_labels(self, inputs: CTCBeamInputs) -> tuple[Any, int]:
        """The labels of each frame that are looked at, None for all, and their number."""
        T, B, V = inputs.logits.shape
        if inputs.bonus is not None or self._top is None:
            return None, V
        grid, block = block_a_row(T * B, V, self.runtime.properties)
        select = self.runtime.kernel(SOURCE, "ctc_top_labels", C_TYPES[self.dtype])
        select(grid, block, inputs.logits, inputs.lengths, self._top, B, V, self._width)
        return self._top, self._width

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("decoder/ctc_beam has no gradient")


class CTCBeam(CudaImplementation):
    """Serves float32 and float64, with or without a language model, widths that a block holds."""

    plan_type = CTCBeamPlan

    def supports(self, dims: CTCBeamDims, dtype: str) -> str | None:
        refused = super().supports(dims, dtype)
        if refused:
            return refused
        needed, limit = shared_bytes(dims.K) + STATIC_BYTES, self.runtime.properties.shared_bytes
        if needed > limit:
            return f"width {dims.K}: prefixes take {needed} bytes of a block's {limit}"
        if dims.K * (dims.V + 1) >= (1 << 32) - 1 or dims.T * dims.K >= 1 << 31:
            return f"width {dims.K} with V = {dims.V}, T = {dims.T}: beyond 32-bit indices"
        return None
