"""A contract as one pure function, compiled by XLA; gradients by JAX's own reverse mode.

Compiling happens at the first call for a shape: a warm-up pays for it, no timing does.
"""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

import jax
import jax.numpy as jnp

from seqbench.interfaces import Array, Backend, Contract, Gradients, Implementation, Plan

Arrays = dict[str, Any]


class JaxPeer(Implementation):
    """One of JAX's ways behind a contract."""

    tier = "peer"

    def __init__(self, contract: Contract, backend: Backend, plan: Callable[..., Plan]) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = f"jax.{contract.name}"
        self.dtypes = contract.dtypes
        self._make = plan

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return self._make(self.contract, grad)


class JaxPlan(Plan):
    """Subclasses give `function`, and name the inputs that take a gradient in `graded`.

    `static` is what a batch fixes before compiling: options, and whether anything is padded.
    """

    graded: tuple[str, ...] = ()

    def __init__(self, contract: Contract, grad: bool) -> None:
        self._contract, self._grad = contract, grad
        self._params: Arrays = {}
        self._run, self._with_vjp = compiled(type(self))

    @staticmethod
    @abstractmethod
    def function(params: Arrays, graded: Arrays, others: Arrays, static: Any) -> Arrays:
        """Outputs by field name. Pure; traced by JAX."""

    def static(self, inputs: Any) -> Any:
        return None

    def load(self, params: Any) -> None:
        self._params = arrays_of(params)

    def forward(self, inputs: Any) -> Any:
        arrays = arrays_of(inputs)
        graded = {name: arrays.pop(name) for name in self.graded if name in arrays}
        asked = (self._params, graded, arrays, self.static(inputs))
        if self._grad:
            self._results, self._vjp = self._with_vjp(*asked)
        else:
            self._results = self._run(*asked)
        jax.block_until_ready(self._results)
        return self._contract.Outputs(**self._results)

    def backward(self, d_outputs: Any) -> Gradients:
        d_results = {name: self.upstream(name, getattr(d_outputs, name)) for name in self._results}
        d_params, d_graded = backwards(self._vjp, d_results)
        jax.block_until_ready((d_params, d_graded))
        others = {f.name: None for f in fields(self._contract.Inputs) if f.name not in d_graded}
        kept = {name: None for name in others if name in required(self._contract.Inputs)}
        return Gradients(
            self._contract.Params(**d_params), self._contract.Inputs(**kept, **d_graded)
        )

    def upstream(self, name: str, d_output: Array | None) -> Array:
        """The gradient from above of one output; None stands for zeros."""
        return jnp.zeros_like(self._results[name]) if d_output is None else d_output


@functools.cache
def compiled(plan: type[JaxPlan]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Forward alone, and forward with its vjp: one of each a class, so that plans share shapes."""

    def with_vjp(params: Arrays, graded: Arrays, others: Arrays, static: Any) -> Any:
        return jax.vjp(lambda p, g: plan.function(p, g, others, static), params, graded)

    return jax.jit(plan.function, static_argnums=3), jax.jit(with_vjp, static_argnums=3)


@jax.jit
def backwards(vjp: Any, d_results: Arrays) -> Any:
    return vjp(d_results)


def arrays_of(record: Any) -> Arrays:
    """The fields of a dataclass that are arrays."""
    found = {f.name: getattr(record, f.name) for f in fields(record)}
    return {name: value for name, value in found.items() if hasattr(value, "dtype")}


def required(record: type) -> set[str]:
    """Fields without a default."""
    return {f.name for f in fields(record) if f.default is MISSING and f.default_factory is MISSING}


def is_full(lengths: Array, steps: int) -> bool:
    """Whether no sequence of a batch is padded: then nothing is masked, as users write it."""
    return bool((lengths == steps).all())
