"""Run an implementation on host arrays: the plan's life in one object."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from seqbench.interfaces import Gradients, Implementation, UnsupportedError

from .cases import InputCase
from .trees import is_floating, on_device, on_host, tree_map


class HostPlan:
    """A plan fed with host arrays; what it returns is copied back before the next call."""

    def __init__(self, impl: Implementation, dims: Any, dtype: str, *, grad: bool) -> None:
        self._backend = impl.backend
        self.plan = impl.plan(dims, dtype, grad=grad)

    def load(self, params: Any) -> None:
        self.params = on_device(params, self._backend)
        self.plan.load(self.params)

    def forward(self, inputs: Any) -> Any:
        self.inputs = on_device(inputs, self._backend)
        self.outputs = self.plan.forward(self.inputs)
        return on_host(self.outputs, self._backend)

    def backward(self, d_outputs: Any) -> Gradients:
        self.d_outputs = on_device(d_outputs, self._backend)
        self.gradients = self.plan.backward(self.d_outputs)
        gradients: Gradients = on_host(self.gradients, self._backend)
        return gradients


def dims_of(impl: Implementation, case: InputCase) -> Any:
    return impl.contract.dims(case.params, case.inputs)


def planned(
    impl: Implementation, case: InputCase, *, grad: bool = False, dims: Any = None
) -> HostPlan:
    """A plan for the case (or for `dims`), its parameters loaded."""
    plan = HostPlan(impl, dims_of(impl, case) if dims is None else dims, case.dtype, grad=grad)
    plan.load(case.params)
    return plan


def forward_of(impl: Implementation, case: InputCase) -> Any:
    """Outputs of a fresh plan."""
    return planned(impl, case).forward(case.inputs)


def gradients_of(impl: Implementation, case: InputCase, d_outputs: Any) -> tuple[Any, Gradients]:
    """(outputs, gradients) of a fresh plan."""
    plan = planned(impl, case, grad=True)
    outputs = plan.forward(case.inputs)
    return outputs, plan.backward(d_outputs)


def differentiable(impl: Implementation) -> bool:
    return impl.contract.backward is not None


def upstream(case: InputCase, outputs: Any, seed: int = 1) -> Any:
    """Random d_outputs like `outputs`; None for what carries no gradient."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for field in fields(outputs):
        value = getattr(outputs, field.name)
        graded = case.graded is None or field.name in case.graded
        carries = graded and is_floating(value)
        drawn[field.name] = rng.normal(size=value.shape).astype(case.dtype) if carries else None
    return replace(outputs, **drawn)


def scaled(case: InputCase, factor: float) -> InputCase:
    """The same case with other numbers in it: floating arrays times `factor`."""

    def scale(array: Any) -> Any:
        return (array * factor).astype(array.dtype) if is_floating(array) else array.copy()

    return replace(case, params=tree_map(scale, case.params), inputs=tree_map(scale, case.inputs))


def require_served(impl: Implementation, case: InputCase) -> None:
    """Raise UnsupportedError where the implementation says that it has no such sizes or dtype."""
    reason = impl.supports(dims_of(impl, case), case.dtype)
    if reason is not None:
        raise UnsupportedError(f"{impl.impl_id}: {reason}")
