"""Attention of many queries over a full memory, and the decoders that attend at each step."""

from __future__ import annotations

import functools
import math
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

from . import workload
from .cells import full, recurrent_weights

Built = tuple[Any, Any]


def _inputs(rng: np.random.Generator, Tq: int, B: int, Tx: int, Q: int, A: int) -> AttentionInputs:
    queries, memory = rng.standard_normal((Tq, B, Q)), rng.standard_normal((Tx, B, A))
    return AttentionInputs(queries, memory, full(Tx, B))


def _additive(rng: np.random.Generator, Q: int, A: int, D: int) -> AdditiveParams:
    draw = rng.standard_normal
    query, key = draw((D, Q)) / math.sqrt(Q), draw((D, A)) / math.sqrt(A)
    return AdditiveParams(query, key, draw(D), draw(D) / math.sqrt(D))


@workload("attention/additive", ("context",), Tq=50, B=32, Tx=50, Q=256, A=256, D=256)
def _(rng: np.random.Generator, Tq: int, B: int, Tx: int, Q: int, A: int, D: int) -> Built:
    return _additive(rng, Q, A, D), _inputs(rng, Tq, B, Tx, Q, A)


@workload("attention/dot", ("context",), Tq=50, B=32, Tx=50, A=256)
def _(rng: np.random.Generator, Tq: int, B: int, Tx: int, A: int) -> Built:
    """Queries are as wide as the memory; scores of order one."""
    inputs = _inputs(rng, Tq, B, Tx, A, A)
    inputs.queries[...] /= math.sqrt(A)
    return NoParams(), inputs


@workload("attention/general", ("context",), Tq=50, B=32, Tx=50, Q=256, A=256)
def _(rng: np.random.Generator, Tq: int, B: int, Tx: int, Q: int, A: int) -> Built:
    weight = rng.standard_normal((Q, A)) / math.sqrt(Q * A)
    return GeneralParams(weight), _inputs(rng, Tq, B, Tx, Q, A)


def _decoder(
    cell: Contract,
    rng: np.random.Generator,
    T: int,
    B: int,
    Tx: int,
    E: int,
    A: int,
    D: int,
    H: int,
) -> Built:
    assert cell.shapes is not None, cell.key
    shapes = cell.shapes(CellDims(T, B, E + A, H))
    of_cell = cell.Params(**{n: recurrent_weights(rng, s, H) for n, s in shapes.items()})
    inputs = AttentionDecoderInputs(
        rng.standard_normal((T, B, E)),
        full(T, B),
        rng.standard_normal((Tx, B, A)),
        full(Tx, B),
        *(recurrent_weights(rng, (B, H), H) for _ in cell.state),
    )
    return AttentionDecoderParams(of_cell, _additive(rng, H, A, D)), inputs


for _cell in (RNN, GRU, LSTM):
    workload(
        f"attention/decoder_{_cell.name}",
        ("output", "context"),
        **{"T": 25, "B": 32, "Tx": 25, "E": 128, "A": 256, "D": 128, "H": 128},
    )(functools.partial(_decoder, _cell))
