"""A17, A18, A19: skip-gram, where the centre's vector predicts each word of its context.

The pair is (centre c, context word t): p(t | c) of Mikolov et al. (2013a), equation 2, and of the
notes with theta for weight_out. word2vec.c and gensim predict the centre from each context word;
over a whole corpus with a fixed window the pairs are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seqbench.interfaces import Array, Backend, Contract

from ._word_vector_checks import (
    validate_negatives,
    validate_rate,
    validate_softmax,
    validate_tree,
)
from ._word_vectors import (
    Examples,
    NegativeChunk,
    Objective,
    SoftmaxChunk,
    Sparse,
    TreeChunk,
    UpdatedVectors,
    VectorDims,
    VectorLoss,
    VectorParams,
    VectorUpdate,
    logistic,
    loss_backward,
    loss_forward,
    no_cache,
    noise_of,
    noise_shares,
    path_examples,
    update_dims,
    update_forward,
    vector_dims,
    window_of,
)


def softmax_objective(
    params: VectorParams, chunk: SoftmaxChunk, *, backend: Backend
) -> tuple[Array, Sparse]:
    """-sum log softmax(weight_out v_c)[t], over all pairs of centre c and context word t."""
    xp = backend.xp
    positions, inside = window_of(chunk, xp=xp)
    targets = chunk.ids[positions]  # (N, 2R)
    hidden, vocab_size = params.weight_in[chunk.ids], params.weight_out.shape[0]
    logits = hidden @ params.weight_out.T  # (N, D) x (D, V)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_total = xp.log(xp.exp(shifted).sum(axis=1, keepdims=True))
    log_probs = shifted - log_total
    picked = xp.take_along_axis(log_probs, targets, axis=1)
    zero = xp.zeros_like(picked)
    loss = -xp.where(inside, picked, zero).sum()
    # d loss / d logits = number of pairs * softmax - counts of the targets
    d_logits = inside.sum(axis=1, keepdims=True) * xp.exp(log_probs)
    d_logits = d_logits.astype(hidden.dtype)
    flat = xp.arange(targets.shape[0])[:, None] * vocab_size + targets
    ones = xp.where(inside, zero - 1, zero).reshape(-1, 1)
    backend.scatter_add(d_logits.reshape(-1, 1), flat.reshape(-1), ones)
    every = xp.arange(vocab_size)
    reach = xp.abs(d_logits).T @ (hidden * hidden).sum(axis=1)
    d_rows = d_logits.T @ hidden
    return loss, Sparse(chunk.ids, d_logits @ params.weight_out, every, d_rows, reach)


def tree_objective(
    params: VectorParams, chunk: TreeChunk, *, backend: Backend
) -> tuple[Array, Sparse]:
    """-sum log sigmoid(sign theta_node v_c) over the turns to t, over all pairs (c, t)."""
    xp = backend.xp
    positions, inside = window_of(chunk, xp=xp)
    targets = chunk.ids[positions]
    examples = path_examples(chunk, targets, inside, params.weight_in.dtype)
    return _of_centres(params, chunk.ids, examples, xp=xp)


def negative_objective(
    params: VectorParams, chunk: NegativeChunk, *, backend: Backend
) -> tuple[Array, Sparse]:
    """-sum [log sigmoid(u_t v_c) + sum_m share log sigmoid(-u_m v_c)] over all pairs (c, t)."""
    xp, dtype = backend.xp, params.weight_in.dtype
    positions, inside = window_of(chunk, xp=xp)
    targets, noise = chunk.ids[positions], noise_of(chunk, xp=xp)
    shares = noise_shares(targets, noise[:, None, :], chunk.num_negatives, dtype, xp=xp)
    shares = xp.where(inside[:, :, None], shares, 0).sum(axis=1)  # (N, 2R, M) -> (N, M)
    weights = xp.concatenate([inside.astype(dtype), shares.astype(dtype)], axis=1)
    signs = xp.ones_like(weights)
    signs[:, targets.shape[1] :] = -1
    rows = xp.concatenate([targets, noise], axis=1)
    return _of_centres(params, chunk.ids, Examples(rows, signs, weights), xp=xp)


def _of_centres(
    params: VectorParams, ids: Array, examples: Examples, *, xp: Any
) -> tuple[Array, Sparse]:
    hidden = params.weight_in[ids]
    loss, d_hidden, d_rows, reach = logistic(hidden, params.weight_out, examples, xp=xp)
    return loss, Sparse(ids, d_hidden, examples.rows.reshape(-1), d_rows, reach)


def softmax_flops(dims: VectorDims, grad: bool) -> int:
    """A product (N, D) x (D, V), backward two more; five operations a logit."""
    product = 2 * dims.N * dims.V * dims.D
    return max(1, (3 * product if grad else product) + 5 * dims.N * dims.V)


def tree_flops(dims: VectorDims, grad: bool) -> int:
    """A dot product a turn of each of R pairs, backward two more; L turns at most."""
    dots = 2 * dims.N * dims.R * dims.J * dims.D
    return max(1, 3 * dots if grad else dots)


def negative_flops(dims: VectorDims, grad: bool) -> int:
    """A dot product with each of R context words and each noise word, backward two more."""
    dots = 2 * dims.N * (dims.R + dims.J) * dims.D
    return max(1, 3 * dots if grad else dots)


def softmax_logits(dims: VectorDims) -> int:
    return dims.N * dims.V


def tree_problems(dims: VectorDims) -> int:
    return dims.N * dims.R * dims.J


def negative_problems(dims: VectorDims) -> int:
    return dims.N * (dims.R + dims.J)


def vector_bytes(dims: VectorDims, grad: bool, itemsize: int) -> int:
    """Rows of both matrices read once a position or block, ids; backward writes what it read."""
    rows = dims.N * dims.D * (1 + -(-dims.J // dims.block)) + dims.N * dims.D
    read = itemsize * rows + 12 * dims.N
    return max(1, read + (itemsize * rows if grad else 0))


def softmax_bytes(dims: VectorDims, grad: bool, itemsize: int) -> int:
    """A row a position and the whole of weight_out once, ids; backward writes what it read."""
    rows = itemsize * dims.D * (dims.N + dims.V)
    return rows * (2 if grad else 1) + 12 * dims.N


def vector_shapes(dims: VectorDims) -> dict[str, tuple[int, ...]]:
    return {"weight_in": (dims.V, dims.D), "weight_out": (dims.V, dims.D)}


def tree_shapes(dims: VectorDims) -> dict[str, tuple[int, ...]]:
    return {"weight_in": (dims.V, dims.D), "weight_out": (max(dims.V - 1, 1), dims.D)}


def objective_contract(
    id: str,
    name: str,
    summary: str,
    source: str,
    chunk: type,
    objective: Objective,
    validate: Any,
    flops: Any,
    problems: Callable[[VectorDims], int],
) -> Contract:
    """Loss of a chunk and its gradient; `problems` counts its binary problems, or its logits."""

    def check(params: VectorParams, inputs: Any) -> None:
        validate(name, params, inputs)

    return Contract(
        id=id,
        kind="vectors",
        name=name,
        summary=summary,
        source=source,
        Params=VectorParams,
        Inputs=chunk,
        Outputs=VectorLoss,
        Dims=VectorDims,
        dims=vector_dims,
        validate=check,
        flops=flops,
        bytes=softmax_bytes if chunk is SoftmaxChunk else vector_bytes,
        transcendentals=lambda dims, grad: problems(dims),
        cache=no_cache,
        forward=loss_forward(objective),
        backward=loss_backward(objective, chunk),
        shapes=tree_shapes if chunk is TreeChunk else vector_shapes,
    )


def update_contract(base: Contract, objective: Objective, name: str, summary: str) -> Contract:
    """One step on the objective of `base`, both matrices updated in place."""

    def check(params: VectorParams, inputs: VectorUpdate) -> None:
        base.validate(params, inputs.chunk)
        validate_rate(name, "learning_rate", inputs.learning_rate)
        validate_rate(name, "damping", inputs.damping)

    return Contract(
        id=base.id,
        kind="vectors",
        name=name,
        summary=summary,
        source=base.source,
        Params=VectorParams,
        Inputs=VectorUpdate,
        Outputs=UpdatedVectors,
        Dims=VectorDims,
        dims=update_dims,
        validate=check,
        flops=lambda dims, grad: base.flops(dims, True),
        bytes=lambda dims, grad, itemsize: base.bytes(dims, True, itemsize),
        transcendentals=base.transcendentals,
        cache=no_cache,
        forward=update_forward(objective),
        shapes=base.shapes,
        in_place=True,
    )


MIKOLOV_A = "Mikolov, Chen, Corrado & Dean (2013a), Efficient estimation of word representations"
MIKOLOV_B = "Mikolov, Sutskever, Chen, Corrado & Dean (2013b), Distributed representations"

SKIPGRAM_SOFTMAX = objective_contract(
    "A17",
    "skipgram_softmax",
    "skip-gram with the full softmax: loss of a chunk",
    MIKOLOV_A,
    SoftmaxChunk,
    softmax_objective,
    validate_softmax,
    softmax_flops,
    softmax_logits,
)
SKIPGRAM_HS = objective_contract(
    "A18",
    "skipgram_hs",
    "skip-gram with hierarchical softmax: loss of a chunk",
    "Morin & Bengio (2005); " + MIKOLOV_B,
    TreeChunk,
    tree_objective,
    validate_tree,
    tree_flops,
    tree_problems,
)
SKIPGRAM_NS = objective_contract(
    "A19",
    "skipgram_ns",
    "skip-gram with negative sampling: loss of a chunk",
    MIKOLOV_B + ", equation 4",
    NegativeChunk,
    negative_objective,
    validate_negatives,
    negative_flops,
    negative_problems,
)
SKIPGRAM_SOFTMAX_UPDATE = update_contract(
    SKIPGRAM_SOFTMAX, softmax_objective, "skipgram_softmax_update", "one step of skip-gram, softmax"
)
SKIPGRAM_HS_UPDATE = update_contract(
    SKIPGRAM_HS, tree_objective, "skipgram_hs_update", "one step of skip-gram, Huffman tree"
)
SKIPGRAM_NS_UPDATE = update_contract(
    SKIPGRAM_NS, negative_objective, "skipgram_ns_update", "one step of skip-gram, noise words"
)
