"""A28's inner step on the device: a visit to each row of logits, then the best K of a sentence.

Two launches for a small beam, five for a large one; nothing is read back.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels.beam_select import BeamDims, BeamSelectInputs, BeamSelectOutputs

from .implementation import CudaImplementation, CudaPlan
from .launch import Launch, ceil_div
from .runtime import DeviceProperties
from .sources import C_TYPES, FLOATS, CudaSource

GROUP = 128
"""Logits whose best candidate stands for them; as in beam_select.cu."""
SMALL = 1 << 16
"""Groups of a sentence that one block looks through alone."""
STATIC_BYTES = 4096

SOURCE = CudaSource(
    "beam_select.cu",
    dict.fromkeys(("beam_rows", "beam_groups", "beam_candidates", "beam_finish"), FLOATS),
)


class Sizes(NamedTuple):
    """groups of a row; group_parts and candidate_parts of a sentence, 1 where one block does all;
    sortable: items in shared memory; shared_bytes of the last kernel."""

    groups: int
    group_parts: int
    candidate_parts: int
    sortable: int
    shared_bytes: int


def sizes(dims: BeamDims, itemsize: int, small: int = SMALL) -> Sizes:
    """A part hands on K: with the square root of parts, as much is merged as each has seen."""
    K, _, V = dims
    groups = ceil_div(V, GROUP)
    parts = candidate_parts = 1
    if K * groups > small:
        parts = max(1, min(math.isqrt(groups), groups))
        candidate_parts = min(math.isqrt(GROUP), K)
    sortable = 1 << max(0, 2 * K - 1).bit_length()
    return Sizes(groups, parts, candidate_parts, sortable, sortable * (itemsize + 4) + 4 * K)


def row_launch(rows: int, groups: int, properties: DeviceProperties) -> Launch:
    """A block a row, a warp a group: many warps where rows are few."""
    warps = 8 if rows >= 2 * properties.multiprocessors else 32
    return Launch((rows,), (properties.warp_size * min(warps, max(1, groups)),))


class BeamSelectPlan(CudaPlan):
    """The best of every group, what parts hand on, and the results."""

    small = SMALL

    def _allocate(self) -> None:
        K, B, _ = self.dims
        self._sizes = sizes(self.dims, np.dtype(self.dtype).itemsize, self.small)
        self._best = self.empty((B, K, self._sizes.groups))
        self._log_sums, self._eos_scores = self.empty((K, B)), self.empty((K, B))
        self._scores, self._pool = self.empty((K, B)), self.empty((K, B))
        self._tokens, self._parents = self.empty((K, B), "int32"), self.empty((K, B), "int32")
        self._sources = self.empty((K, B), "int32")
        self._finished, self._done = self.empty((K, B), "bool"), self.empty((B,), "bool")
        self._large = K * self._sizes.groups > self.small
        if self._large:
            handed = max(self._sizes.group_parts, self._sizes.candidate_parts)
            self._handed = self.empty((B * handed * K,), "uint32")
            self._groups = self.empty((B, K), "uint32")

    @property
    def notes(self) -> dict[str, Any]:
        return {"parts": self._sizes.group_parts}

    def _kernel(self, name: str) -> Any:
        return self.runtime.kernel(SOURCE, name, C_TYPES[self.dtype])

    def forward(self, inputs: BeamSelectInputs) -> BeamSelectOutputs:
        K, B, V = self.dims
        bound = inputs.stop == "bound"
        grid, block = row_launch(K * B, self._sizes.groups, self.runtime.properties)
        self._kernel("beam_rows")(
            grid,
            block,
            inputs.logits,
            inputs.scores,
            inputs.finished,
            self._log_sums,
            self._best,
            self._eos_scores,
            K,
            B,
            V,
            inputs.eos_id,
            bound,
        )
        if self._large:
            self._narrow(inputs, inputs.eos_id if bound else -1)
        self._finish(inputs, bound)
        beam = (self._scores, self._tokens, self._parents, self._finished, self._done)
        pool = (self._pool, self._sources, self._eos_scores) if bound else ()
        return BeamSelectOutputs(*beam, *pool)

    def _narrow(self, inputs: BeamSelectInputs, left_out: int) -> None:
        """The best K groups of each sentence, then the best K continuations of parts of them."""
        (K, B, V), found = self.dims, self._sizes
        select, count = self._kernel("beam_groups"), K * found.groups
        parts = (found.group_parts, B)
        select(parts, (1024,), self._best, None, self._handed, K, found.groups, count)
        count = found.group_parts * K
        select((1, B), (1024,), self._best, self._handed, self._groups, K, found.groups, count)
        self._kernel("beam_candidates")(
            (found.candidate_parts, B),
            (1024,),
            inputs.logits,
            inputs.scores,
            self._log_sums,
            self._groups,
            self._handed,
            K,
            B,
            V,
            left_out,
        )

    def _finish(self, inputs: BeamSelectInputs, bound: bool) -> None:
        K, B, V = self.dims
        found = self._sizes
        self._kernel("beam_finish")(
            (B,),
            (finish_threads(K * found.groups),),
            inputs.logits,
            inputs.scores,
            inputs.finished,
            self._log_sums,
            self._best,
            self._handed if self._large else None,
            self._eos_scores,
            inputs.pool if bound else None,
            self._scores,
            self._tokens,
            self._parents,
            self._finished,
            self._done,
            self._pool,
            self._sources,
            found.candidate_parts * K,
            K,
            B,
            V,
            inputs.eos_id,
            inputs.penalty,
            inputs.bound_penalty,
            inputs.n_best,
            found.sortable,
            shared_bytes=found.shared_bytes,
        )

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("decoder/beam_select has no gradient")


def finish_threads(count: int) -> int:
    """Whole warps: four items a thread, up to 1024 threads."""
    return 32 * min(max(1, ceil_div(count, 128)), 32)


class BeamSelect(CudaImplementation):
    """Serves float32 and float64, beams up to what a block can sort."""

    plan_type = BeamSelectPlan

    def supports(self, dims: BeamDims, dtype: str) -> str | None:
        refused = super().supports(dims, dtype)
        if refused:
            return refused
        if dims.K * dims.V >= (1 << 32) - 1:
            return f"K V is {dims.K * dims.V}, expected below 2^32 - 1"
        needed = sizes(dims, np.dtype(dtype).itemsize).shared_bytes + STATIC_BYTES
        limit = self.runtime.properties.shared_bytes
        if needed > limit:
            return f"K is {dims.K}: sorting takes {needed} bytes of a block's {limit}"
        return None
