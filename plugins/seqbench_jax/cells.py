"""A02, A10 and A11 as JAX users write them: the input's product once, `lax.scan` over the steps.

Gate orders agree (GRU r, z, n; LSTM i, f, g, o). A padded batch freezes each state at its length.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from seqbench.interfaces import Backend, Contract

from .plan import Arrays, JaxPeer, JaxPlan, is_full

State = tuple[jax.Array, ...]
Step = Callable[[Arrays, jax.Array, State], State]


def rnn(contract: Contract, backend: Backend) -> JaxPeer:
    return JaxPeer(contract, backend, RNNPlan)


def gru(contract: Contract, backend: Backend) -> JaxPeer:
    return JaxPeer(contract, backend, GRUPlan)


def lstm(contract: Contract, backend: Backend) -> JaxPeer:
    return JaxPeer(contract, backend, LSTMPlan)


class CellPlan(JaxPlan):
    """`static` is whether the batch is full."""

    def static(self, inputs: Any) -> bool:
        return is_full(inputs.lengths, len(inputs.x))


class RNNPlan(CellPlan):
    graded = ("x", "h0")

    @staticmethod
    def function(params: Arrays, graded: Arrays, others: Arrays, static: bool) -> Arrays:
        states = (graded["h0"],)
        output, (h,) = over_time(rnn_step, params, "bias", graded["x"], states, others, static)
        return {"output": output, "h": h}


class GRUPlan(CellPlan):
    graded = ("x", "h0")

    @staticmethod
    def function(params: Arrays, graded: Arrays, others: Arrays, static: bool) -> Arrays:
        states = (graded["h0"],)
        output, (h,) = over_time(gru_step, params, "bias_ih", graded["x"], states, others, static)
        return {"output": output, "h": h}


class LSTMPlan(CellPlan):
    graded = ("x", "h0", "c0")

    @staticmethod
    def function(params: Arrays, graded: Arrays, others: Arrays, static: bool) -> Arrays:
        states = (graded["h0"], graded["c0"])
        output, (h, c) = over_time(lstm_step, params, "bias", graded["x"], states, others, static)
        return {"output": output, "h": h, "c": c}


def over_time(
    step: Step, params: Arrays, bias: str, x: jax.Array, states: State, others: Arrays, full: bool
) -> tuple[jax.Array, State]:
    """(T, B, H) outputs, zero past each length, and the states at the lengths."""
    steps = jnp.arange(len(x), dtype=jnp.int32)
    if not full:  # padding may hold anything
        x = jnp.where((steps[:, None] < others["lengths"])[..., None], x, 0)
    projected = x @ params["weight_ih"].T + params[bias]
    run = functools.partial(_full_step if full else _frozen_step, step, params, others["lengths"])
    states, output = lax.scan(run, states, (steps, projected))
    return output, states


def _full_step(step: Step, params: Arrays, lengths: Any, states: State, at: Any) -> Any:
    new = step(params, at[1], states)
    return new, new[0]


def _frozen_step(step: Step, params: Arrays, lengths: Any, states: State, at: Any) -> Any:
    inside = (at[0] < lengths)[:, None]
    new = step(params, at[1], states)
    kept = tuple(
        jnp.where(inside, after, before) for after, before in zip(new, states, strict=True)
    )
    return kept, jnp.where(inside, kept[0], 0)


def rnn_step(params: Arrays, projected: jax.Array, states: State) -> State:
    return (jnp.tanh(projected + states[0] @ params["weight_hh"].T),)


def gru_step(params: Arrays, projected: jax.Array, states: State) -> State:
    """The reset gate acts after the recurrent product, as in cuDNN."""
    (h,) = states
    i_r, i_z, i_n = jnp.split(projected, 3, axis=-1)
    h_r, h_z, h_n = jnp.split(h @ params["weight_hh"].T + params["bias_hh"], 3, axis=-1)
    r, z = jax.nn.sigmoid(i_r + h_r), jax.nn.sigmoid(i_z + h_z)
    n = jnp.tanh(i_n + r * h_n)
    return ((1 - z) * n + z * h,)


def lstm_step(params: Arrays, projected: jax.Array, states: State) -> State:
    h, c = states
    i, f, g, o = jnp.split(projected + h @ params["weight_hh"].T, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c
