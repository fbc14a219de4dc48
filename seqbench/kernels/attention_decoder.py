"""A33: the teacher-forced decoder RNN of Bahdanau, Cho & Bengio (2015), over any cell.

At step t the state before it, h_(t-1), asks the memory for a context; the cell then reads the
embedded token and that context side by side: h_t = cell([y_t; context_t], h_(t-1)). One contract,
so that a backend may fuse the whole loop.
"""

from __future__ import annotations

import functools

from seqbench.interfaces import Contract

from ._attention_decoder import (
    AttentionDecoderDims,
    AttentionDecoderInputs,
    AttentionDecoderOutputs,
    AttentionDecoderParams,
    decoder_backward,
    decoder_cache,
    decoder_forward,
    query_of,
)
from ._cell import CellDims, check_shape, validate_lengths
from .attention import ADDITIVE, AttentionDims
from .gru import GRU
from .lstm import LSTM
from .rnn import RNN

__all__ = [
    "DECODER_GRU",
    "DECODER_LSTM",
    "DECODER_RNN",
    "AttentionDecoderDims",
    "AttentionDecoderInputs",
    "AttentionDecoderOutputs",
    "AttentionDecoderParams",
]


def decoder_dims(
    params: AttentionDecoderParams, inputs: AttentionDecoderInputs
) -> AttentionDecoderDims:
    T, B, E = inputs.embedded.shape
    Tx, _, A = inputs.memory.shape
    return AttentionDecoderDims(T, B, Tx, E, A, len(params.attention.v), inputs.h0.shape[1])


def decoder_shapes(cell: Contract, dims: AttentionDecoderDims) -> dict[str, tuple[int, ...]]:
    """Names are dotted: cell.weight_ih, attention.v."""
    of_cell = cell.shapes(_cell_dims(dims))  # type: ignore[misc]
    of_attention = ADDITIVE.shapes(_attention_dims(dims))
    return {f"cell.{name}": shape for name, shape in of_cell.items()} | {
        f"attention.{name}": shape for name, shape in of_attention.items()
    }


def _cell_dims(dims: AttentionDecoderDims) -> CellDims:
    return CellDims(dims.T, dims.B, dims.E + dims.A, dims.H)


def _attention_dims(dims: AttentionDecoderDims) -> AttentionDims:
    return AttentionDims(dims.T, dims.B, dims.Tx, dims.H, dims.A, dims.D)


def decoder_validate(
    cell: Contract, params: AttentionDecoderParams, inputs: AttentionDecoderInputs
) -> None:
    name = f"attention/decoder_{cell.name}"
    steps, batch, _ = inputs.embedded.shape
    validate_lengths(name, inputs.lengths, steps, batch)
    check_shape(name, "h0", inputs.h0, (batch, inputs.h0.shape[-1]))
    if inputs.c0 is not None:
        check_shape(name, "c0", inputs.c0, inputs.h0.shape)
    ADDITIVE.validate(params.attention, query_of(inputs, inputs.h0, None))
    for field, shape in cell.shapes(_cell_dims(decoder_dims(params, inputs))).items():  # type: ignore[misc]
        check_shape(name, f"cell.{field}", getattr(params.cell, field), shape)


def decoder_flops(cell: Contract, dims: AttentionDecoderDims, grad: bool) -> int:
    """The cell over T steps and the attention of T queries."""
    return cell.flops(_cell_dims(dims), grad) + ADDITIVE.flops(_attention_dims(dims), grad)


def decoder_bytes(cell: Contract, dims: AttentionDecoderDims, grad: bool, itemsize: int) -> int:
    """The same of both; states and contexts pass between them and are counted in each."""
    of_attention = ADDITIVE.bytes(_attention_dims(dims), grad, itemsize)
    return cell.bytes(_cell_dims(dims), grad, itemsize) + of_attention


def decoder_transcendentals(cell: Contract, dims: AttentionDecoderDims, grad: bool) -> int:
    """Both the cell's and the attention's."""
    of_attention = ADDITIVE.transcendentals(_attention_dims(dims), grad)
    return of_attention + cell.transcendentals(_cell_dims(dims), grad)  # type: ignore[misc]


def decoder_steps(dims: AttentionDecoderDims) -> int:
    """Attend, then step the cell, T times."""
    return 2 * dims.T


def _contract(cell: Contract) -> Contract:
    return Contract(
        id="A33",
        kind="attention",
        name=f"decoder_{cell.name}",
        summary=f"decoder with attention before its {cell.name}, teacher-forced",
        source="Bahdanau, Cho & Bengio (2015), appendix A.2.2",
        Params=AttentionDecoderParams,
        Inputs=AttentionDecoderInputs,
        Outputs=AttentionDecoderOutputs,
        Dims=AttentionDecoderDims,
        dims=decoder_dims,
        validate=functools.partial(decoder_validate, cell),
        flops=functools.partial(decoder_flops, cell),
        bytes=functools.partial(decoder_bytes, cell),
        transcendentals=functools.partial(decoder_transcendentals, cell),
        steps=decoder_steps,
        cache=functools.partial(decoder_cache, cell),
        forward=functools.partial(decoder_forward, cell),
        backward=functools.partial(decoder_backward, cell),
        shapes=functools.partial(decoder_shapes, cell),
        state=cell.state,
    )


DECODER_RNN, DECODER_GRU, DECODER_LSTM = _contract(RNN), _contract(GRU), _contract(LSTM)
