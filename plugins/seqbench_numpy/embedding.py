"""A15's gather, tuned: rows taken into a buffer, gradients added by SciPy's sparse product.

`gather_columns` adds by a private loop of SciPy and says so where that is missing;
`gather_product` uses its public interface alone. They are two implementations with two names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.embedding import (
    EmbeddingDims,
    EmbeddingInputs,
    EmbeddingOutputs,
    EmbeddingParams,
)

from . import _scatter


def gather_columns(contract: Contract, backend: Backend) -> Gather:
    return Gather(contract, backend, "gather_columns", _scatter.add_by_columns)


def gather_product(contract: Contract, backend: Backend) -> Gather:
    return Gather(contract, backend, "gather_product", _scatter.add_by_product)


class Gather(Implementation):
    """Serves every size in float32 and float64; `add(out, ids, rows)` sums the gradients."""

    tier = "own"

    def __init__(
        self, contract: Contract, backend: Backend, name: str, add: Callable[..., None]
    ) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"numpy.{name}"
        self.dtypes = contract.dtypes
        self._add = add

    def supports(self, dims: Any, dtype: str) -> str | None:
        if self._add is _scatter.add_by_columns and _scatter.csc_matvecs is None:
            return "this SciPy has no csc_matvecs; choose numpy.gather_product"
        return super().supports(dims, dtype)

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return GatherPlan(dims, np.dtype(dtype), grad, self._add)


class GatherPlan(Plan):
    """The rows, and with `grad` the dense gradient; T is a capacity."""

    def __init__(
        self, dims: EmbeddingDims, dtype: np.dtype, grad: bool, add: Callable[..., None]
    ) -> None:
        T, B, V, E = dims
        self._add = add
        self._rows = np.empty((T, B, E), dtype)
        self._d_weight = np.empty((V, E), dtype) if grad else None
        self.nbytes = self._rows.nbytes + (0 if self._d_weight is None else self._d_weight.nbytes)

    def load(self, params: EmbeddingParams) -> None:
        self._params = params

    def forward(self, inputs: EmbeddingInputs) -> EmbeddingOutputs:
        self._inputs = inputs
        rows = self._rows[: len(inputs.ids)]
        np.take(self._params.weight, inputs.ids, axis=0, out=rows, mode="clip")  # raise would copy
        return EmbeddingOutputs(rows)

    def backward(self, d_outputs: EmbeddingOutputs) -> Gradients:
        d_weight = self._d_weight
        if d_weight is None:
            raise UnsupportedError(
                "embedding: this plan was made with grad=False and has no buffer for the gradient; "
                "ask for plan(dims, dtype, grad=True)"
            )
        d_weight[:] = 0
        if d_outputs.rows is not None:
            rows = d_outputs.rows.reshape(-1, d_weight.shape[1])
            self._add(d_weight, self._inputs.ids.reshape(-1), rows)
        return Gradients(EmbeddingParams(d_weight), EmbeddingInputs(None))
