"""A36's best path on the device: a warp a frame finds its label, a block a sequence collapses."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels.ctc_greedy import CTCGreedyInputs, CTCGreedyOutputs

from .implementation import CudaImplementation, CudaPlan
from .launch import ceil_div, warp_a_row
from .sources import C_TYPES, FLOATS, CudaSource

SOURCE = CudaSource("ctc_greedy.cu", {"ctc_best_labels": FLOATS, "ctc_collapse": FLOATS})


def collapse_threads(T: int) -> int:
    """Whole warps that cover the frames, at most 1024 threads."""
    return 32 * min(max(1, ceil_div(T, 32)), 32)


class CTCGreedyPlan(CudaPlan):
    """T is a capacity."""

    def _allocate(self) -> None:
        T, B, _ = self.dims
        self._path, self._best = self.empty((T * B,), "int32"), self.empty((T * B,))
        self._labels, self._ends = self.empty((B * T,), "int32"), self.empty((B,), "int32")
        self._scores = self.empty((B,))

    def forward(self, inputs: CTCGreedyInputs) -> CTCGreedyOutputs:
        T, B, V = inputs.logits.shape
        kernel, dtype = self.runtime.kernel, C_TYPES[self.dtype]
        grid, block = warp_a_row(T * B, self.runtime.properties)
        kernel(SOURCE, "ctc_best_labels", dtype)(
            grid, block, inputs.logits, inputs.lengths, self._path, self._best, T * B, B, V
        )
        labels = self._labels[: B * T]
        kernel(SOURCE, "ctc_collapse", dtype)(
            (B,),
            (collapse_threads(T),),
            self._path,
            self._best,
            inputs.lengths,
            labels,
            self._ends,
            self._scores,
            T,
            B,
            inputs.blank_id,
        )
        return CTCGreedyOutputs(labels.reshape(B, T), self._ends, self._scores)

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("decoder/ctc_greedy has no gradient")


class CTCGreedy(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = CTCGreedyPlan
