"""A38: optimizers over one flat parameter vector.

Unlike every other kind, an optimizer's forward UPDATES its Params in place: the weights and the
state beside them are one block of memory that a model, a plan and a checkpoint share. The gradient
is left alone. Plans keep no copy: `load` binds the arrays once.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, RangeError, ShapeError

from ._cell import check_shape


class OptimizerDims(NamedTuple):
    """Number of parameters."""

    N: int


@dataclass(frozen=True, slots=True)
class OptimizerOutputs:
    """weight : (N,), the very array of Params, updated."""

    weight: Array


@dataclass(frozen=True, slots=True)
class AdamParams:
    """weight, m, v : (N,); the moments start at zero."""

    weight: Array
    m: Array
    v: Array


@dataclass(frozen=True, slots=True)
class AdamInputs:
    """gradient : (N,); step counts from 1; weight_decay is decoupled (Loshchilov & Hutter 2019)."""

    gradient: Array
    step: int
    learning_rate: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0


@dataclass(frozen=True, slots=True)
class AdaGradParams:
    """weight, squares : (N,); the sums of squared gradients start at zero."""

    weight: Array
    squares: Array


@dataclass(frozen=True, slots=True)
class AdaGradInputs:
    """gradient : (N,); step counts from 1."""

    gradient: Array
    step: int
    learning_rate: float
    epsilon: float = 1e-10


@dataclass(frozen=True, slots=True)
class SGDParams:
    """weight, velocity : (N,); the velocity starts at zero."""

    weight: Array
    velocity: Array


@dataclass(frozen=True, slots=True)
class SGDInputs:
    """gradient : (N,); step counts from 1."""

    gradient: Array
    step: int
    learning_rate: float
    momentum: float = 0.0


def adam_forward(
    params: AdamParams, inputs: AdamInputs, cache: None, *, backend: Backend
) -> OptimizerOutputs:
    """m and v are corrected for their start at zero (Kingma & Ba 2015, algorithm 1)."""
    weight, m, v, gradient = params.weight, params.m, params.v, inputs.gradient
    m += (1 - inputs.beta1) * (gradient - m)
    v += (1 - inputs.beta2) * (gradient * gradient - v)
    rate, epsilon = adam_scalars(inputs)
    if inputs.weight_decay:
        weight *= 1 - inputs.learning_rate * inputs.weight_decay
    weight -= rate * m / (backend.xp.sqrt(v) + epsilon)
    return OptimizerOutputs(weight)


def adam_scalars(inputs: AdamInputs) -> tuple[float, float]:
    """Rate and epsilon of `weight -= rate m / (sqrt(v) + epsilon)`.

    The root of v's correction is moved out of the division, once a step and not once a weight.
    """
    root = (1 - inputs.beta2**inputs.step) ** 0.5
    rate = inputs.learning_rate * root / (1 - inputs.beta1**inputs.step)
    return rate, inputs.epsilon * root


def adagrad_forward(
    params: AdaGradParams, inputs: AdaGradInputs, cache: None, *, backend: Backend
) -> OptimizerOutputs:
    """Each weight has its own rate, falling with its squared gradients (Duchi et al. 2011)."""
    weight, squares, gradient = params.weight, params.squares, inputs.gradient
    squares += gradient * gradient
    weight -= inputs.learning_rate * gradient / (backend.xp.sqrt(squares) + inputs.epsilon)
    return OptimizerOutputs(weight)


def sgd_forward(
    params: SGDParams, inputs: SGDInputs, cache: None, *, backend: Backend
) -> OptimizerOutputs:
    """velocity = momentum velocity + gradient, weight -= rate velocity (Polyak 1964, as torch)."""
    weight, velocity = params.weight, params.velocity
    velocity *= inputs.momentum
    velocity += inputs.gradient
    weight -= inputs.learning_rate * velocity
    return OptimizerOutputs(weight)


def optimizer_dims(params: Any, inputs: Any) -> OptimizerDims:
    return OptimizerDims(*inputs.gradient.shape)


def optimizer_cache(dims: OptimizerDims, dtype: str, *, backend: Backend) -> None:
    """An optimizer keeps nothing beside its Params."""


def optimizer_validate(params: Any, inputs: Any) -> None:
    if params.weight.ndim != 1:
        raise ShapeError(
            f"optimizer: weight has shape {tuple(params.weight.shape)}, expected (N,); "
            "keep all parameters in one flat vector"
        )
    for field in fields(params):
        check_shape("optimizer", field.name, getattr(params, field.name), params.weight.shape)
    check_shape("optimizer", "gradient", inputs.gradient, params.weight.shape)
    if inputs.step < 1:
        raise RangeError(
            f"optimizer: step is {inputs.step}, expected at least 1; count the updates from 1"
        )
    for name in ("beta1", "beta2", "momentum"):
        value = getattr(inputs, name, 0.0)
        if not 0 <= value < 1:
            raise RangeError(
                f"optimizer: {name} is {value}, expected at least 0 and below 1; "
                "1 would never forget"
            )


def _contract(
    name: str,
    summary: str,
    source: str,
    params: type,
    inputs: type,
    forward: Any,
    *,
    operations: int,
) -> Contract:
    """`operations` a weight; each state array is read and written, the gradient read."""
    arrays = len(fields(params))

    def shapes(dims: OptimizerDims) -> dict[str, tuple[int, ...]]:
        return {field.name: (dims.N,) for field in fields(params)}

    def flops(dims: OptimizerDims, grad: bool) -> int:
        return operations * dims.N

    def bytes_(dims: OptimizerDims, grad: bool, itemsize: int) -> int:
        return (2 * arrays + 1) * dims.N * itemsize

    return Contract(
        id="A38",
        kind="optimizer",
        name=name,
        summary=summary,
        source=source,
        Params=params,
        Inputs=inputs,
        Outputs=OptimizerOutputs,
        Dims=OptimizerDims,
        dims=optimizer_dims,
        validate=optimizer_validate,
        flops=flops,
        bytes=bytes_,
        cache=optimizer_cache,
        forward=forward,
        shapes=shapes,
        in_place=True,
    )


ADAM = _contract(
    "adam",
    "Adam, optionally with decoupled weight decay",
    "Kingma & Ba (2015), algorithm 1",
    AdamParams,
    AdamInputs,
    adam_forward,
    operations=12,
)
ADAGRAD = _contract(
    "adagrad",
    "AdaGrad",
    "Duchi et al. (2011), figure 1",
    AdaGradParams,
    AdaGradInputs,
    adagrad_forward,
    operations=7,
)
SGD = _contract(
    "sgd",
    "gradient descent with momentum",
    "Polyak (1964)",
    SGDParams,
    SGDInputs,
    sgd_forward,
    operations=4,
)
