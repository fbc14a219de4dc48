"""A38 as torch.optim has it, in its fastest configuration on the CPU: `fused=True`.

The optimizer works on the very tensors of Params: its state is made to be m and v, the sums of
squares, or the velocity, so that what a model, a checkpoint and torch hold is one memory.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
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
from seqbench.kernels.optimizers import (
    AdaGradInputs,
    AdaGradParams,
    AdamInputs,
    AdamParams,
    OptimizerOutputs,
    SGDInputs,
    SGDParams,
)


def sgd(contract: Contract, backend: Backend) -> TorchOptimizer:
    return TorchOptimizer(contract, backend, SGDPlan)


def adagrad(contract: Contract, backend: Backend) -> TorchOptimizer:
    return TorchOptimizer(contract, backend, AdaGradPlan)


def adam(contract: Contract, backend: Backend) -> TorchOptimizer:
    return TorchOptimizer(contract, backend, AdamPlan)


class TorchOptimizer(Implementation):
    """One of torch.optim behind an optimizer's contract."""

    tier = "peer"

    def __init__(
        self, contract: Contract, backend: Backend, plan_type: Callable[[], OptimizerPlan]
    ) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"torch.{contract.name}"
        self.dtypes = contract.dtypes
        self._plan_type = plan_type

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return self._plan_type()


class OptimizerPlan(Plan):
    """`_bind` makes the optimizer with its state, `_options` are what a step may change."""

    @property
    def notes(self) -> dict[str, Any]:
        return {"fused": True}

    @abstractmethod
    def _bind(self, params: Any) -> tuple[torch.optim.Optimizer, dict[str, torch.Tensor]]:
        """The optimizer of `params.weight`, and its state but for the count of steps."""

    @abstractmethod
    def _options(self, inputs: Any) -> dict[str, Any]:
        """torch's names for the settings of one step."""

    def load(self, params: Any) -> None:
        self._params = params
        self._optimizer, state = self._bind(params)
        self._step = torch.zeros((), dtype=torch.float32)
        self._optimizer.state[params.weight] = {"step": self._step, **state}

    def forward(self, inputs: Any) -> OptimizerOutputs:
        weight = self._params.weight
        self._step.fill_(inputs.step - 1)  # torch counts before it updates
        self._optimizer.param_groups[0].update(lr=inputs.learning_rate, **self._options(inputs))
        weight.grad = inputs.gradient
        self._optimizer.step()
        weight.grad = None
        return OptimizerOutputs(weight)

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("an optimizer has no gradient; it is an update, not a layer")


class SGDPlan(OptimizerPlan):
    """torch.optim.SGD; without momentum it keeps no velocity, so the gradient is copied there."""

    def _bind(self, params: SGDParams) -> tuple[torch.optim.Optimizer, dict[str, torch.Tensor]]:
        optimizer = torch.optim.SGD([params.weight], fused=True)
        return optimizer, {"momentum_buffer": params.velocity}

    def _options(self, inputs: SGDInputs) -> dict[str, Any]:
        if inputs.momentum == 0:
            self._params.velocity.copy_(inputs.gradient)
        return {"momentum": inputs.momentum}


class AdaGradPlan(OptimizerPlan):
    """torch.optim.Adagrad."""

    def _bind(self, params: AdaGradParams) -> tuple[torch.optim.Optimizer, dict[str, torch.Tensor]]:
        return torch.optim.Adagrad([params.weight], fused=True), {"sum": params.squares}

    def _options(self, inputs: AdaGradInputs) -> dict[str, Any]:
        return {"eps": inputs.epsilon}


class AdamPlan(OptimizerPlan):
    """torch.optim.Adam, the decay decoupled as AdamW's."""

    def _bind(self, params: AdamParams) -> tuple[torch.optim.Optimizer, dict[str, torch.Tensor]]:
        optimizer = torch.optim.AdamW([params.weight], weight_decay=0.0, fused=True)
        return optimizer, {"exp_avg": params.m, "exp_avg_sq": params.v}

    def _options(self, inputs: AdamInputs) -> dict[str, Any]:
        return {
            "betas": (inputs.beta1, inputs.beta2),
            "eps": inputs.epsilon,
            "weight_decay": inputs.weight_decay,
        }
