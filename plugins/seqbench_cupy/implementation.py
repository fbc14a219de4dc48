"""What every implementation of this plugin shares: where it runs and what its plans hold."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from seqbench.interfaces import (
    Backend,
    Contract,
    Gradients,
    Implementation,
    Plan,
    UnsupportedError,
)

from .runtime import CudaRuntime


class CudaImplementation(Implementation):
    """Own kernels of one contract; a subclass names its plan type."""

    tier = "own"
    plan_type: ClassVar[type[CudaPlan]]

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"cupy.{contract.name}"
        self.dtypes = contract.dtypes
        self.runtime: CudaRuntime = backend.runtime  # type: ignore[attr-defined]

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return self.plan_type(self, dims, dtype, grad=grad)


class CudaPlan(Plan):
    """Buffers of one implementation on the device; `empty` allocates and counts them."""

    def __init__(self, impl: CudaImplementation, dims: Any, dtype: str, *, grad: bool) -> None:
        self.runtime, self.backend, self.contract = impl.runtime, impl.backend, impl.contract
        self.dims, self.dtype, self.grad = dims, dtype, grad
        self.nbytes = 0
        self._params: Any = None
        self._inputs: Any = None
        self._allocate()

    def _allocate(self) -> None:
        """Make the buffers; a plan without any leaves it."""

    def empty(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        made = self.runtime.empty(shape, np.dtype(dtype or self.dtype))
        self.nbytes += int(made.nbytes)
        return made

    def load(self, params: Any) -> None:
        self._params = params

    def backward(self, d_outputs: Any) -> Gradients:
        """A contract that is differentiable overrides it."""
        raise UnsupportedError(f"{self.contract.key} has no gradient")
