"""A20: continuous bag of words, where the mean of the context predicts the word in the middle.

This is what the notes describe under the name of skip-gram. With the mean, the gradient of each
context vector is d_hidden divided by the number of context words (`cbow_*_update`). word2vec.c and
gensim leave the division out, which is no gradient of the objective: `cbow_*_word2vec`.
"""

from __future__ import annotations

import functools

from seqbench.interfaces import Array, Backend

from ._word_vector_checks import validate_negatives, validate_tree
from ._word_vectors import (
    Examples,
    NegativeChunk,
    Sparse,
    TreeChunk,
    VectorDims,
    VectorParams,
    logistic,
    noise_of,
    noise_shares,
    path_examples,
    window_of,
)
from .skipgram import MIKOLOV_A, MIKOLOV_B, objective_contract, update_contract


def negative_objective(
    params: VectorParams, chunk: NegativeChunk, *, backend: Backend, divide: bool = True
) -> tuple[Array, Sparse]:
    """-sum [log sigmoid(u_c h_c) + sum_m share log sigmoid(-u_m h_c)], h_c the context's mean."""
    xp, dtype = backend.xp, params.weight_in.dtype
    noise = noise_of(chunk, xp=xp)
    has_context = (chunk.left + chunk.right > 0)[:, None]
    shares = noise_shares(chunk.ids, noise, chunk.num_negatives, dtype, xp=xp)
    weights = xp.where(has_context, shares, 0)
    weights = xp.concatenate([has_context.astype(dtype), weights.astype(dtype)], axis=1)
    signs = xp.ones_like(weights)
    signs[:, 1:] = -1
    rows = xp.concatenate([chunk.ids[:, None], noise], axis=1)
    return _of_contexts(params, chunk, Examples(rows, signs, weights), backend, divide)


def tree_objective(
    params: VectorParams, chunk: TreeChunk, *, backend: Backend, divide: bool = True
) -> tuple[Array, Sparse]:
    """-sum log sigmoid(sign theta_node h_c) over the turns to c, h_c the context's mean."""
    has_context = (chunk.left + chunk.right > 0)[:, None]
    dtype = params.weight_in.dtype
    examples = path_examples(chunk, chunk.ids[:, None], has_context, dtype)
    return _of_contexts(params, chunk, examples, backend, divide)


def _of_contexts(
    params: VectorParams,
    chunk: NegativeChunk | TreeChunk,
    examples: Examples,
    backend: Backend,
    divide: bool,
) -> tuple[Array, Sparse]:
    """Through the mean: hidden = sum of the context vectors / their number."""
    xp, dtype = backend.xp, params.weight_in.dtype
    positions, inside = window_of(chunk, xp=xp)
    words = chunk.ids[positions]  # (N, 2R)
    share = 1 / xp.maximum(inside.sum(axis=1, keepdims=True), 1)
    means = xp.where(inside, share, 0).astype(dtype)
    hidden = (means[:, None, :] @ params.weight_in[words])[:, 0, :]  # (N, D)
    loss, d_hidden, d_rows, reach = logistic(hidden, params.weight_out, examples, xp=xp)
    back = means if divide else inside.astype(dtype)
    d_words = back[:, :, None] * d_hidden[:, None, :]  # (N, 2R, D)
    d_words = d_words.reshape(words.size, d_hidden.shape[1])
    return loss, Sparse(words.reshape(-1), d_words, examples.rows.reshape(-1), d_rows, reach)


def cbow_flops(dims: VectorDims, grad: bool) -> int:
    """The mean of R + 1 vectors, a dot product a column, backward two more and the rows back."""
    mean = dims.N * dims.R * dims.D
    dots = 2 * dims.N * (dims.J + 1) * dims.D
    return max(1, 2 * mean + 3 * dots if grad else mean + dots)


def cbow_problems(dims: VectorDims) -> int:
    return dims.N * (dims.J + 1)


CBOW_NS = objective_contract(
    "A20",
    "cbow_ns",
    "CBOW with negative sampling: loss of a chunk",
    f"{MIKOLOV_A}; {MIKOLOV_B}",
    NegativeChunk,
    negative_objective,
    validate_negatives,
    cbow_flops,
    cbow_problems,
)
CBOW_HS = objective_contract(
    "A20",
    "cbow_hs",
    "CBOW with hierarchical softmax: loss of a chunk",
    MIKOLOV_A,
    TreeChunk,
    tree_objective,
    validate_tree,
    cbow_flops,
    cbow_problems,
)
CBOW_NS_UPDATE = update_contract(
    CBOW_NS, negative_objective, "cbow_ns_update", "one step of CBOW, noise words"
)
CBOW_HS_UPDATE = update_contract(
    CBOW_HS, tree_objective, "cbow_hs_update", "one step of CBOW, Huffman tree"
)
CBOW_NS_WORD2VEC = update_contract(
    CBOW_NS,
    functools.partial(negative_objective, divide=False),
    "cbow_ns_word2vec",
    "the same as word2vec.c has it: context vectors move by the undivided gradient",
)
CBOW_HS_WORD2VEC = update_contract(
    CBOW_HS,
    functools.partial(tree_objective, divide=False),
    "cbow_hs_word2vec",
    "the same as word2vec.c has it: context vectors move by the undivided gradient",
)
