"""A07 on the device: one launch a step, nothing read back."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Gradients, RangeError, UnsupportedError
from seqbench.kernels.sample import WORDS, SampleDims, SampleInputs, SampleOutputs

from .implementation import CudaImplementation, CudaPlan
from .launch import block_a_row, ceil_div
from .runtime import DeviceProperties
from .sources import C_TYPES, FLOATS, CudaSource

SOURCE = CudaSource("sample.cu", {"sample_largest": FLOATS, "sample_drawn": FLOATS})
SEGMENT = 256
"""Ids whose weights a warp adds up; as in sample.cu."""
STATIC_BYTES = 2048


def segment_bytes(V: int) -> int:
    """Dynamic shared memory: a double a segment."""
    return 8 * ceil_div(V, SEGMENT)


def fits(V: int, properties: DeviceProperties) -> bool:
    return segment_bytes(V) + STATIC_BYTES <= properties.shared_bytes


class SamplePlan(CudaPlan):
    """Holds the ids."""

    def _allocate(self) -> None:
        self._ids = self.empty((self.dims.B,), "int32")

    def forward(self, inputs: SampleInputs) -> SampleOutputs:
        B, V = self.dims
        dtype = C_TYPES[self.dtype]
        grid, block = block_a_row(B, V, self.runtime.properties)
        if inputs.temperature == 0:
            largest = self.runtime.kernel(SOURCE, "sample_largest", dtype)
            largest(grid, block, inputs.logits, self._ids, V)
            return SampleOutputs(self._ids)
        if 2 * inputs.offset >= WORDS:
            raise RangeError(
                f"sample: offset is {inputs.offset}, expected 0 to 2**63 - 1, two words a number; "
                "take it modulo 2**63"
            )
        self.runtime.kernel(SOURCE, "sample_drawn", dtype)(
            grid,
            block,
            inputs.logits,
            self._ids,
            V,
            inputs.temperature,
            V if inputs.top_k is None else inputs.top_k,
            inputs.seed,
            inputs.stream,
            inputs.offset,
            shared_bytes=segment_bytes(V),
        )
        return SampleOutputs(self._ids)

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("decoder/sample has no gradient")


class Sample(CudaImplementation):
    """Serves float32 and float64, vocabularies up to millions."""

    plan_type = SamplePlan

    def supports(self, dims: SampleDims, dtype: str) -> str | None:
        if not fits(dims.V, self.runtime.properties):
            return (
                f"V is {dims.V}: a number a {SEGMENT} ids takes {segment_bytes(dims.V)} bytes of a "
                f"block's {self.runtime.properties.shared_bytes}"
            )
        return super().supports(dims, dtype)
