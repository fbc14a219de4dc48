"""A15 on the device: gather by id, gradient by a scatter in a fixed order."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Gradients
from seqbench.kernels.embedding import EmbeddingInputs, EmbeddingOutputs, EmbeddingParams

from .implementation import CudaImplementation, CudaPlan
from .launch import Launch, elementwise
from .packs import PACKED, pack_width
from .runtime import CudaRuntime, DeviceProperties
from .scatter import add_rows, order_of, parts
from .sources import C_TYPES, CudaSource

SOURCE = CudaSource("embedding.cu", {"gather": PACKED})
MOST_SHIFT = 5
"""At most a warp a row."""


def row_shift(packs: int) -> int:
    """2**shift threads serve a row of so many packs, a pack each where a warp suffices."""
    return min(max(packs - 1, 0).bit_length(), MOST_SHIFT)


def threads_a_row(rows: int, shift: int, properties: DeviceProperties) -> Launch:
    """2**shift neighbouring threads a row."""
    return elementwise(rows << shift, properties)


def gather(runtime: CudaRuntime, weight: Any, ids: Any, rows: Any) -> None:
    """rows[n] = weight[ids[n]]; weight (V, E), ids (N,) int32, rows (N, E)."""
    dtype, (count, size) = str(weight.dtype), rows.shape
    if rows.size == 0:
        return
    width = pack_width(dtype, size, weight, rows)
    shift = row_shift(size // width)
    kernel = runtime.kernel(SOURCE, "gather", C_TYPES[dtype], str(width))
    launch = threads_a_row(count, shift, runtime.properties)
    kernel(*launch, weight, ids, rows, count, size, shift)


class GatherPlan(CudaPlan):
    """Holds the rows and, with `grad`, the dense gradient; T is a capacity."""

    def _allocate(self) -> None:
        T, B, V, E = self.dims
        self._rows = self.empty((T * B, E))
        self._d_weight: Any = self.empty((V, E)) if self.grad else None
        self._parts: Any = parts(self.empty, T * B, E) if self.grad else None

    def forward(self, inputs: EmbeddingInputs) -> EmbeddingOutputs:
        self._inputs = inputs
        ids = inputs.ids.reshape(-1)
        rows = self._rows[: len(ids)]
        gather(self.runtime, self._params.weight, ids, rows)
        return EmbeddingOutputs(rows.reshape(*inputs.ids.shape, self.dims.E))

    def backward(self, d_outputs: EmbeddingOutputs) -> Gradients:
        """The dense gradient: rows of repeated ids add up."""
        self._d_weight.fill(0)
        ids = self._inputs.ids.reshape(-1)
        if d_outputs.rows is not None and len(ids):
            rows = d_outputs.rows.reshape(-1, self.dims.E)
            order = order_of(self.runtime, ids)
            add_rows(self.runtime, self._d_weight, ids, order, rows, self._parts)
        return Gradients(EmbeddingParams(self._d_weight), EmbeddingInputs(None))


class Gather(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = GatherPlan
