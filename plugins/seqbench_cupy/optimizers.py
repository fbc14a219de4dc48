"""A38 on the device: one launch an update, every array read once and written once."""

from __future__ import annotations

from typing import Any, ClassVar

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels.optimizers import (
    AdaGradInputs,
    AdamInputs,
    OptimizerOutputs,
    SGDInputs,
    adam_scalars,
)

from .implementation import CudaImplementation, CudaPlan
from .launch import ceil_div, elementwise
from .packs import PACKED, PACKS, pack_width
from .sources import C_TYPES, CudaSource

SOURCE = CudaSource("optimizers.cu", dict.fromkeys(("sgd", "adagrad", "adam"), PACKED))


class OptimizerPlan(CudaPlan):
    """Holds nothing: weights and state stay where they are."""

    kernel: ClassVar[str]

    def _update(self, arrays: tuple[Any, ...], gradient: Any, *scalars: float) -> OptimizerOutputs:
        """Launch over `arrays` (N,), the weight first; N may be any."""
        every = (*arrays, gradient)
        width = pack_width(self.dtype, PACKS[self.dtype], *every)
        kernel = self.runtime.kernel(SOURCE, self.kernel, C_TYPES[self.dtype], str(width))
        count = len(gradient)
        launch = elementwise(ceil_div(count, width), self.runtime.properties)
        kernel(*launch, *every, count, *scalars)
        return OptimizerOutputs(arrays[0])

    def backward(self, d_outputs: OptimizerOutputs) -> Gradients:
        raise UnsupportedError(f"optimizer/{self.kernel} has no gradient")


class SGDPlan(OptimizerPlan):
    kernel = "sgd"

    def forward(self, inputs: SGDInputs) -> OptimizerOutputs:
        params = self._params
        arrays = params.weight, params.velocity
        return self._update(arrays, inputs.gradient, inputs.learning_rate, inputs.momentum)


class AdaGradPlan(OptimizerPlan):
    kernel = "adagrad"

    def forward(self, inputs: AdaGradInputs) -> OptimizerOutputs:
        params = self._params
        arrays = params.weight, params.squares
        return self._update(arrays, inputs.gradient, inputs.learning_rate, inputs.epsilon)


class AdamPlan(OptimizerPlan):
    kernel = "adam"

    def forward(self, inputs: AdamInputs) -> OptimizerOutputs:
        params = self._params
        rate, epsilon = adam_scalars(inputs)
        decay = 1 - inputs.learning_rate * inputs.weight_decay
        new = 1 - inputs.beta1, 1 - inputs.beta2
        arrays = params.weight, params.m, params.v
        return self._update(arrays, inputs.gradient, rate, *new, epsilon, decay)


class SGD(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = SGDPlan


class AdaGrad(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = AdaGradPlan


class Adam(CudaImplementation):
    """Serves every size in float32 and float64."""

    plan_type = AdamPlan
