"""An affine map over the last axis, forward and backward."""

from __future__ import annotations

from seqbench.interfaces import Array

from .parameters import Parameters, Shape


def linear_shapes(prefix: str, input_size: int, output_size: int) -> dict[str, Shape]:
    return {f"{prefix}.weight": (output_size, input_size), f"{prefix}.bias": (output_size,)}


def linear(params: Parameters, prefix: str, x: Array) -> Array:
    """x (..., I) @ weight.T (I, O) + bias (O,) -> (..., O)."""
    rows = x.reshape(-1, x.shape[-1])
    y = rows @ params[f"{prefix}.weight"].T
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
