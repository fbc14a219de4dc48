"""An affine map over the last axis, forward and backward."""

from __future__ import annotations

from seqbench.interfaces import Array

from .parameters import Parameters, Shape

ROW_BY_ROW, FEW_ROWS = 3, 48


def linear_shapes(prefix: str, input_size: int, output_size: int) -> dict[str, Shape]:
    return {f"{prefix}.weight": (output_size, input_size), f"{prefix}.bias": (output_size,)}


def _product(rows: Array, weight: Array) -> Array:
    """rows (N, I) @ weight.T (I, O), C-contiguous.

    A step of decoding multiplies few rows by a matrix of the vocabulary's size, and BLAS packs the
    right operand anew each time. Three rows or fewer are cheaper one by one; up to FEW_ROWS the
    matrix on the left is (10k x 256 on Zen 4: 1.8 ms for 2.7 at 3 rows, 2.3 for 3.1 at 10).
    """
    if len(rows) <= ROW_BY_ROW:
        return (weight @ rows[:, :, None])[..., 0]
    if len(rows) <= FEW_ROWS:
        return (weight @ rows.T).T.copy()
    return rows @ weight.T


def linear(params: Parameters, prefix: str, x: Array) -> Array:
    """x (..., I) @ weight.T (I, O) + bias (O,) -> (..., O)."""
    rows = x.reshape(-1, x.shape[-1])
    y = _product(rows, params[f"{prefix}.weight"])
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
