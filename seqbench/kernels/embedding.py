"""A15: rows of an embedding matrix, gathered, or multiplied by one-hot vectors to compare.

The matrix is (V, E), a row a token; the notes' E is its transpose, (300, 10000), not (300, 1000).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, Gradients, ShapeError

from ._cell import zeros
from ._ids import check_ids, one_hot


@dataclass(frozen=True, slots=True)
class EmbeddingParams:
    """weight : (V, E), a row a token."""

    weight: Array


@dataclass(frozen=True, slots=True)
class EmbeddingInputs:
    """ids : (T, B) int32 in [0, V), padding included; they take no gradient."""

    ids: Array


@dataclass(frozen=True, slots=True)
class EmbeddingOutputs:
    """rows : (T, B, E)."""

    rows: Array


class EmbeddingDims(NamedTuple):
    """Time, batch, vocabulary size, embedding size."""

    T: int
    B: int
    V: int
    E: int


@dataclass(frozen=True, slots=True)
class OneHotCache:
    """What forward keeps for backward."""

    one_hot: Array  # (T, B, V)


def embedding_dims(params: EmbeddingParams, inputs: EmbeddingInputs) -> EmbeddingDims:
    return EmbeddingDims(*inputs.ids.shape, *params.weight.shape)


def embedding_shapes(dims: EmbeddingDims) -> dict[str, tuple[int, ...]]:
    return {"weight": (dims.V, dims.E)}


def embedding_validate(params: EmbeddingParams, inputs: EmbeddingInputs) -> None:
    if params.weight.ndim != 2:
        raise ShapeError(
            f"embedding: weight has shape {tuple(params.weight.shape)}, expected (V, E); "
            "give one row a token"
        )
    if inputs.ids.ndim != 2:
        raise ShapeError(
            f"embedding: ids have shape {tuple(inputs.ids.shape)}, expected (T, B); "
            "add the missing axis"
        )
    check_ids("embedding", "ids", inputs.ids, params.weight.shape[0])


def gather_cache(dims: EmbeddingDims, dtype: str, *, backend: Backend) -> None:
    """Backward needs the ids alone."""


def gather_forward(
    params: EmbeddingParams, inputs: EmbeddingInputs, cache: None, *, backend: Backend
) -> EmbeddingOutputs:
    return EmbeddingOutputs(params.weight[inputs.ids])  # (V, E) -> (T, B, E)


def gather_backward(
    d_out: EmbeddingOutputs,
    params: EmbeddingParams,
    inputs: EmbeddingInputs,
    cache: None,
    *,
    backend: Backend,
) -> Gradients:
    """The dense gradient: rows of repeated ids add up."""
    d_weight = backend.xp.zeros_like(params.weight)
    if d_out.rows is not None:
        rows = d_out.rows.reshape(-1, d_weight.shape[1])
        backend.scatter_add(d_weight, inputs.ids.reshape(-1), rows)
    return Gradients(EmbeddingParams(d_weight), EmbeddingInputs(None))


def one_hot_cache(dims: EmbeddingDims, dtype: str, *, backend: Backend) -> OneHotCache:
    return OneHotCache(zeros((dims.T, dims.B, dims.V), dtype, backend))


def one_hot_forward(
    params: EmbeddingParams, inputs: EmbeddingInputs, cache: OneHotCache, *, backend: Backend
) -> EmbeddingOutputs:
    vocab_size, size = params.weight.shape
    kept = cache.one_hot[: len(inputs.ids)]
    kept[...] = one_hot(inputs.ids, vocab_size, str(kept.dtype), xp=backend.xp)
    rows = kept.reshape(-1, vocab_size) @ params.weight  # (TB, V) x (V, E)
    return EmbeddingOutputs(rows.reshape(*inputs.ids.shape, size))


def one_hot_backward(
    d_out: EmbeddingOutputs,
    params: EmbeddingParams,
    inputs: EmbeddingInputs,
    cache: OneHotCache,
    *,
    backend: Backend,
) -> Gradients:
    vocab_size, size = params.weight.shape
    if d_out.rows is None:
        d_weight = backend.xp.zeros_like(params.weight)
    else:
        kept = cache.one_hot[: len(inputs.ids)].reshape(-1, vocab_size)
        d_weight = kept.T @ d_out.rows.reshape(-1, size)  # rows = one_hot @ weight
    return Gradients(EmbeddingParams(d_weight), EmbeddingInputs(None))


def gather_flops(dims: EmbeddingDims, grad: bool) -> int:
    """An address a token forward; backward adds a number an element."""
    tokens = dims.T * dims.B
    return tokens * (1 + dims.E) if grad else tokens


def gather_bytes(dims: EmbeddingDims, grad: bool, itemsize: int) -> int:
    """Ids, rows read and written; with backward rows read, the dense gradient written."""
    rows = dims.T * dims.B * dims.E
    forward = 4 * dims.T * dims.B + 2 * rows * itemsize
    return forward + (rows + dims.V * dims.E) * itemsize if grad else forward


def one_hot_flops(dims: EmbeddingDims, grad: bool) -> int:
    """One GEMM each way."""
    return (2 if grad else 1) * 2 * dims.T * dims.B * dims.V * dims.E


def one_hot_bytes(dims: EmbeddingDims, grad: bool, itemsize: int) -> int:
    """The one-hot batch written and read, the whole matrix, the rows; backward the same again."""
    tokens = dims.T * dims.B
    forward = 4 * tokens + itemsize * (2 * tokens * dims.V + dims.V * dims.E + tokens * dims.E)
    backward = itemsize * (tokens * dims.V + dims.V * dims.E + tokens * dims.E)
    return forward + backward if grad else forward


def _contract(name: str, summary: str, **functions: Any) -> Contract:
    return Contract(
        id="A15",
        kind="embedding",
        name=name,
        summary=summary,
        source="Bengio et al. (2003), section 2",
        Params=EmbeddingParams,
        Inputs=EmbeddingInputs,
        Outputs=EmbeddingOutputs,
        Dims=EmbeddingDims,
        dims=embedding_dims,
        validate=embedding_validate,
        shapes=embedding_shapes,
        **functions,
    )


GATHER = _contract(
    "gather",
    "rows of the embedding matrix by id",
    flops=gather_flops,
    bytes=gather_bytes,
    cache=gather_cache,
    forward=gather_forward,
    backward=gather_backward,
)
ONE_HOT = _contract(
    "one_hot",
    "the same rows as a product with one-hot vectors",
    flops=one_hot_flops,
    bytes=one_hot_bytes,
    cache=one_hot_cache,
    forward=one_hot_forward,
    backward=one_hot_backward,
)
