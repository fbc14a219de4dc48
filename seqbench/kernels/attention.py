"""A33: attention of many queries over a padded memory, with three scores.

additive: e = v . tanh(W_q q + W_k m + b)   Bahdanau, Cho & Bengio (2015), appendix A.1.2
dot:      e = q . m                         Luong, Pham & Manning (2015), equation 8
general:  e = q . (W m)                     the same

The weights are the softmax of the scores over the memory, the context their mean of the memory. The
axis of the queries is the decoder's steps in training and the hypotheses of a beam in decoding; the
notes' t is the decoder's step, t' the encoder's.
"""

from __future__ import annotations

import functools
from typing import Any

from seqbench.interfaces import ShapeError

from ._attention import (
    AttentionContract,
    AttentionDims,
    AttentionInputs,
    AttentionOutputs,
    Score,
    attention_backward,
    attention_cache,
    attention_forward,
)
from ._attention_scores import (
    ADDITIVE_SCORE,
    DOT_SCORE,
    GENERAL_SCORE,
    AdditiveParams,
    GeneralParams,
    project_additive,
    project_general,
)
from ._cell import check_shape, validate_lengths
from .losses import NoParams

__all__ = [
    "ADDITIVE",
    "ADDITIVE_SCORE",
    "DOT",
    "GENERAL",
    "AdditiveParams",
    "AttentionContract",
    "AttentionDims",
    "AttentionInputs",
    "AttentionOutputs",
    "GeneralParams",
    "project_additive",
    "project_general",
]


def additive_dims(params: AdditiveParams, inputs: AttentionInputs) -> AttentionDims:
    return _dims(inputs, len(params.v))


def general_dims(params: Any, inputs: AttentionInputs) -> AttentionDims:
    """D is the size that scores are products over: a query's."""
    return _dims(inputs, inputs.queries.shape[2])


def _dims(inputs: AttentionInputs, scoring_size: int) -> AttentionDims:
    steps, batch, query_size = inputs.queries.shape
    positions, _, memory_size = inputs.memory.shape
    return AttentionDims(steps, batch, positions, query_size, memory_size, scoring_size)


def additive_shapes(dims: AttentionDims) -> dict[str, tuple[int, ...]]:
    D = dims.D
    return {"weight_query": (D, dims.Q), "weight_key": (D, dims.A), "bias": (D,), "v": (D,)}


def dot_shapes(dims: AttentionDims) -> dict[str, tuple[int, ...]]:
    return {}


def general_shapes(dims: AttentionDims) -> dict[str, tuple[int, ...]]:
    return {"weight": (dims.Q, dims.A)}


def _validate(name: str, inputs: AttentionInputs, key_size: int) -> None:
    for field in ("queries", "memory"):
        array = getattr(inputs, field)
        if array.ndim != 3:
            raise ShapeError(
                f"attention/{name}: {field} has shape {tuple(array.shape)}, expected (T, B, size); "
                "add the missing axis or transpose to time-major"
            )
    positions, batch = inputs.memory.shape[:2]
    if positions == 0:
        raise ShapeError(
            f"attention/{name}: memory is {tuple(inputs.memory.shape)}, expected at least one "
            "position; pad an empty source to one and give it length 0"
        )
    check_shape(
        f"attention/{name}",
        "queries",
        inputs.queries,
        (len(inputs.queries), batch, inputs.queries.shape[2]),
    )
    validate_lengths(f"attention/{name}", inputs.lengths, positions, batch)
    if inputs.projected_memory is not None:
        check_shape(
            f"attention/{name}",
            "projected_memory",
            inputs.projected_memory,
            (positions, batch, key_size),
        )


def additive_validate(params: AdditiveParams, inputs: AttentionInputs) -> None:
    _validate("additive", inputs, len(params.v))
    for field, shape in additive_shapes(additive_dims(params, inputs)).items():
        check_shape("attention/additive", field, getattr(params, field), shape)


def dot_validate(params: NoParams, inputs: AttentionInputs) -> None:
    _validate("dot", inputs, inputs.queries.shape[-1])
    query_size, memory_size = inputs.queries.shape[2], inputs.memory.shape[2]
    if query_size != memory_size:
        raise ShapeError(
            f"attention/dot: queries have size {query_size}, the memory {memory_size}, expected "
            "the same; use attention/general"
        )


def general_validate(params: GeneralParams, inputs: AttentionInputs) -> None:
    _validate("general", inputs, inputs.queries.shape[-1])
    shape = (inputs.queries.shape[2], inputs.memory.shape[2])
    check_shape("attention/general", "weight", params.weight, shape)


def _flops(name: str, dims: AttentionDims, grad: bool) -> int:
    """Projections, scores, softmax and mean; backward twice that, and tanh again."""
    Tq, B, Tx, Q, A, D = dims
    pairs = Tq * B * Tx
    if name == "additive":
        gemm, score = 2 * B * D * (Tq * Q + Tx * A), 4 * D  # a sum, tanh, a multiply-add
    else:
        gemm, score = (2 * B * Tx * Q * A if name == "general" else 0), 2 * Q
    forward = gemm + pairs * (score + 4 + 2 * A)
    return 3 * forward if grad else forward


def _bytes(name: str, dims: AttentionDims, grad: bool, itemsize: int) -> int:
    """Queries, memory, parameters, weights and context once; with backward, gradients as well."""
    Tq, B, Tx, Q, A, D = dims
    params = {"additive": D * (Q + A + 2), "general": Q * A}.get(name, 0)
    forward = Tq * B * Q + Tx * B * A + params + Tq * B * (A + Tx)
    return itemsize * ((2 if grad else 1) * forward) + 4 * B


def _transcendentals(name: str, dims: AttentionDims, grad: bool) -> int:
    """An exponential a pair; the additive score takes a tanh a pair and unit."""
    return dims.Tq * dims.B * dims.Tx * (1 + (dims.D if name == "additive" else 0))


def _contract(name: str, summary: str, source: str, score: Score, **fields: Any):
    return AttentionContract(
        id="A33",
        kind="attention",
        name=name,
        summary=summary,
        source=source,
        Inputs=AttentionInputs,
        Outputs=AttentionOutputs,
        Dims=AttentionDims,
        flops=functools.partial(_flops, name),
        bytes=functools.partial(_bytes, name),
        transcendentals=functools.partial(_transcendentals, name),
        cache=attention_cache,
        forward=functools.partial(attention_forward, score),
        backward=functools.partial(attention_backward, score),
        **fields,
    )


ADDITIVE = _contract(
    "additive",
    "attention scored by a small tanh layer",
    "Bahdanau, Cho & Bengio (2015), appendix A.1.2",
    ADDITIVE_SCORE,
    Params=AdditiveParams,
    dims=additive_dims,
    validate=additive_validate,
    shapes=additive_shapes,
    project=project_additive,
)
DOT = _contract(
    "dot",
    "attention scored by the product of query and memory",
    "Luong, Pham & Manning (2015), equation 8",
    DOT_SCORE,
    Params=NoParams,
    dims=general_dims,
    validate=dot_validate,
    shapes=dot_shapes,
)
GENERAL = _contract(
    "general",
    "attention scored by a bilinear form of query and memory",
    "Luong, Pham & Manning (2015), equation 8",
    GENERAL_SCORE,
    Params=GeneralParams,
    dims=general_dims,
    validate=general_validate,
    shapes=general_shapes,
    project=project_general,
)
