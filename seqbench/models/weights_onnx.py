"""Weights to and from ONNX's RNN, GRU and LSTM: gate orders, packing, peepholes, coupled gates.

ONNX (operators RNN, GRU, LSTM, opset 22) packs W (directions, gates * H, I), R (directions,
gates * H, H), B (directions, 2 * gates * H), the input's biases before the recurrent ones, and P
(directions, 3 * H). Its gates are z, r, h for the GRU and i, o, f, c for the LSTM, its peepholes
i, o, f. One node is one layer; a stack is several.

| cell here | operator | attribute |
|---|---|---|
| rnn | RNN | |
| gru_reset_before, gru | GRU | linear_before_reset = 0, 1 |
| lstm, lstm_peephole | LSTM | with P for the second |
| lstm_coupled | LSTM | input_forget = 1 |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqbench.interfaces import ShapeError, UnsupportedError, unknown_name
from seqbench.kernels.gru import GRUParams
from seqbench.kernels.lstm import LSTMParams
from seqbench.kernels.lstm_coupled import LSTMCoupledParams
from seqbench.kernels.lstm_peephole import LSTMPeepholeParams
from seqbench.kernels.rnn import RNNParams

# ONNX's k-th block is ours of this number.
ORDERS = {"RNN": (0,), "GRU": (1, 0, 2), "LSTM": (0, 3, 1, 2)}
PEEPHOLE_ORDER = (0, 2, 1)
COUPLED_ORDER = (0, 2, 0, 1)  # i, o, i again in place of f, c
FORGET_BLOCK = 2
OPERATORS = {
    "rnn": "RNN",
    "gru": "GRU",
    "gru_reset_before": "GRU",
    "lstm": "LSTM",
    "lstm_peephole": "LSTM",
    "lstm_coupled": "LSTM",
}
ACTIVATIONS = {"RNN": ("Tanh",), "GRU": ("Sigmoid", "Tanh"), "LSTM": ("Sigmoid", "Tanh", "Tanh")}
TAKEN = {"hidden_size", "direction", "linear_before_reset", "input_forget", "layout", "activations"}
"""Attributes that `from_onnx` reads or that do not touch the weights; others are refused."""


@dataclass(frozen=True, slots=True)
class OnnxWeights:
    """The tensors and attributes of one ONNX node; B and P may be absent."""

    operator: str
    W: np.ndarray
    R: np.ndarray
    B: np.ndarray | None = None
    P: np.ndarray | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


def to_onnx(cell: str, parts: Sequence[Any]) -> OnnxWeights:
    """A layer's weights, forward or forward and backward, as an ONNX node has them.

    A single bias is the input's, the recurrent one zero. Coupled gates: the forget rows, which
    input_forget = 1 leaves unused, are the input rows negated, so that an evaluator that does not
    know the attribute computes the same.
    """
    if cell not in OPERATORS:
        raise unknown_name("cell of ONNX", cell, OPERATORS)
    if len(parts) not in (1, 2):
        raise ShapeError(
            f"to_onnx {cell}: {len(parts)} parts, expected 1 or 2, the directions of one layer; "
            "make a node a layer"
        )
    operator = OPERATORS[cell]
    attributes: dict[str, Any] = {
        "hidden_size": int(parts[0].weight_hh.shape[1]),
        "direction": "bidirectional" if len(parts) == 2 else "forward",
    }
    if operator == "GRU":
        attributes["linear_before_reset"] = int(cell == "gru")
    if cell == "lstm_coupled":
        attributes["input_forget"] = 1
    packed = [_pack(cell, params) for params in parts]
    W, R, B = (np.stack(tensors) for tensors in zip(*packed, strict=True))
    P = None
    if cell == "lstm_peephole":
        P = np.stack([_blocks(params.peephole, 3, PEEPHOLE_ORDER) for params in parts])
    return OnnxWeights(operator, W, R, B, P, attributes)


def from_onnx(weights: OnnxWeights) -> tuple[str, tuple[Any, ...]]:
    """(cell, its Params a direction); new arrays.

    input_forget = 1 with P, which no cell here ties, becomes `lstm_peephole` with the forget gate's
    weights the input gate's negated: 1 - sigmoid(a) = sigmoid(-a). The same function; training it
    unties the two.

    Raises UnsupportedError for activations other than the default, clipping or a single reverse
    direction, and ShapeError where the tensors disagree.
    """
    _check_attributes(weights)
    _check_shapes(weights)
    cell = _cell_of(weights)
    return cell, tuple(_unpack(cell, weights, way) for way in range(len(weights.W)))


def _cell_of(weights: OnnxWeights) -> str:
    if weights.operator == "RNN":
        return "rnn"
    if weights.operator == "GRU":
        return "gru" if weights.attributes.get("linear_before_reset", 0) else "gru_reset_before"
    if weights.P is not None:
        return "lstm_peephole"
    return "lstm_coupled" if weights.attributes.get("input_forget", 0) else "lstm"


def _blocks(rows: np.ndarray, gates: int, order: Sequence[int]) -> np.ndarray:
    """(gates * H, ...) with its blocks of H rows taken in `order`; a copy."""
    by_gate = rows.reshape(gates, -1, *rows.shape[1:])
    return by_gate[list(order)].reshape(-1, *rows.shape[1:])


def _pack(cell: str, params: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One direction's W, R and B."""
    bias_ih = params.bias_ih if OPERATORS[cell] == "GRU" else params.bias
    bias_hh = params.bias_hh if OPERATORS[cell] == "GRU" else np.zeros_like(params.bias)
    tensors = (params.weight_ih, params.weight_hh, bias_ih, bias_hh)
    gates = len(bias_ih) // params.weight_hh.shape[1]
    order = COUPLED_ORDER if cell == "lstm_coupled" else ORDERS[OPERATORS[cell]]
    W, R, *biases = (_blocks(tensor, gates, order) for tensor in tensors)
    if cell == "lstm_coupled":
        for tensor in (W, R, *biases):
            _negate_forget(tensor)
    return W, R, np.concatenate(biases)


def _negate_forget(rows: np.ndarray) -> None:
    H = len(rows) // 4
    block = rows[FORGET_BLOCK * H : (FORGET_BLOCK + 1) * H]
    np.negative(block, out=block)


def _unpack(cell: str, weights: OnnxWeights, way: int) -> Any:
    """One direction's Params."""
    order = ORDERS[weights.operator]
    gates, H = len(order), weights.R.shape[2]
    ours = np.argsort(order).tolist()
    packed = np.zeros(2 * gates * H, weights.W.dtype) if weights.B is None else weights.B[way]
    sources = (weights.W[way], weights.R[way], *packed.reshape(2, -1))
    weight_ih, weight_hh, bias_ih, bias_hh = (_blocks(rows, gates, ours) for rows in sources)
    if weights.operator == "GRU":
        return GRUParams(weight_ih, weight_hh, bias_ih, bias_hh)
    tensors = (weight_ih, weight_hh, bias_ih + bias_hh)
    if cell == "rnn":
        return RNNParams(*tensors)
    coupled = bool(weights.attributes.get("input_forget", 0))
    if cell == "lstm_coupled":
        return LSTMCoupledParams(*(_blocks(tensor, 4, (0, 2, 3)) for tensor in tensors))
    if cell == "lstm":
        return LSTMParams(*tensors)
    assert weights.P is not None
    peephole = _blocks(weights.P[way], 3, np.argsort(PEEPHOLE_ORDER).tolist())
    for tensor in (*tensors, peephole) if coupled else ():
        tensor[H : 2 * H] = -tensor[:H]  # f is 1 - i
    return LSTMPeepholeParams(*tensors, peephole)


def _check_attributes(weights: OnnxWeights) -> None:
    operator, attributes = weights.operator, weights.attributes
    if operator not in ORDERS:
        raise unknown_name("recurrent operator of ONNX", operator, ORDERS)
    unknown = sorted(set(attributes) - TAKEN)
    if unknown:
        raise UnsupportedError(
            f"from_onnx {operator}: the attribute {unknown[0]} is {attributes[unknown[0]]!r}, "
            "expected none; no cell here has it: export the model without"
        )
    directions = len(weights.W)
    given = attributes.get("direction", "forward")
    if given != ("bidirectional" if directions == 2 else "forward"):
        raise UnsupportedError(
            f"from_onnx {operator}: direction is {given!r} with {directions} in W, expected "
            "'forward' with 1 or 'bidirectional' with 2; reverse the batch by length instead"
        )
    activations = tuple(attributes.get("activations", ACTIVATIONS[operator] * directions))
    if activations != ACTIVATIONS[operator] * directions:
        raise UnsupportedError(
            f"from_onnx {operator}: activations are {', '.join(activations)}, expected "
            f"{', '.join(ACTIVATIONS[operator])} a direction; no cell here has others"
        )


def _check_shapes(weights: OnnxWeights) -> None:
    gates = len(ORDERS[weights.operator])
    directions, H, I = weights.R.shape[0], weights.R.shape[-1], weights.W.shape[-1]
    expected = {
        "W": (directions, gates * H, I),
        "R": (directions, gates * H, H),
        "B": (directions, 2 * gates * H),
        "P": (directions, 3 * H),
    }
    for name, shape in expected.items():
        tensor = getattr(weights, name)
        if tensor is not None and tensor.shape != shape:
            raise ShapeError(
                f"from_onnx {weights.operator}: {name} is {tensor.shape}, expected {shape}: "
                "directions, then gates times the hidden size of R"
            )
    if weights.attributes.get("hidden_size", H) != H:
        raise ShapeError(
            f"from_onnx {weights.operator}: hidden_size is {weights.attributes['hidden_size']}, "
            f"expected {H}, the last axis of R"
        )
