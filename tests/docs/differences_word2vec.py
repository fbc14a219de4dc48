"""Differences told by the trainers of word vectors."""

from __future__ import annotations

import numpy as np
from difference import Difference

from seqbench.kernels._word_vectors import (
    NegativeChunk,
    SoftmaxChunk,
    VectorLoss,
    VectorParams,
    VectorUpdate,
)
from seqbench.kernels.cbow import CBOW_NS_UPDATE, CBOW_NS_WORD2VEC
from seqbench.kernels.skipgram import SKIPGRAM_NS, SKIPGRAM_SOFTMAX
from seqbench.testing.reference import reference

VOCAB, SIZE, COUNT, K = 50, 8, 40, 5


def _chunk() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ids and windows of two words on each side."""
    ids = np.random.default_rng(0).integers(0, VOCAB, COUNT).astype(np.int32)
    place = np.arange(COUNT)
    left, right = (np.minimum(2, side).astype(np.int32) for side in (place, COUNT - 1 - place))
    return ids, left, right


def _matrices(rows: int = VOCAB) -> VectorParams:
    rng = np.random.default_rng(1)
    return VectorParams(rng.normal(size=(VOCAB, SIZE)), rng.normal(size=(rows, SIZE)))


def loss_without_theta() -> float:
    """Loss after training with theta tied to E over that with a theta of its own."""
    ids = np.tile(np.arange(5, dtype=np.int32), 8)
    none, one = np.zeros(COUNT, np.int32), np.ones(COUNT, np.int32)
    one[-1] = 0
    chunk = SoftmaxChunk(ids, none, one, 1)
    impl = reference(SKIPGRAM_SOFTMAX)
    rng = np.random.default_rng(0)
    losses = []
    for tied in (True, False):
        weight_in, weight_out = rng.normal(0, 0.5, (5, 3)), rng.normal(0, 0.5, (5, 3))
        for _ in range(3000):
            params = VectorParams(weight_in, weight_in if tied else weight_out)
            plan = impl.plan(impl.contract.dims(params, chunk), "float64", grad=True)
            plan.load(params)
            outputs = plan.forward(chunk)
            d = plan.backward(VectorLoss(np.float64(0.2 / COUNT))).params
            if tied:
                weight_in = weight_in - d.weight_in - d.weight_out
            else:
                weight_in, weight_out = weight_in - d.weight_in, weight_out - d.weight_out
        losses.append(float(outputs.loss))
    return losses[0] / losses[1]


def rows_touched() -> float:
    """Rows of theta with a gradient for one pair and K noise words."""
    params = _matrices()
    ids, one = np.array([1, 2], np.int32), np.array([1, 0], np.int32)
    negatives = np.arange(10, 10 + 2 * K, dtype=np.int32).reshape(2, K)
    chunk = NegativeChunk(ids, np.zeros(2, np.int32), one, negatives, 1, 1, K)
    plan = reference(SKIPGRAM_NS).plan(SKIPGRAM_NS.dims(params, chunk), "float64", grad=True)
    plan.load(params)
    plan.forward(chunk)
    d_weight_out = plan.backward(VectorLoss(np.float64(1.0))).params.weight_out
    return float((d_weight_out != 0).any(axis=1).sum())


def word2vec_step_over_gradient() -> float:
    """How much further gensim's CBOW moves context vectors than the gradient does."""
    ids, left, right = _chunk()
    negatives = np.random.default_rng(2).integers(0, VOCAB, (COUNT, K)).astype(np.int32)
    chunk = NegativeChunk(ids, left, right, negatives, 2, 1, K)
    start, moved = _matrices(), []
    for contract in (CBOW_NS_UPDATE, CBOW_NS_WORD2VEC):
        params = VectorParams(start.weight_in.copy(), start.weight_out.copy())
        reference(contract)(params, VectorUpdate(chunk, 0.01))
        moved.append(float(np.linalg.norm(params.weight_in - start.weight_in)))
    return moved[1] / moved[0]


ENTRIES = [
    Difference(
        id="A17",
        title="skip-gram has two matrices, and predicts the context from the centre",
        notes="write y = Softmax(E o_c), without the theta of the line below it, and describe "
        "predicting the word in the middle, which is CBOW (A20).",
        papers="softmax(theta E o_c), theta a matrix of its own, from the centre to each word of "
        "its context (Mikolov et al. 2013a).",
        shows="Loss with theta = E over that with its own theta, words that follow one another in "
        "a ring of five",
        number=loss_without_theta,
    ),
    Difference(
        id="A19",
        title="negative sampling solves K + 1 binary problems an example",
        notes="speak of turning a 10k-way softmax into 10k binary problems.",
        papers="one positive and K noise words (Mikolov et al. 2013b, equation 4); only their rows "
        "get a gradient.",
        shows="Rows of theta that one pair moves at K = 5, whatever the vocabulary",
        number=rows_touched,
        form="{:.0f}",
    ),
    Difference(
        id="A20",
        title="word2vec.c's CBOW does not follow the gradient",
        notes="say nothing of it; word2vec.c and gensim average the context, and move each of its "
        "vectors by the gradient of the average, undivided.",
        papers="the derivative of the mean divides by the number of context words "
        "(`update=gradient`); `update=word2vec` is gensim's.",
        shows="Step of the context vectors over that of the gradient, two words on each side",
        number=word2vec_step_over_gradient,
    ),
]
