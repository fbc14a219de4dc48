"""A15 on the device: gather by id, gradient by scatter-add."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Gradients
from seqbench.kernels.embedding import EmbeddingInputs, EmbeddingOutputs, EmbeddingParams

from .implementation import CudaImplementation, CudaPlan
from .launch import elementwise
from .scatter import SOURCE, scatter_add
from .sources import C_TYPES


class GatherPlan(CudaPlan):
    """Holds the rows and, with `grad`, the dense gradient; T is a capacity."""

    def _allocate(self) -> None:
        T, B, V, E = self.dims
        self._rows = self.empty((T * B, E))
        self._d_weight: Any = self.empty((V, E)) if self.grad else None
        self._gather = self.runtime.kernel(SOURCE, "gather", C_TYPES[self.dtype])

    def forward(self, inputs: EmbeddingInputs) -> EmbeddingOutputs:
        self._inputs = inputs
        E = self.dims.E
        rows = self._rows[: inputs.ids.size]
        grid, block = elementwise(rows.size, self.runtime.properties)
        self._gather(grid, block, self._params.weight, inputs.ids, rows, rows.size, E)
        return EmbeddingOutputs(rows.reshape(*inputs.ids.shape, E))

    def backward(self, d_outputs: EmbeddingOutputs) -> Gradients:
        """The dense gradient: rows of repeated ids add up."""
        self._d_weight.fill(0)
        if d_outputs.rows is not None:
            rows = d_outputs.rows.reshape(-1, self.dims.E)
            scatter_add(self.runtime, self._d_weight, self._inputs.ids.reshape(-1), rows)
        return Gradients(EmbeddingParams(self._d_weight), EmbeddingInputs(None))


class Gather(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = GatherPlan
