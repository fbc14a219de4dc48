"""A38's Adam, tuned: in place, in chunks whose four arrays and one scratch stay in the cache.

The corrections of both moments are folded into two scalars a step (`adam_scalars`), which leaves
twelve passes over a chunk.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels.optimizers import (
    AdamInputs,
    AdamParams,
    OptimizerDims,
    OptimizerOutputs,
    adam_scalars,
)

CHUNK_BYTES = 256 * 1024
"""Of one array; five are alive, so this is past the second-level cache: longer calls won."""


class Adam(Implementation):
    """Serves every size in float32 and float64."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"numpy.{contract.name}"
        self.dtypes = contract.dtypes

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return AdamPlan(dims, np.dtype(dtype))


class AdamPlan(Plan):
    """One scratch chunk; the parameters are updated where they are."""

    def __init__(self, dims: OptimizerDims, dtype: np.dtype) -> None:
        self._size = max(1, min(dims.N, CHUNK_BYTES // dtype.itemsize))
        self._scratch = np.empty(self._size, dtype)
        self.nbytes = self._scratch.nbytes

    def load(self, params: AdamParams) -> None:
        self._params = params

    def forward(self, inputs: AdamInputs) -> OptimizerOutputs:
        params, size = self._params, self._size
        for first in range(0, len(params.weight), size):
            part = slice(first, first + size)
            self._update(params.weight[part], params.m[part], params.v[part], inputs, part)
        return OptimizerOutputs(params.weight)

    def _update(self, weight, m, v, inputs: AdamInputs, part: slice) -> None:
        gradient, scratch = inputs.gradient[part], self._scratch[: len(weight)]
        rate, epsilon = adam_scalars(inputs)
        np.subtract(gradient, m, out=scratch)  # m += (1 - beta1) (gradient - m)
        np.multiply(scratch, 1 - inputs.beta1, out=scratch)
        np.add(m, scratch, out=m)
        np.multiply(gradient, gradient, out=scratch)  # v = beta2 v + (1 - beta2) gradient^2
        np.multiply(scratch, 1 - inputs.beta2, out=scratch)
        np.multiply(v, inputs.beta2, out=v)
        np.add(v, scratch, out=v)
        np.sqrt(v, out=scratch)
        np.add(scratch, epsilon, out=scratch)
        np.divide(m, scratch, out=scratch)
        np.multiply(scratch, rate, out=scratch)
        if inputs.weight_decay:
            np.multiply(weight, 1 - inputs.learning_rate * inputs.weight_decay, out=weight)
        np.subtract(weight, scratch, out=weight)

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("optimizer/adam has no gradient; it is an update, not a layer")
