"""Cross-entropy and embedding beside torch.nn.functional."""

from __future__ import annotations

from typing import Any

import numpy as np
from pair import Bench, Pair, Sides

from seqbench.kernels.embedding import EmbeddingInputs, EmbeddingOutputs, EmbeddingParams
from seqbench.kernels.losses import LossOutputs, NoParams, SoftmaxCrossEntropyInputs


def cross_entropy(bench: Bench, rows: int, V: int) -> Sides:
    """Loss summed over rows, and its gradient at the logits."""
    logits = 3 * bench.normal(rows, 1, V)
    targets = bench.rng.integers(0, V, (rows, 1)).astype(np.int32)
    impl = bench.implementation("loss/softmax_cross_entropy")
    inputs = SoftmaxCrossEntropyInputs(
        bench.to_device(logits),
        bench.to_device(targets),
        bench.to_device(np.array([rows], np.int32)),
    )
    plan = impl.plan(impl.contract.dims(NoParams(), inputs), "float32", grad=True)
    plan.load(NoParams())

    def ours() -> Any:
        loss = plan.forward(inputs)
        return loss.loss, plan.backward(LossOutputs(None)).inputs.logits

    leaf = bench.to_torch(logits[:, 0], grad=True)
    ids = bench.to_torch(targets[:, 0].astype(np.int64))

    def eager() -> Any:
        leaf.grad = None
        loss = bench.torch.nn.functional.cross_entropy(leaf, ids, reduction="sum")
        loss.backward()
        return loss, leaf.grad[:, None]

    step = bench.compiled(
        lambda x, y: bench.torch.nn.functional.cross_entropy(x, y, reduction="sum")
    )

    def compiled() -> Any:
        leaf.grad = None
        loss = step(leaf, ids)
        loss.backward()
        return loss, leaf.grad[:, None]

    return Sides(
        {"ours": ours, "torch": eager, "torch compiled": compiled},
        {n: _on_host(bench, f) for n, f in (("ours", ours), ("torch", eager))},
        exact_cross_entropy(logits[:, 0], targets[:, 0]),
        1e-4,
        bytes_moved=2 * logits.nbytes,
        flops=7.0 * rows * V,
    )


def exact_cross_entropy(logits: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
    """[loss, gradient (rows, 1, V)] in float64."""
    x = logits.astype("float64")
    x -= x.max(axis=1, keepdims=True)
    p = np.exp(x)
    total = p.sum(axis=1, keepdims=True)
    every = np.arange(len(x))
    loss = (np.log(total[:, 0]) - x[every, targets]).sum()
    p /= total
    p[every, targets] -= 1
    return [np.array(loss), p[:, None]]


def gather(bench: Bench, tokens: int, V: int, E: int) -> Sides:
    return _embedding(bench, tokens, V, E, backward=False)


def scatter(bench: Bench, tokens: int, V: int, E: int) -> Sides:
    return _embedding(bench, tokens, V, E, backward=True)


def _embedding(bench: Bench, tokens: int, V: int, E: int, *, backward: bool) -> Sides:
    weight = bench.normal(V, E)
    ids = bench.rng.integers(0, V, (tokens, 1)).astype(np.int32)
    impl = bench.implementation("embedding/gather")
    params = EmbeddingParams(bench.to_device(weight))
    inputs = EmbeddingInputs(bench.to_device(ids))
    plan = impl.plan(impl.contract.dims(params, inputs), "float32", grad=True)
    plan.load(params)
    plan.forward(inputs)
    d_rows = bench.normal(tokens, 1, E)
    given = EmbeddingOutputs(bench.to_device(d_rows))

    def ours() -> Any:
        if backward:
            return (plan.backward(given).params.weight,)
        return (plan.forward(inputs).rows,)

    leaf, places = bench.to_torch(weight), bench.to_torch(ids[:, 0].astype(np.int64))
    d_flat = bench.to_torch(d_rows[:, 0])

    def peer() -> Any:
        if backward:
            made = bench.torch.ops.aten.embedding_dense_backward(d_flat, places, V, -1, False)
            return (made,)
        return (bench.torch.nn.functional.embedding(places, leaf)[:, None],)

    exact = weight.astype("float64")[ids]
    if backward:
        exact = np.zeros((V, E))
        np.add.at(exact, ids[:, 0], d_rows[:, 0].astype("float64"))
    moved = 4.0 * (2 * tokens * E if not backward else tokens * E + V * E) + 4 * tokens
    return Sides(
        {"ours": ours, "torch": peer},
        {"ours": _on_host(bench, ours), "torch": _on_host(bench, peer)},
        [exact],
        1e-5,
        bytes_moved=moved,
        flops=float(tokens * E if backward else 0),
    )


def _on_host(bench: Bench, call: Any) -> Any:
    return lambda: [bench.host(a) for a in call()]


PAIRS = [
    Pair(
        "cross_entropy",
        cross_entropy,
        {"rows": 4096, "V": 50257},
        {"rows": 5, "V": 37},
        "90 % of bandwidth",
    ),
    Pair("cross_entropy", cross_entropy, {"rows": 2048, "V": 10000}, {"rows": 3, "V": 5}),
    Pair(
        "embedding_gather",
        gather,
        {"tokens": 65536, "V": 50000, "E": 512},
        {"tokens": 7, "V": 11, "E": 5},
        "80 % of bandwidth",
    ),
    Pair(
        "embedding_scatter",
        scatter,
        {"tokens": 65536, "V": 50000, "E": 512},
        {"tokens": 7, "V": 4, "E": 5},
        "80 us",
    ),
]
