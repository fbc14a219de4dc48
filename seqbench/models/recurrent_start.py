"""Where a recurrent cell's weights start: what decides how much of a state is left after a step.

Glorot & Bengio (2010) uniform as everywhere here; orthogonal (Saxe et al. 2014); the identity (Le,
Jaitly & Hinton 2015, there with rectifiers). Each is done to every gate's own (H, H) block alike.
The bias of the gate that keeps the old state is `forget_bias`: f of an LSTM (Gers et al. 2000), z
of a GRU; the coupled LSTM keeps 1 - i, so i takes it negated; a plain RNN has no such gate.
"""

from __future__ import annotations

import zlib

import numpy as np

from seqbench.interfaces import unknown_name

from .parameters import Parameters

STARTS = ("glorot", "orthogonal", "identity")
KEEPING = {
    "lstm": ("bias", 1, 1.0),
    "lstm_peephole": ("bias", 1, 1.0),
    "lstm_peephole_full": ("bias", 1, 1.0),
    "lstm_coupled": ("bias", 0, -1.0),
    "gru": ("bias_ih", 1, 1.0),
    "gru_reset_before": ("bias_ih", 1, 1.0),
    "gru_simplified": ("bias", 0, 1.0),
}
"""cell -> the vector that holds the bias of the gate that keeps, that gate's place, its sign."""


def start_recurrent(parameters: Parameters, initial: str, seed: int) -> None:
    """Replace every `weight_hh`, drawn by NumPy from (seed, name); `glorot` leaves what is there.

    Raises UnknownNameError for another name.
    """
    if initial not in STARTS:
        raise unknown_name("start of recurrent weights", initial, STARTS)
    if initial == "glorot":
        return
    for name, shape in parameters.shapes.items():
        if not name.endswith(".weight_hh"):
            continue
        rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(f"{name} start".encode())]))
        H = shape[1]
        blocks = [_block(initial, H, rng) for _ in range(shape[0] // H)]
        value = np.concatenate(blocks).astype(parameters.dtype)
        parameters[name][...] = parameters.xp.asarray(value)


def _block(initial: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """(H, H) float64; orthogonal ones are uniform, which wants the signs of R's diagonal."""
    if initial == "identity":
        return np.eye(size)
    q, r = np.linalg.qr(rng.normal(size=(size, size)))
    signed: np.ndarray = q * np.sign(np.diag(r))
    return signed


def set_forget_bias(parameters: Parameters, cell: str, value: float, hidden_size: int) -> None:
    """Let every layer's keeping gate start at `value`; a cell without one is left as it is."""
    if cell not in KEEPING:
        return
    field, gate, sign = KEEPING[cell]
    rows = slice(gate * hidden_size, (gate + 1) * hidden_size)
    for name in parameters.shapes:
        if name.startswith("layer") and name.endswith(f".{field}"):
            parameters[name][rows] = sign * value
