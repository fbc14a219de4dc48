"""An affine map over the last axis, forward and backward."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Array

from .parameters import Parameters, Shape

FEW_ROWS = 64
UNPACKED = 200_000
"""Multiplications of a product that OpenBLAS does without packing its operands first."""


def linear_shapes(prefix: str, input_size: int, output_size: int) -> dict[str, Shape]:
    return {f"{prefix}.weight": (output_size, input_size), f"{prefix}.bias": (output_size,)}


def _product(rows: Array, weight: Array, xp: Any, *, on_host: bool) -> Array:
    """rows (N, I) @ weight.T (I, O), C-contiguous.

    On a host: a step of decoding multiplies few rows by a matrix of the vocabulary's size, which
    BLAS packs anew each time. In blocks of outputs small enough to go unpacked that is left out
    (10k x 256 on Zen 4: 0.3 ms for 1.5 at 2 rows, 0.8 for 2.0 at 10, 4.0 for 4.9 at 64).
    """
    (N, I), O = rows.shape, len(weight)
    block = UNPACKED // max(1, N * I)
    if not on_host or not (1 < N <= FEW_ROWS and 4 <= block < O):
        return rows @ weight.T
    whole = O // block * block
    y = xp.empty((N, O), rows.dtype)
    blocks = weight[:whole].reshape(-1, block, I).transpose(0, 2, 1)
    xp.matmul(rows, blocks, out=y[:, :whole].reshape(N, -1, block).transpose(1, 0, 2))
    y[:, whole:] = rows @ weight[whole:].T
    return y


def linear(params: Parameters, prefix: str, x: Array) -> Array:
    """x (..., I) @ weight.T (I, O) + bias (O,) -> (..., O)."""
    rows = x.reshape(-1, x.shape[-1])
    y = _product(rows, params[f"{prefix}.weight"], params.xp, on_host=params.on_host)
    y += params[f"{prefix}.bias"]
    return y.reshape(*x.shape[:-1], y.shape[-1])


def linear_backward(params: Parameters, prefix: str, x: Array, d_y: Array) -> Array:
    """Writes the gradients of weight and bias, returns d_x."""
    rows, d_rows = x.reshape(-1, x.shape[-1]), d_y.reshape(-1, d_y.shape[-1])
    params.d(f"{prefix}.weight")[...] = d_rows.T @ rows  # y = x weight.T
    params.d(f"{prefix}.bias")[...] = d_rows.sum(axis=0)
    return (d_rows @ params[f"{prefix}.weight"]).reshape(x.shape)


def linear_flops(rows: int, input_size: int, output_size: int, grad: bool) -> int:
    """One GEMM forward, two more backward."""
    return (3 if grad else 1) * 2 * rows * input_size * output_size
