"""CTC's loss beside torch's own kernel, a step of beam search beside log_softmax and topk, sampling
beside softmax and multinomial; prefix beam search alone (torch has none)."""

from __future__ import annotations

from typing import Any

import numpy as np
from pair import Bench, Pair, Sides

from seqbench.kernels.beam_select import BeamSelectInputs, BeamSelectParams
from seqbench.kernels.ctc import CTCInputs
from seqbench.kernels.ctc_beam import CTCBeamInputs, CTCBeamParams
from seqbench.kernels.losses import LossOutputs, NoParams
from seqbench.kernels.sample import SampleInputs
from seqbench.testing.reference import reference
from seqbench.testing.trees import cast, on_device


def _plan(bench: Bench, key: str, params: Any, inputs: Any, *, grad: bool = False) -> Any:
    """A loaded plan and the inputs on the device."""
    impl = bench.implementation(key)
    given = on_device(inputs, bench.backend)
    plan = impl.plan(impl.contract.dims(params, inputs), "float32", grad=grad)
    plan.load(params)
    return plan, given


def _exact(bench: Bench, key: str, params: Any, inputs: Any, *, grad: bool = False) -> Any:
    """A plan of the shared text in float64 after its forward, and what that gave."""
    impl = reference(bench.implementation(key).contract)
    wide = cast(inputs, "float64")
    plan = impl.plan(impl.contract.dims(params, wide), "float64", grad=grad)
    plan.load(params)
    return plan, plan.forward(wide)


def ctc(bench: Bench, T: int, B: int, V: int, L: int) -> Sides:
    """Loss summed over utterances of full length, and its gradient at the logits."""
    logits = bench.normal(T, B, V)
    targets = bench.rng.integers(1, V, (B, L)).astype(np.int32)
    frames, labels = np.full(B, T, np.int32), np.full(B, L, np.int32)
    inputs = CTCInputs(logits, targets, frames, labels)
    plan, given = _plan(bench, "loss/ctc", NoParams(), inputs, grad=True)
    exact_plan, exact = _exact(bench, "loss/ctc", NoParams(), inputs, grad=True)
    gradient = exact_plan.backward(LossOutputs(None)).inputs.logits

    def ours() -> Any:
        loss = plan.forward(given).loss
        return loss, plan.backward(LossOutputs(None)).inputs.logits

    leaf = bench.to_torch(logits, grad=True)
    wanted, ends, sizes = (bench.to_torch(a.astype("int64")) for a in (targets, frames, labels))

    def native() -> Any:  # int64 labels on the device: never cuDNN's
        leaf.grad = None
        functional = bench.torch.nn.functional
        log_probs = functional.log_softmax(leaf, dim=2)
        loss = functional.ctc_loss(log_probs, wanted, ends, sizes, reduction="sum")
        loss.backward()
        return loss, leaf.grad

    return Sides(
        {"ours": ours, "torch": native},
        {n: _on_host(bench, f) for n, f in (("ours", ours), ("torch", native))},
        [np.asarray(exact.loss), gradient],
        1e-4,
        bytes_moved=2.0 * logits.nbytes,
        flops=float(bench.implementation("loss/ctc").contract.flops(plan.dims, True)),
    )


def beam_step(bench: Bench, K: int, B: int, V: int) -> Sides:
    """The scores of the next beam, best first; every hypothesis is live."""
    logits, scores = 3 * bench.normal(K, B, V), -np.abs(bench.normal(K, B))
    inputs = BeamSelectInputs(logits, scores, np.zeros((K, B), bool), eos_id=2)
    plan, given = _plan(bench, "decoder/beam_select", BeamSelectParams(), inputs)
    on_torch, on_torch_scores = bench.to_torch(logits), bench.to_torch(scores)

    def ours() -> Any:
        return (plan.forward(given).scores,)

    def peer() -> Any:
        log_probs = bench.torch.log_softmax(on_torch, dim=2) + on_torch_scores[:, :, None]
        flat = log_probs.transpose(0, 1).reshape(B, K * V)
        return (bench.torch.topk(flat, K, dim=1).values.T,)

    return Sides(
        {"ours": ours, "torch": peer},
        {"ours": _on_host(bench, ours), "torch": _on_host(bench, peer)},
        [exact_step(logits, scores)],
        1e-5,
        bytes_moved=float(logits.nbytes),
        flops=7.0 * logits.size,
    )


def exact_step(logits: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(K, B) float64, best first; a sentence at a time: a wide beam's candidates are many."""
    K, B, _ = logits.shape
    best = np.empty((K, B))
    for b in range(B):
        x = logits[:, b].astype("float64")
        x -= np.log(np.exp(x).sum(axis=1, keepdims=True))
        x += scores[:, b, None]
        best[:, b] = -np.sort(-np.partition(x.reshape(-1), x.size - K)[x.size - K :])
    return best


def sample(bench: Bench, B: int, V: int, top_k: int | None = None) -> Sides:
    """Ids. torch draws other numbers: it is timed, not compared."""
    logits = 3 * bench.normal(B, V)
    inputs = SampleInputs(logits, temperature=0.8, top_k=top_k, seed=7)
    plan, given = _plan(bench, "decoder/sample", NoParams(), inputs)
    on_torch = bench.to_torch(logits)

    def ours() -> Any:
        return (plan.forward(given).ids,)

    def peer() -> Any:
        torch, kept, ids = bench.torch, on_torch / 0.8, None
        if top_k is not None:
            kept, ids = torch.topk(kept, top_k, dim=1)
        drawn = torch.multinomial(torch.softmax(kept, dim=1), 1)
        return (drawn if ids is None else ids.gather(1, drawn),)

    exact = _exact(bench, "decoder/sample", NoParams(), inputs)[1]
    return Sides(
        {"ours": ours, "torch": peer},
        {"ours": _on_host(bench, ours)},
        [exact.ids],
        0.0,
        bytes_moved=float(logits.nbytes),
        flops=5.0 * logits.size,
    )


def prefix_beam(bench: Bench, T: int, B: int, V: int, K: int) -> Sides:
    """Scores of the best labellings; the gate looks at the first four utterances."""
    inputs = CTCBeamInputs(3 * bench.normal(T, B, V), np.full(B, T, np.int32), K)
    plan, given = _plan(bench, "decoder/ctc_beam", CTCBeamParams(), inputs)
    some = CTCBeamInputs(inputs.logits[:, :4].copy(), inputs.lengths[:4], K)
    exact = _exact(bench, "decoder/ctc_beam", CTCBeamParams(), some)[1]

    def ours() -> Any:
        return (plan.forward(given).scores,)

    return Sides(
        {"ours": ours},
        {"ours": lambda: [bench.host(ours()[0])[:4]]},
        [exact.scores],
        1e-5,
        bytes_moved=float(inputs.logits.nbytes),
        flops=float(bench.implementation("decoder/ctc_beam").contract.flops(plan.dims, False)),
    )


def _on_host(bench: Bench, call: Any) -> Any:
    return lambda: [bench.host(a) for a in call()]


PAIRS = [
    Pair(
        "ctc",
        ctc,
        {"T": 500, "B": 64, "V": 32, "L": 100},
        {"T": 9, "B": 3, "V": 5, "L": 3},
        "60 us and 1/20 of torch",
    ),
    Pair("ctc", ctc, {"T": 150, "B": 64, "V": 28, "L": 40}, {"T": 7, "B": 2, "V": 4, "L": 2}),
    Pair(
        "beam_step",
        beam_step,
        {"K": 10, "B": 64, "V": 32000},
        {"K": 3, "B": 2, "V": 140},
        "25 us",
    ),
    Pair(
        "beam_step",
        beam_step,
        {"K": 3000, "B": 1, "V": 32000},
        {"K": 9, "B": 1, "V": 11},
        "220 us and 0.3 of torch",
    ),
    Pair("sample", sample, {"B": 64, "V": 50257}, {"B": 3, "V": 300}),
    Pair("sample", sample, {"B": 64, "V": 50257, "top_k": 50}, {"B": 3, "V": 300, "top_k": 5}),
    Pair(
        "ctc_prefix_beam",
        prefix_beam,
        {"T": 180, "B": 128, "V": 1000, "K": 10},
        {"T": 5, "B": 5, "V": 30, "K": 3},
        "0.3 of cuctc",
    ),
]
