"""An implementation on a device that takes and gives host arrays, as the tests' reference does.

Everything is copied on each call, state that is updated in place is copied back: for tests alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Gradients, Implementation, Plan, named_arrays
from seqbench.testing.trees import on_device, on_host


def host_facing(implementation: Implementation) -> HostFacing:
    return HostFacing(implementation)


class HostFacing(Implementation):
    """Forwards to an implementation on a device."""

    def __init__(self, inner: Implementation) -> None:
        self.inner = inner
        self.contract, self.backend = inner.contract, inner.backend
        self.impl_id, self.tier, self.dtypes = inner.impl_id, inner.tier, inner.dtypes

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def supports(self, dims: Any, dtype: str) -> str | None:
        return self.inner.supports(dims, dtype)

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return HostFacingPlan(self.inner.plan(dims, dtype, grad=grad), self.inner)


class HostFacingPlan(Plan):
    """Forwards to a plan on a device, arrays copied there and back."""

    def __init__(self, inner: Plan, implementation: Implementation) -> None:
        self._inner, self._implementation = inner, implementation
        self._host: Any = None
        self._device: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def notes(self) -> dict[str, Any]:
        return self._inner.notes

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        return self._inner.nbytes

    def load(self, params: Any) -> None:
        self._host, self._device = params, on_device(params, self._implementation.backend)
        self._inner.load(self._device)

    def forward(self, inputs: Any) -> Any:
        backend = self._implementation.backend
        outputs = on_host(self._inner.forward(on_device(inputs, backend)), backend)
        if self._implementation.contract.in_place:
            self._copy_back()
        return outputs

    def _copy_back(self) -> None:
        updated = dict(named_arrays(self._device))
        for name, array in named_arrays(self._host):
            np.copyto(array, self._implementation.backend.to_host(updated[name]))

    def backward(self, d_outputs: Any) -> Gradients:
        backend = self._implementation.backend
        return on_host(self._inner.backward(on_device(d_outputs, backend)), backend)
