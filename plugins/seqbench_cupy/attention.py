"""A33 on the device: scores, softmax and context in one kernel, four kernels on the way back.

Projections are products of whole matrices, as are the gradients of their weights. The additive
score (attention_additive.py) takes its exponentials once a query and once a key; pairs of rows with
entries too large for that are computed by tanh as it stands, inside the same kernel.
"""

from __future__ import annotations

from typing import Any, ClassVar

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels.attention import (
    AttentionInputs,
    AttentionOutputs,
    GeneralParams,
)
from seqbench.kernels.losses import NoParams

from .implementation import CudaImplementation, CudaPlan
from .launch import Launch, ceil_div, elementwise
from .sources import C_TYPES, FLOATS, CudaSource

SCORES = tuple((*types, additive) for types in FLOATS for additive in ("true", "false"))
SOURCE = CudaSource(
    "attention.cu",
    {
        "attend": SCORES,
        "queries_backward": SCORES,
        "keys_backward": SCORES,
        "softmax_backward": FLOATS,
        "values_backward": FLOATS,
        "exponentials": FLOATS,
        "mask_rows": FLOATS,
    },
)
TILE = 4
"""Queries, or rows of the memory, that a block serves; as in attention.cu."""


def tiles(rows: int, batch: int, threads: int = 256) -> Launch:
    """A block a tile of rows and a sequence."""
    return Launch((ceil_div(rows, TILE), batch), (threads,))


def tiles_of_columns(rows: int, batch: int, columns: int, threads: int = 128) -> Launch:
    """The same, and a thread a column."""
    return Launch((ceil_div(rows, TILE), batch, ceil_div(columns, threads)), (threads,))


class AttentionPlan(CudaPlan):
    """Buffers of (Tq, B, Tx, Q, A, D); Tq and Tx are capacities."""

    additive: ClassVar[bool] = False

    def _allocate(self) -> None:
        Tq, B, Tx, Q, A, D = self.dims
        self._buffers = {
            "weights": self.empty((Tq * B * Tx,)),
            "context": self.empty((Tq * B * A,)),
        }
        shapes = self._projections(Tq * B * D, Tx * B * D)
        if self.grad:
            shapes |= {
                "d_scores": Tq * B * Tx,
                "d_projected": Tq * B * D,
                "d_keys": Tx * B * D,
                "d_memory": Tx * B * A,
                "d_through_keys": Tx * B * A,
                "d_queries": Tq * B * Q,
                "memory": Tx * B * A,
            }
        self._buffers |= {name: self.empty((size,)) for name, size in shapes.items()}
        if self.additive:
            self._far = self.empty((Tq * B,), "bool"), self.empty((Tx * B,), "bool")
            if self.grad:
                self._shares_v = self.empty((self._sharing(Tq) * B * D,))

    def _projections(self, queries: int, keys: int) -> dict[str, int]:
        """Elements of the projected rows that this score needs, by name."""
        return {}

    def _sharing(self, Tq: int) -> int:
        """Blocks of queries, each of which leaves a share of the gradient of v."""
        return ceil_div(Tq, TILE)

    def _view(self, name: str, *shape: int) -> Any:
        count = 1
        for size in shape:
            count *= size
        return self._buffers[name][:count].reshape(shape)

    def _kernel(self, name: str, *more: str) -> Any:
        return self.runtime.kernel(SOURCE, name, C_TYPES[self.dtype], *more)

    def _scored(self, name: str) -> Any:
        return self._kernel(name, "true" if self.additive else "false")

    # -- forward ---------------------------------------------------------------------------

    def forward(self, inputs: AttentionInputs) -> AttentionOutputs:
        self._inputs = inputs
        Tq, B, _ = inputs.queries.shape
        Tx, _, A = inputs.memory.shape
        self._pairs = self._projected(inputs)
        weights, context = self._view("weights", Tq, B, Tx), self._view("context", Tq, B, A)
        sizes = (Tq, B, Tx, self.dims.D, A)
        self._scored("attend")(
            *tiles(Tq, B), *self._pairs, inputs.memory, inputs.lengths, context, weights, *sizes
        )
        return AttentionOutputs(context, weights)

    def _projected(self, inputs: AttentionInputs) -> tuple[Any, ...]:
        """queries, keys, and what the additive score has beside them: exponentials, far, v."""
        keys = inputs.projected_memory
        if keys is None:
            keys = self._keys(inputs.memory)
        return inputs.queries, keys, None, None, None, None, None

    def _keys(self, memory: Any) -> Any:
        return memory

    def _product(self, name: str, rows: Any, weight: Any) -> Any:
        """rows (T, B, .) @ weight, in the buffer of that name."""
        out = self._view(name, *rows.shape[:2], weight.shape[1])
        flat = rows.reshape(-1, rows.shape[2])
        self.runtime.gemm(flat, weight, out.reshape(len(flat), weight.shape[1]))
        return out

    # -- backward --------------------------------------------------------------------------

    def backward(self, d_outputs: AttentionOutputs) -> Gradients:
        if self._inputs.projected_memory is not None:
            raise UnsupportedError(
                "attention: backward was asked with projected_memory given, expected None; "
                "leave it out in training"
            )
        d_scores = self._d_scores(d_outputs)
        d_projected = self._d_projected(d_scores)
        d_keys = self._d_keys(d_scores)
        d_memory = self._d_values(d_outputs.context)
        return self._unprojected(d_projected, d_keys, d_memory)

    def _d_scores(self, d_outputs: AttentionOutputs) -> Any:
        inputs = self._inputs
        (Tq, B, _), (Tx, _, A) = inputs.queries.shape, inputs.memory.shape
        d_scores = self._view("d_scores", Tq, B, Tx)
        weights = self._view("weights", Tq, B, Tx)
        self._kernel("softmax_backward")(
            *tiles(Tq, B),
            d_outputs.context,
            d_outputs.weights,
            weights,
            inputs.memory,
            inputs.lengths,
            d_scores,
            *(Tq, B, Tx, A),
        )
        return d_scores

    def _d_projected(self, d_scores: Any) -> Any:
        """Of the projected queries; leaves each block's share of the gradient of v."""
        (Tq, B, Tx), D = d_scores.shape, self.dims.D
        d_projected = self._view("d_projected", Tq, B, D)
        shares = self._shares_v if self.additive else None
        self._scored("queries_backward")(
            *tiles_of_columns(Tq, B, D),
            d_scores,
            *self._pairs,
            self._inputs.lengths,
            d_projected,
            shares,
            *(Tq, B, Tx, D),
        )
        return d_projected

    def _d_keys(self, d_scores: Any) -> Any:
        (Tq, B, Tx), D = d_scores.shape, self.dims.D
        d_keys = self._view("d_keys", Tx, B, D)
        self._scored("keys_backward")(
            *tiles_of_columns(Tx, B, D),
            d_scores,
            *self._pairs,
            self._inputs.lengths,
            d_keys,
            *(Tq, B, Tx, D),
        )
        return d_keys

    def _d_values(self, d_context: Any) -> Any:
        (Tq, B, _), (Tx, _, A) = self._inputs.queries.shape, self._inputs.memory.shape
        d_memory = self._view("d_memory", Tx, B, A)
        weights = self._view("weights", Tq, B, Tx)
        self._kernel("values_backward")(
            *tiles_of_columns(Tx, B, A), weights, d_context, d_memory, *(Tq, B, Tx, A)
        )
        return d_memory

    def _unprojected(self, d_projected: Any, d_keys: Any, d_memory: Any) -> Gradients:
        """Scores are products of queries and memory themselves."""
        d_memory += d_keys
        return Gradients(NoParams(), AttentionInputs(d_projected, d_memory, None))

    def _masked_memory(self) -> Any:
        """The memory with zeros past the lengths: whole-matrix products read its padding."""
        memory = self._inputs.memory
        masked = self._view("memory", *memory.shape)
        launch = elementwise(memory.size, self.runtime.properties)
        B, A = memory.shape[1:]
        self._kernel("mask_rows")(*launch, memory, self._inputs.lengths, masked, memory.size, B, A)
        return masked

    def _through_keys(self, d_keys: Any, d_memory: Any, weight: Any) -> tuple[Any, Any]:
        """(gradient of the key's weight, of the memory as keys and values): keys = memory W^T."""
        d_flat, memory = flat(d_keys), flat(self._masked_memory())
        d_weight = d_flat.T @ memory
        d_memory += self._product("d_through_keys", d_keys, weight)
        return d_weight, d_memory


def flat(rows: Any) -> Any:
    """(T, B, .) -> (TB, .)."""
    return rows.reshape(-1, rows.shape[-1])


class GeneralPlan(AttentionPlan):
    """Keys are the memory projected to the size of a query."""

    def _projections(self, queries: int, keys: int) -> dict[str, int]:
        return {"keys": keys}

    def _keys(self, memory: Any) -> Any:
        return self._product("keys", memory, self._params.weight.T)

    def _unprojected(self, d_projected: Any, d_keys: Any, d_memory: Any) -> Gradients:
        d_weight, d_memory = self._through_keys(d_keys, d_memory, self._params.weight)
        inputs = AttentionInputs(d_projected, d_memory, None)
        return Gradients(GeneralParams(d_weight), inputs)


class DotAttention(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = AttentionPlan


class GeneralAttention(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = GeneralPlan
