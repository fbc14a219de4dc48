"""Random inputs of the attentions: T of a size is the memory's, the queries have their own."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from seqbench.interfaces import Contract
from seqbench.kernels._cell import CellDims
from seqbench.kernels.attention import AdditiveParams, AttentionInputs, GeneralParams
from seqbench.kernels.attention_decoder import AttentionDecoderInputs, AttentionDecoderParams
from seqbench.kernels.gru import GRU
from seqbench.kernels.losses import NoParams
from seqbench.kernels.lstm import LSTM
from seqbench.kernels.rnn import RNN

from .cases import builder, extents, lengths, pad_time, random_params

QUERIES = {"one": 1, "step": 1, "odd": 5}


def _inputs(rng: np.random.Generator, size: str, query_size: int, memory_size: int) -> Any:
    Tx, B = extents(size)
    queries = rng.normal(size=(QUERIES.get(size, 2), B, query_size))
    return AttentionInputs(queries, rng.normal(size=(Tx, B, memory_size)), lengths(size))


@builder("attention/additive", padding=pad_time("memory"))
def additive_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    Q, A, D = (7, 9, 17) if size == "odd" else (3, 4, 5)
    draw = rng.normal
    params = AdditiveParams(draw(size=(D, Q)), draw(size=(D, A)), draw(size=D), draw(size=D))
    return params, _inputs(rng, size, Q, A)


@builder("attention/dot", padding=pad_time("memory"))
def dot_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    A = 9 if size == "odd" else 4
    return NoParams(), _inputs(rng, size, A, A)


@builder("attention/general", padding=pad_time("memory"))
def general_case(rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    Q, A = (7, 9) if size == "odd" else (3, 4)
    return GeneralParams(rng.normal(size=(Q, A))), _inputs(rng, size, Q, A)


def _fill_decoder(inputs: AttentionDecoderInputs, fill: float) -> AttentionDecoderInputs:
    """Padding of the embedded targets and of the memory."""
    inputs = pad_time("embedded")(inputs, fill)
    return pad_time("memory", lengths="memory_lengths")(inputs, fill)


def _decoder_case(cell: Contract, rng: np.random.Generator, size: str) -> tuple[Any, Any]:
    T, B = extents(size)
    Tx, E, A, D, H = (9, 5, 7, 11, 6) if size == "odd" else (2, 3, 4, 5, 3)
    of_cell = random_params(cell, CellDims(T, B, E + A, H), rng)
    draw = rng.normal
    scoring = AdditiveParams(draw(size=(D, H)), draw(size=(D, A)), draw(size=D), draw(size=D))
    memory_lengths = np.full(B, Tx, np.int32)
    if size == "padded":
        memory_lengths[:] = [2, 1, 0, 1]
    inputs = AttentionDecoderInputs(
        draw(size=(T, B, E)),
        lengths(size),
        draw(size=(Tx, B, A)),
        memory_lengths,
        *(draw(size=(B, H)) for _ in cell.state),
    )
    return AttentionDecoderParams(of_cell, scoring), inputs


for _cell in (RNN, GRU, LSTM):
    builder(f"attention/decoder_{_cell.name}", padding=_fill_decoder)(
        functools.partial(_decoder_case, _cell)
    )
