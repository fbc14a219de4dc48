"""Weights to and from torch's recurrent layers: names, directions, and one bias for its two.

Gate orders agree: LSTM i, f, g, o and GRU r, z, n. torch keeps `bias_ih` and `bias_hh` for every
cell; RNN and LSTM need but their sum. Host arrays on both sides: `{k: v.numpy() for k, v in
layer.state_dict().items()}` is what `from_torch` takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.interfaces import ShapeError, UnsupportedError, unknown_name
from seqbench.kernels.gru import GRUParams
from seqbench.kernels.lstm import LSTMParams
from seqbench.kernels.rnn import RNNParams

TORCH_CELLS: dict[str, type] = {"rnn": RNNParams, "gru": GRUParams, "lstm": LSTMParams}
TENSORS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


@dataclass(frozen=True, slots=True)
class TorchWeights:
    """What a torch layer holds: a cell's Params a part, layer by layer, forward before backward."""

    cell: str
    parts: tuple[Any, ...]
    num_layers: int
    bidirectional: bool


def to_torch(
    cell: str, parts: Sequence[Any], *, bidirectional: bool = False, prefix: str = ""
) -> dict[str, np.ndarray]:
    """The state of torch.nn.RNN, GRU or LSTM: `prefix` + `weight_ih_l0`, `..._l0_reverse`, ...

    A single bias becomes bias_ih, and bias_hh is zero.
    """
    _check_cell(cell)
    ways = 2 if bidirectional else 1
    if len(parts) == 0 or len(parts) % ways:
        raise ShapeError(
            f"to_torch {cell}: {len(parts)} parts, expected {ways} a layer; "
            "give every layer's weights, forward before backward"
        )
    state = {}
    for part, params in enumerate(parts):
        suffix = f"_l{part // ways}" + ("_reverse" if part % ways else "")
        for name, value in zip(TENSORS, _split(cell, params), strict=True):
            state[prefix + name + suffix] = np.array(value)
    return state


def from_torch(cell: str, state: Mapping[str, np.ndarray], *, prefix: str = "") -> TorchWeights:
    """The inverse of `to_torch`; a layer without biases gets zeros. New arrays.

    Raises UnsupportedError for an LSTM with a projection (proj_size), ShapeError where a part or
    tensor is missing. torch's state does not tell the nonlinearity of its RNN: it must be tanh.
    """
    _check_cell(cell)
    names = [name.removeprefix(prefix) for name in state if name.startswith(prefix)]
    projected = [name for name in names if name.startswith("weight_hr_")]
    if projected:
        raise UnsupportedError(
            f"from_torch {cell}: the layer has a projection ({projected[0]}), expected none; "
            "build it with proj_size=0"
        )
    suffixes = [name.removeprefix("weight_ih") for name in names if name.startswith("weight_ih")]
    bidirectional = any(suffix.endswith("_reverse") for suffix in suffixes)
    ways = ("", "_reverse") if bidirectional else ("",)
    num_layers = len(suffixes) // len(ways)
    expected = [f"_l{layer}{way}" for layer in range(num_layers) for way in ways]
    if not expected or sorted(suffixes) != sorted(expected):
        raise ShapeError(
            f"from_torch {cell}: weights of {', '.join(suffixes) or 'no layer'} under "
            f"{prefix!r}, expected weight_ih_l0, _l1, ... without a gap; "
            "give the state of one recurrent layer"
        )
    parts = tuple(_merge(cell, state, prefix, suffix) for suffix in expected)
    return TorchWeights(cell, parts, num_layers, bidirectional)


def _check_cell(cell: str) -> None:
    if cell not in TORCH_CELLS:
        raise unknown_name("cell of torch", cell, TORCH_CELLS)


def _split(cell: str, params: Any) -> tuple[np.ndarray, ...]:
    """TENSORS of one part."""
    if cell == "gru":
        return params.weight_ih, params.weight_hh, params.bias_ih, params.bias_hh
    return params.weight_ih, params.weight_hh, params.bias, np.zeros_like(params.bias)


def _merge(cell: str, state: Mapping[str, np.ndarray], prefix: str, suffix: str) -> Any:
    def tensor(name: str) -> np.ndarray:
        if prefix + name + suffix not in state:
            raise ShapeError(
                f"from_torch {cell}: {prefix + name + suffix} is missing, expected beside "
                f"{prefix}weight_ih{suffix}; give the state of one recurrent layer"
            )
        return np.array(state[prefix + name + suffix])

    weight_ih, weight_hh = tensor("weight_ih"), tensor("weight_hh")
    if prefix + "bias_ih" + suffix in state:
        biases = tensor("bias_ih"), tensor("bias_hh")
    else:
        biases = np.zeros_like(weight_ih[:, 0]), np.zeros_like(weight_ih[:, 0])
    if cell == "gru":
        return GRUParams(weight_ih, weight_hh, *biases)
    return TORCH_CELLS[cell](weight_ih, weight_hh, biases[0] + biases[1])
