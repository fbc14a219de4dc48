"""Validation of the chunks that word vectors are trained on."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import DtypeError, RangeError, ShapeError

from ._cell import check_shape, validate_dtypes
from ._ids import check_ids
from ._word_vectors import NegativeChunk, SoftmaxChunk, TreeChunk, VectorParams


def validate_chunk(operation: str, params: VectorParams, chunk: Any, rows: int) -> None:
    """Matrices (V, D) and (rows, D) of one dtype without NaN; ids and windows in range."""
    if params.weight_in.ndim != 2:
        raise ShapeError(
            f"{operation}: weight_in has shape {tuple(params.weight_in.shape)}, expected (V, D); "
            "give one row a word"
        )
    V, D = params.weight_in.shape
    check_shape(operation, "weight_out", params.weight_out, (rows, D))
    validate_dtypes(operation, params.weight_in, params.weight_out)
    for name in ("weight_in", "weight_out"):
        weight = getattr(params, name)
        if (weight != weight).any():
            raise RangeError(
                f"{operation}: {name} holds NaN, expected finite numbers; "
                "lower the learning rate or start from fresh vectors"
            )
    if chunk.ids.ndim != 1:
        raise ShapeError(
            f"{operation}: ids have shape {tuple(chunk.ids.shape)}, expected (N,); "
            "give one run of tokens"
        )
    check_ids(operation, "ids", chunk.ids, V)
    _validate_window(operation, chunk)


def _validate_window(operation: str, chunk: Any) -> None:
    if chunk.window < 1:
        raise RangeError(
            f"{operation}: window is {chunk.window}, expected at least 1; "
            "without a window there is no context to learn from"
        )
    count = chunk.ids.shape[0]
    from_start = ((chunk.ids == chunk.ids) | True).cumsum(axis=0) - 1
    room = {"left": from_start, "right": count - 1 - from_start}
    for name, most in room.items():
        reach = getattr(chunk, name)
        check_shape(operation, name, reach, (count,))
        if reach.dtype.kind != "i":
            raise DtypeError(f"{operation}: {name} is {reach.dtype}, expected int32; cast it")
        outside = (reach < 0) | (reach > chunk.window) | (reach > most)
        if outside.any():
            bad = int(reach[outside][0])
            raise RangeError(
                f"{operation}: {name} is {bad} somewhere, expected 0 to the window of "
                f"{chunk.window} and inside the chunk of {count}; cut it at the border"
            )


def validate_negatives(operation: str, params: VectorParams, chunk: NegativeChunk) -> None:
    validate_chunk(operation, params, chunk, params.weight_in.shape[0])
    if chunk.num_negatives < 0:
        raise RangeError(
            f"{operation}: num_negatives is {chunk.num_negatives}, expected at least 0; "
            "5 to 20 are usual"
        )
    if chunk.block < 1:
        raise RangeError(f"{operation}: block is {chunk.block}, expected at least 1 position")
    rows = -(-chunk.ids.shape[0] // chunk.block)
    if chunk.negatives.ndim != 2 or chunk.negatives.shape[0] != rows:
        raise ShapeError(
            f"{operation}: negatives are {tuple(chunk.negatives.shape)}, expected ({rows}, M): "
            f"one row for every {chunk.block} positions"
        )
    check_ids(operation, "negatives", chunk.negatives, params.weight_in.shape[0])


def validate_tree(operation: str, params: VectorParams, chunk: TreeChunk) -> None:
    V = params.weight_in.shape[0]
    validate_chunk(operation, params, chunk, max(V - 1, 1))
    if chunk.path_nodes.ndim != 2 or chunk.path_nodes.shape[0] != V:
        raise ShapeError(
            f"{operation}: path_nodes are {tuple(chunk.path_nodes.shape)}, expected (V, L) with "
            f"V = {V}; build the tree of this vocabulary"
        )
    check_shape(operation, "path_signs", chunk.path_signs, tuple(chunk.path_nodes.shape))
    check_ids(operation, "path_nodes", chunk.path_nodes, max(V - 1, 1))
    if (abs(chunk.path_signs) > 1).any():
        raise RangeError(f"{operation}: path_signs go past 1, expected +1, -1 or 0; build the tree")


def validate_softmax(operation: str, params: VectorParams, chunk: SoftmaxChunk) -> None:
    validate_chunk(operation, params, chunk, params.weight_in.shape[0])


def validate_rate(operation: str, name: str, value: float) -> None:
    if not 0 <= value < float("inf"):
        raise RangeError(
            f"{operation}: {name} is {value}, expected a finite number of at least 0; a rate of "
            "0.025 and a damping of 0.1 are usual"
        )
