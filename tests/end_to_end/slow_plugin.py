"""A plugin for NumPy's GRU that computes what the shared text does, three times."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import (
    Gradients,
    Implementation,
    ImplementationSpec,
    Plan,
    SharedText,
    hookimpl,
)

TIMES = 3


@hookimpl
def seqbench_implementations() -> list[ImplementationSpec]:
    return [ImplementationSpec("cell", "gru", "numpy", "numpy.gru_thrice", f"{__name__}:Thrice")]


class ThricePlan(Plan):
    def __init__(self, right: Plan) -> None:
        self.right, self.nbytes = right, right.nbytes

    def load(self, params: Any) -> None:
        self.right.load(params)

    def forward(self, inputs: Any) -> Any:
        for _ in range(TIMES):
            found = self.right.forward(inputs)
        return found

    def backward(self, d_outputs: Any) -> Gradients:
        for _ in range(TIMES):
            found = self.right.backward(d_outputs)
        return found


class Thrice(Implementation):
    tier = "own"

    def __init__(self, contract: Any, backend: Any) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id, self.dtypes = "numpy.gru_thrice", contract.dtypes

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return ThricePlan(SharedText(self.contract, self.backend).plan(dims, dtype, grad=grad))
