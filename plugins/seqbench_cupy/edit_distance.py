"""A36's edit counts on the device: a block a pair, an anti-diagonal a step."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels.edit_distance import (
    EditDistanceDims,
    EditDistanceInputs,
    EditDistanceOutputs,
)

from .implementation import CudaImplementation, CudaPlan
from .launch import Launch, ceil_div
from .sources import CudaSource

SOURCE = CudaSource("edit_distance.cu", {"edit_distance": ((),)})


def diagonal_bytes(shorter: int) -> int:
    """Three diagonals of cells."""
    return 3 * 8 * (shorter + 1)


def pair_launch(N: int, shorter: int) -> Launch:
    """A block a pair: a thread a cell of the longest diagonal, up to 256."""
    return Launch((N,), (32 * min(ceil_div(shorter + 1, 32), 8),))


class EditDistancePlan(CudaPlan):
    """Holds the counts; N is a capacity."""

    def _allocate(self) -> None:
        self._counts = self.empty((3 * self.dims.N,), "int64")

    def forward(self, inputs: EditDistanceInputs) -> EditDistanceOutputs:
        N, (_, L, L2) = len(inputs.hypotheses), self.dims
        hypotheses = (inputs.hypotheses, inputs.hypothesis_lengths)
        references = (inputs.references, inputs.reference_lengths)
        rows_are_hypotheses = L <= L2
        first, second = (
            (hypotheses, references) if rows_are_hypotheses else (references, hypotheses)
        )
        counts = self._counts[: 3 * N]
        shorter = min(L, L2)
        grid, block = pair_launch(N, shorter)
        self.runtime.kernel(SOURCE, "edit_distance")(
            grid,
            block,
            *first,
            *second,
            counts,
            N,
            shorter,
            max(L, L2),
            rows_are_hypotheses,
            shared_bytes=diagonal_bytes(shorter),
        )
        return EditDistanceOutputs(*counts.reshape(3, N))

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("metric/edit_distance has no gradient")


class EditDistance(CudaImplementation):
    """Serves pairs whose shorter axis fits a block's shared memory: 9600 ids on an H100."""

    plan_type = EditDistancePlan

    def supports(self, dims: EditDistanceDims, dtype: str) -> str | None:
        needed, limit = diagonal_bytes(min(dims.L, dims.L2)), self.runtime.properties.shared_bytes
        if needed > limit:
            return (
                f"L = {dims.L}, L2 = {dims.L2}: diagonals take {needed} bytes of a block's {limit}"
            )
        return super().supports(dims, dtype)
