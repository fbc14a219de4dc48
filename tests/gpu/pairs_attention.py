"""Additive attention, forward and backward, beside the same in torch, eager and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from pair import Bench, Pair, Sides

from seqbench.kernels.attention import AdditiveParams, AttentionInputs, AttentionOutputs
from seqbench.testing.reference import reference


def additive(bench: Bench, B: int, Tq: int, Tx: int, H: int, *, grad: bool) -> Sides:
    """Sizes of queries, memory and scoring layer are all H."""
    scale = np.float32(1 / np.sqrt(H))
    params = AdditiveParams(
        scale * bench.normal(H, H),
        scale * bench.normal(H, H),
        np.float32(0.1) * bench.normal(H),
        bench.normal(H),
    )
    queries, memory = bench.normal(Tq, B, H), bench.normal(Tx, B, H)
    lengths, d_context = np.full(B, Tx, np.int32), bench.normal(Tq, B, H)
    impl = bench.implementation("attention/additive")
    on_device = AdditiveParams(*(bench.to_device(getattr(params, n)) for n in FIELDS))
    inputs = AttentionInputs(*(bench.to_device(a) for a in (queries, memory, lengths)))
    plan = impl.plan(impl.contract.dims(params, inputs), "float32", grad=grad)
    plan.load(on_device)
    upstream = AttentionOutputs(bench.to_device(d_context), None)

    def ours() -> Any:
        outputs = plan.forward(inputs)
        if not grad:
            return (outputs.context,)
        gradients = plan.backward(upstream)
        return outputs.context, gradients.inputs.memory, gradients.params.v

    eager = torch_side(bench, params, queries, memory, d_context, grad, lambda f: f)
    compiled = torch_side(bench, params, queries, memory, d_context, grad, bench.compiled)
    calls = {"ours": ours, "torch": eager, "torch compiled": compiled}
    pairs = float(B) * Tq * Tx
    return Sides(
        calls,
        {n: (lambda f=f: [bench.host(a) for a in f()]) for n, f in calls.items()},
        exact_values(impl.contract, params, queries, memory, lengths, d_context, grad),
        1e-4,
        bytes_moved=(2 if grad else 1) * 4.0 * B * H * (2 * Tq + Tx),
        flops=impl.contract.flops(impl.contract.dims(params, inputs), grad),
        notes={"pairs": pairs},
    )


FIELDS = ("weight_query", "weight_key", "bias", "v")


def torch_side(bench, params, queries, memory, d_context, grad, compiled) -> Any:
    """What a user writes: broadcast, tanh, softmax, weighted mean; batch-major inside."""
    w_q, w_k, bias, v = (bench.to_torch(getattr(params, n), grad=grad) for n in FIELDS)
    q, m = bench.to_torch(queries, grad=grad), bench.to_torch(memory, grad=grad)
    d = bench.to_torch(d_context)

    def attend(q, m, w_q, w_k, bias, v) -> Any:
        projected, keys = q @ w_q.T + bias, m @ w_k.T
        scores = bench.torch.tanh(projected[:, None] + keys[None]) @ v  # (Tq, Tx, B)
        weights = bench.torch.softmax(scores, dim=1)
        return bench.torch.einsum("qkb,kba->qba", weights, m)

    step = compiled(attend)

    def call() -> Any:
        if not grad:
            with bench.torch.no_grad():
                return (step(q, m, w_q, w_k, bias, v),)
        for leaf in (q, m, w_q, w_k, bias, v):
            leaf.grad = None
        context = step(q, m, w_q, w_k, bias, v)
        context.backward(d)
        return context, m.grad, v.grad

    return call


def exact_values(contract, params, queries, memory, lengths, d_context, grad) -> list[np.ndarray]:
    wide = AdditiveParams(*(getattr(params, n).astype("float64") for n in FIELDS))
    inputs = AttentionInputs(queries.astype("float64"), memory.astype("float64"), lengths)
    impl = reference(contract)
    plan = impl.plan(contract.dims(wide, inputs), "float64", grad=grad)
    plan.load(wide)
    outputs = plan.forward(inputs)
    if not grad:
        return [outputs.context]
    gradients = plan.backward(AttentionOutputs(d_context.astype("float64"), None))
    return [outputs.context, gradients.inputs.memory, gradients.params.v]


def forward(bench: Bench, **sizes: int) -> Sides:
    return additive(bench, **sizes, grad=False)


def both(bench: Bench, **sizes: int) -> Sides:
    return additive(bench, **sizes, grad=True)


LARGE = {"B": 64, "Tq": 50, "Tx": 50, "H": 1024}
SMALL = {"B": 2, "Tq": 5, "Tx": 6, "H": 8}
PAIRS = [
    Pair("attention_forward", forward, LARGE, SMALL, "60 us; 0.1 of eager, 0.5 of compiled"),
    Pair("attention_forward_backward", both, LARGE, SMALL),
]
