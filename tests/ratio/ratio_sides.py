"""Both sides of a ratio: one contract's update on two backends, on the same numbers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from seqbench.testing.trees import on_device


def sides(key: str, params: Any, inputs: Any, d_outputs: Any = None, *, peer: str = "torch"):
    """`(name, call)` of ours on NumPy and of the peer's; see `update`."""
    return update("numpy", key, params, inputs, d_outputs), update(
        peer, key, params, inputs, d_outputs
    )


def update(
    backend: str, key: str, params: Any, inputs: Any, d_outputs: Any = None
) -> tuple[str, Callable[[], None]]:
    """impl_id, and load and forward, with `d_outputs` backward too; made beforehand is the rest."""
    impl = importlib.import_module("seqbench").get(*key.split("/"), backend)
    plan = impl.plan(impl.contract.dims(params, inputs), "float32", grad=d_outputs is not None)
    params, inputs, d_outputs = on_device((params, inputs, d_outputs), impl.backend)

    def call() -> None:
        plan.load(params)
        plan.forward(inputs)
        if d_outputs is not None:
            plan.backward(d_outputs)

    return impl.impl_id, call


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """float32 of the size that weights and activations have."""
    return rng.normal(0, 0.1, shape).astype("float32")
