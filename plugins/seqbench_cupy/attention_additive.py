"""The additive score of A33: queries and keys projected to one size, exponentials beside them."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Gradients
from seqbench.kernels.attention import AdditiveParams, AttentionInputs

from .attention import AttentionPlan, flat
from .implementation import CudaImplementation
from .launch import block_a_row

LIMIT = {"float32": 20.0, "float64": 170.0}
"""Entries beyond it are far: two of them may leave the range of exp(2 q) exp(2 k)."""


class AdditivePlan(AttentionPlan):
    """Queries and keys projected to D, their exponentials beside them."""

    additive = True

    def _projections(self, queries: int, keys: int) -> dict[str, int]:
        return {"queries": queries, "keys": keys, "exp_queries": queries, "exp_keys": keys}

    def _projected(self, inputs: AttentionInputs) -> tuple[Any, ...]:
        params = self._params
        queries = self._product("queries", inputs.queries, params.weight_query.T)
        if inputs.projected_memory is None:
            keys = self._product("keys", inputs.memory, params.weight_key.T)
        else:
            keys = self._view("keys", *inputs.projected_memory.shape)
            keys[...] = inputs.projected_memory
        exp_queries, far_queries = self._exponentials("exp_queries", queries, params.bias, 0)
        exp_keys, far_keys = self._exponentials("exp_keys", keys, None, 1)
        return queries, keys, exp_queries, exp_keys, far_queries, far_keys, params.v

    def _exponentials(self, name: str, rows: Any, bias: Any, side: int) -> tuple[Any, Any]:
        far = self._far[side][: rows.shape[0] * rows.shape[1]]
        return self._exponentials_of(rows, bias, self._view(name, *rows.shape), far)

    def _exponentials_of(self, rows: Any, bias: Any, exps: Any, far: Any) -> tuple[Any, Any]:
        """Adds the bias to the rows and marks those that are far."""
        D = self.dims.D
        launch = block_a_row(len(far), D, self.runtime.properties)
        self._kernel("exponentials")(*launch, rows, bias, exps, far, D, LIMIT[self.dtype])
        return exps, far

    def _unprojected(self, d_projected: Any, d_keys: Any, d_memory: Any) -> Gradients:
        queries = self._inputs.queries
        d_params, d_memory = self._d_params(queries, d_projected, d_keys, d_memory)
        d_queries = self._product("d_queries", d_projected, self._params.weight_query)
        return Gradients(d_params, AttentionInputs(d_queries, d_memory, None))

    def _d_params(
        self, queries: Any, d_projected: Any, d_keys: Any, d_memory: Any
    ) -> tuple[AdditiveParams, Any]:
        """(gradient of the parameters, of the memory as keys and values)."""
        Tq, B, D = d_projected.shape
        shares = self._shares_v[: self._sharing(Tq) * B * D].reshape(-1, D)
        weight_key, d_memory = self._through_keys(d_keys, d_memory, self._params.weight_key)
        d_flat = flat(d_projected)
        d_params = AdditiveParams(
            weight_query=d_flat.T @ flat(queries),  # queries W_q^T + b
            weight_key=weight_key,
            bias=d_flat.sum(axis=0),
            v=shares.sum(axis=0),
        )
        return d_params, d_memory


class AdditiveAttention(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = AdditivePlan
