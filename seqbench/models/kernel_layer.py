"""A stateless kernel (embedding, attention, loss) inside a model: plans by size, last one kept."""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Kernels

from .parameters import Parameters
from .plans import Notes, PlanCache


class KernelLayer:
    """`kind/name` with its parameters under `prefix`; `capacities` size the time-like axes."""

    def __init__(
        self,
        kernels: Kernels,
        key: str,
        params: Parameters,
        prefix: str = "",
        *,
        grad: bool,
    ) -> None:
        self._implementation = kernels.get(*key.split("/"))
        self.contract = self._implementation.contract
        self._params, self._prefix = params, prefix
        self._plans = PlanCache(self._implementation, params.dtype, grad=grad)
        self._values: Any = None
        self._plan: Any = None

    def load(self) -> None:
        """Take the current parameters."""
        self._values = self._params.group(self._prefix, self.contract.Params)
        self._plans.load(self._values)

    @property
    def params(self) -> Any:
        """The kernel's Params, as last loaded."""
        return self._values

    def forward(self, inputs: Any, **capacities: int) -> Any:
        dims = self.contract.dims(self._values, inputs)._replace(**capacities)
        self._plan = self._plans.plan(dims)
        return self._plan.forward(inputs)

    def backward(self, d_outputs: Any) -> Any:
        """Writes the parameter gradients; returns the gradient of the inputs."""
        gradients = self._plan.backward(d_outputs)
        if self._prefix:
            self._params.set_gradients(self._prefix, gradients.params)
        return gradients.inputs

    @property
    def notes(self) -> Notes:
        """What its plans counted."""
        return self._plans.notes
