"""A plan whose gradients come from autograd: what every differentiable peer of torch shares."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, replace
from typing import Any

import torch

from seqbench.interfaces import (
    Backend,
    Contract,
    Gradients,
    Implementation,
    Plan,
    UnsupportedError,
)


class AutogradPlan(Plan):
    """Forward records a graph, backward differentiates it; the graph is kept for the next one.

    Every floating tensor of Params, and every field of Inputs that `graded` names, is a leaf.
    `nbytes` counts what the plan allocates itself; autograd allocates the rest a call.
    """

    graded: tuple[str, ...] = ()

    def __init__(self, contract: Contract, grad: bool) -> None:
        self._contract, self._grad = contract, grad
        self._weights: dict[str, torch.Tensor] = {}

    def load(self, params: Any) -> None:
        """Binds the tensors as they are: an update in place is seen."""
        self._weights = {f.name: self._leaf(getattr(params, f.name)) for f in fields(params)}

    def _leaf(self, value: torch.Tensor) -> torch.Tensor:
        """The same memory, outside any other graph."""
        return value.detach().requires_grad_(self._grad)

    @abstractmethod
    def _run(self, inputs: Any) -> dict[str, torch.Tensor]:
        """Outputs by name, of `self._weights` and of inputs whose graded fields are leaves."""

    def forward(self, inputs: Any) -> Any:
        with torch.set_grad_enabled(self._grad):
            self._leaves = {name: self._leaf(getattr(inputs, name)) for name in self.graded}
            self._results = self._run(replace(inputs, **self._leaves))
        found = {name: value.detach() for name, value in self._results.items()}
        return self._contract.Outputs(**found)

    def backward(self, d_outputs: Any) -> Gradients:
        if not self._grad:
            raise UnsupportedError(
                "backward: this plan was made with grad=False and recorded no graph; "
                "ask for plan(dims, dtype, grad=True)"
            )
        wanted = {**self._weights, **self._leaves}
        found = self._differentiate(d_outputs, list(wanted.values()))
        gradients = {
            name: torch.zeros_like(value) if d is None else d.contiguous()
            for (name, value), d in zip(wanted.items(), found, strict=True)
        }
        d_params = {name: gradients[name] for name in self._weights}
        return Gradients(self._contract.Params(**d_params), self._d_inputs(gradients))

    def _d_inputs(self, gradients: dict[str, torch.Tensor]) -> Any:
        """Inputs of gradients: None for what has none, settings at their defaults."""
        required = [f.name for f in fields(self._contract.Inputs) if f.default is MISSING]
        graded = {name: gradients[name] for name in self._leaves}
        return self._contract.Inputs(**(dict.fromkeys(required) | graded))

    def _differentiate(
        self, d_outputs: Any, wanted: list[torch.Tensor]
    ) -> Sequence[torch.Tensor | None]:
        """The gradient of each wanted tensor; None where nothing given depends on it."""
        given = [(value, self._upstream(d_outputs, name)) for name, value in self._results.items()]
        pairs = [(y, d) for y, d in given if d is not None and y.requires_grad]
        if not pairs or not wanted:
            return [None] * len(wanted)
        results, d_results = zip(*pairs, strict=True)
        # The graph is kept: backward is repeatable until the next forward.
        return torch.autograd.grad(results, wanted, d_results, retain_graph=True, allow_unused=True)

    def _upstream(self, d_outputs: Any, name: str) -> torch.Tensor | None:
        """The gradient given for one output; None is zero."""
        d_output: torch.Tensor | None = getattr(d_outputs, name)
        return d_output


class AutogradPeer(Implementation):
    """A contract that a subclass of AutogradPlan serves; `plan_type(contract, grad)` makes one."""

    tier = "peer"

    def __init__(
        self,
        contract: Contract,
        backend: Backend,
        plan_type: Callable[[Contract, bool], AutogradPlan],
    ) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"torch.{contract.name}"
        self.dtypes = contract.dtypes
        self._plan_type = plan_type

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return self._plan_type(self.contract, grad)


def outside_lengths(lengths: torch.Tensor, steps: int) -> torch.Tensor | None:
    """(steps, B) bool: what lies past each length; None where nothing does."""
    if len(lengths) == 0 or int(lengths.min()) == steps:
        return None
    return torch.arange(steps, dtype=lengths.dtype)[:, None] >= lengths
