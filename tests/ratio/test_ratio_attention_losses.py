"""Times beside torch on one thread: attention, cross-entropy, gather, Adam; forward and backward.

`pytest tests/ratio --benchmark-enable --benchmark-group-by=group` prints ours and torch's under one
heading each. Here the two run one after the other; the cells' suite interleaves them.
"""

from __future__ import annotations

import numpy as np
import pytest
from seqbench_numpy.attention import AdditiveAttention
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.embedding import gather_columns
from seqbench_numpy.losses import SoftmaxCrossEntropy
from seqbench_numpy.optimizers import Adam
from threadpoolctl import threadpool_limits

from seqbench.kernels.attention import ADDITIVE, AdditiveParams, AttentionInputs, AttentionOutputs
from seqbench.kernels.embedding import GATHER, EmbeddingInputs, EmbeddingOutputs, EmbeddingParams
from seqbench.kernels.losses import (
    SOFTMAX_CROSS_ENTROPY,
    LossOutputs,
    NoParams,
    SoftmaxCrossEntropyInputs,
)
from seqbench.kernels.optimizers import ADAM, AdamInputs, AdamParams

pytestmark = pytest.mark.peer("torch")

BACKEND = NumpyBackend()
T, B, SIZE, VOCAB = 50, 32, 256, 10_000
SIDES = pytest.mark.parametrize("side", ["numpy", "torch"])


@pytest.fixture
def torch(peer):
    library = peer("torch")
    before = library.get_num_threads()
    library.set_num_threads(1)
    with threadpool_limits(1):  # NumPy's BLAS too
        yield library
    library.set_num_threads(before)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def normal(rng, *shape):
    return rng.normal(0, 0.1, shape).astype("float32")


def step_of(impl, params, inputs, d_outputs):
    """One forward and backward of a plan, loading included."""
    plan = impl.plan(impl.contract.dims(params, inputs), "float32", grad=True)

    def step():
        plan.load(params)
        plan.forward(inputs)
        plan.backward(d_outputs)

    return step


def peer_step(leaves, loss_gradient):
    """One forward and backward of torch, the old gradients dropped."""

    def step():
        for leaf in leaves:
            leaf.grad = None
        output, gradient = loss_gradient()
        output.backward(gradient)

    return step


@SIDES
@pytest.mark.parametrize("queries", [1, T])
def test_additive_attention(benchmark, torch, rng, side, queries):
    benchmark.group = f"attention/additive Tq={queries}"
    shapes = ((SIZE, SIZE), (SIZE, SIZE), (SIZE,), (SIZE,))
    params = AdditiveParams(*(normal(rng, *shape) for shape in shapes))
    lengths = np.full(B, T, np.int32)
    inputs = AttentionInputs(normal(rng, queries, B, SIZE), normal(rng, T, B, SIZE), lengths)
    upstream = normal(rng, queries, B, SIZE)
    if side == "numpy":
        impl = AdditiveAttention(ADDITIVE, BACKEND)
        benchmark(step_of(impl, params, inputs, AttentionOutputs(upstream, None)))
        return
    fields = ("weight_query", "weight_key", "bias", "v")
    arrays = [getattr(params, name) for name in fields] + [inputs.queries, inputs.memory]
    leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
    weight_query, weight_key, bias, v, asked, memory = leaves
    gradient = torch.tensor(upstream)

    def attend():
        projected, keys = asked @ weight_query.T + bias, memory @ weight_key.T
        scores = torch.tanh(projected[:, None] + keys[None]) @ v  # (Tq, Tx, B)
        weights = torch.softmax(scores, dim=1)
        return torch.bmm(weights.permute(2, 0, 1), memory.transpose(0, 1)).transpose(0, 1), gradient

    benchmark(peer_step(leaves, attend))


@SIDES
def test_softmax_cross_entropy(benchmark, torch, rng, side):
    benchmark.group = "loss/softmax_cross_entropy 2048 x 10k"
    logits = normal(rng, 64, B, VOCAB)
    targets = rng.integers(0, VOCAB, (64, B)).astype(np.int32)
    if side == "numpy":
        lengths = np.full(B, 64, np.int32)
        inputs = SoftmaxCrossEntropyInputs(logits, targets, lengths, "token_mean")
        impl = SoftmaxCrossEntropy(SOFTMAX_CROSS_ENTROPY, BACKEND)
        benchmark(step_of(impl, NoParams(), inputs, LossOutputs(None)))
        return
    leaf = torch.tensor(logits.reshape(-1, VOCAB), requires_grad=True)
    wanted = torch.tensor(targets.reshape(-1), dtype=torch.int64)
    benchmark(peer_step([leaf], lambda: (torch.nn.functional.cross_entropy(leaf, wanted), None)))


@SIDES
def test_gather(benchmark, torch, rng, side):
    benchmark.group = "embedding/gather 2048 of 10k x 256"
    weight, upstream = normal(rng, VOCAB, SIZE), normal(rng, 64, B, SIZE)
    ids = rng.integers(0, VOCAB, (64, B)).astype(np.int32)
    if side == "numpy":
        impl = gather_columns(GATHER, BACKEND)
        params, inputs = EmbeddingParams(weight), EmbeddingInputs(ids)
        benchmark(step_of(impl, params, inputs, EmbeddingOutputs(upstream)))
        return
    leaf, gradient = torch.tensor(weight, requires_grad=True), torch.tensor(upstream)
    wanted = torch.tensor(ids, dtype=torch.int64)
    benchmark(peer_step([leaf], lambda: (torch.nn.functional.embedding(wanted, leaf), gradient)))


@SIDES
def test_adam(benchmark, torch, rng, side):
    benchmark.group = "optimizer/adam 5M, torch fused"
    count = 5_000_000
    weight, gradient = normal(rng, count), normal(rng, count)
    if side == "numpy":
        plan = Adam(ADAM, BACKEND).plan(ADAM.Dims(count))
        plan.load(AdamParams(weight, np.zeros_like(weight), np.zeros_like(weight)))
        benchmark(lambda: plan.forward(AdamInputs(gradient, 1, 1e-3)))
        return
    leaf = torch.tensor(weight, requires_grad=True)
    leaf.grad = torch.tensor(gradient)
    benchmark(torch.optim.Adam([leaf], fused=True).step)
