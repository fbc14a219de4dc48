"""A28's inner step: from logits to the next beam, with nothing read back to the host.

Beam search as in Sutskever et al. (2014), section 3.2, over a whole batch of sentences. There are
two ways to stop: `filled` keeps a finished hypothesis in its slot for good; `bound` moves it to a
pool and stops when no live hypothesis can beat the pool (Huang, Zhao & Ma 2017, section 3, with any
penalty that grows with the length).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, RangeError, ShapeError, unknown_name

from ._cell import check_shape

STOPS = ("filled", "bound")


@dataclass(frozen=True, slots=True)
class BeamSelectParams:
    """Nothing is learnt."""


@dataclass(frozen=True, slots=True)
class BeamSelectInputs:
    """One step of K hypotheses over B sentences.

    logits : (K, B, V); rows of finished and empty hypotheses may hold anything
    scores : (K, B) same dtype, log P so far in nats; -inf is an empty slot
    finished : (K, B) bool; all False under `bound`, where finished ones leave the beam
    eos_id : in [0, V)

    Only for `bound`:
    pool : (K, B) normalised scores of finished hypotheses, best first, -inf where there is none
    penalty : the divisor of log P for a hypothesis that ends now
    bound_penalty : the divisor at max_length, the most that a live hypothesis can still gain
    n_best : a sentence is done when no live hypothesis can enter its best n_best
    """

    logits: Array
    scores: Array
    finished: Array
    eos_id: int
    stop: str = "filled"
    pool: Array | None = None
    penalty: float = 1.0
    bound_penalty: float = 1.0
    n_best: int = 1


@dataclass(frozen=True, slots=True)
class BeamSelectOutputs:
    """The next beam.

    scores : (K, B); -inf is an empty slot
    tokens : (K, B) int32; eos_id in finished and empty slots
    parents : (K, B) int32, the slot each hypothesis continues; its own if finished or empty
    finished : (K, B) bool
    done : (B,) bool, nothing is left to extend

    Only for `bound`:
    pool : (K, B) the best K of the old pool and the hypotheses that end now
    pool_sources : (K, B) int32; below K a slot of the old pool, from K on K + the slot that ends
    eos_scores : (K, B) log P of every live hypothesis followed by EOS, -inf where not live
    """

    scores: Array
    tokens: Array
    parents: Array
    finished: Array
    done: Array
    pool: Array | None = None
    pool_sources: Array | None = None
    eos_scores: Array | None = None


class BeamDims(NamedTuple):
    """Beam width, sentences, vocabulary."""

    K: int
    B: int
    V: int


def log_sum_exp(logits: Array, *, xp: Any) -> Array:
    """Over the last axis, in nats; never below the largest logit."""
    top = logits.max(axis=-1)
    return top + xp.log(xp.exp(logits - top[..., None]).sum(axis=-1))


def beam_select_forward(
    params: BeamSelectParams, inputs: BeamSelectInputs, cache: None, *, backend: Backend
) -> BeamSelectOutputs:
    """Score every continuation, keep the best; ties go to the lowest flat index k V + v.

    `filled`: the slots that are not finished take the best continuations in order, those that end
    in EOS included. `bound`: the K slots take the best continuations that do not end, and the EOS
    continuation of every live hypothesis is offered to the pool.
    """
    xp = backend.xp
    live = xp.logical_not(inputs.finished) & (inputs.scores > -math.inf)
    logits = xp.where(live[:, :, None], inputs.logits, 0)
    log_probs = logits - log_sum_exp(logits, xp=xp)[:, :, None]
    candidates = xp.where(live[:, :, None], inputs.scores[:, :, None] + log_probs, -math.inf)
    if inputs.stop == "bound":
        return _select_bound(inputs, candidates, xp=xp)
    best, flat = best_candidates(candidates, xp=xp)
    return place(inputs, best, flat, xp=xp)


def _select_bound(inputs: BeamSelectInputs, candidates: Array, *, xp: Any) -> BeamSelectOutputs:
    ends = (xp.arange(candidates.shape[2]) == inputs.eos_id)[None, None, :]
    best, flat = best_candidates(xp.where(ends, -math.inf, candidates), xp=xp)
    eos_scores = xp.ascontiguousarray(candidates[:, :, inputs.eos_id])
    return pooled(inputs, place(inputs, best, flat, xp=xp), eos_scores, xp=xp)


def best_candidates(candidates: Array, *, xp: Any) -> tuple[Array, Array]:
    """The K best of (K, B, V) a sentence: values and flat indices k V + v, each (K, B)."""
    K, B, V = candidates.shape
    flat = candidates.transpose(1, 0, 2).reshape(B, K * V)  # (K, B, V) -> (B, K V)
    order = xp.argsort(-flat, axis=1, kind="stable")[:, :K]
    return xp.take_along_axis(flat, order, axis=1).T, order.T


def place(inputs: BeamSelectInputs, best: Array, flat: Array, *, xp: Any) -> BeamSelectOutputs:
    """The r-th best candidate goes to the r-th free slot; a finished slot stays as it is."""
    K, _, V = inputs.logits.shape
    free = xp.logical_not(inputs.finished)
    rank = xp.where(free, xp.cumsum(free, axis=0) - 1, 0)
    value = xp.take_along_axis(best, rank, axis=0)
    chosen = xp.take_along_axis(flat, rank, axis=0)
    taken = free & (value > -math.inf)
    own = xp.arange(K, dtype=xp.int32)[:, None]
    scores = xp.where(taken, value, xp.where(free, -math.inf, inputs.scores))
    tokens = xp.where(taken, (chosen % V).astype(xp.int32), xp.int32(inputs.eos_id))
    finished = inputs.finished | (taken & (tokens == inputs.eos_id))
    return BeamSelectOutputs(
        scores=scores,
        tokens=tokens,
        parents=xp.where(taken, (chosen // V).astype(xp.int32), own),
        finished=finished,
        done=xp.logical_not((xp.logical_not(finished) & (scores > -math.inf)).any(axis=0)),
    )


def pooled(
    inputs: BeamSelectInputs, beam: BeamSelectOutputs, eos_scores: Array, *, xp: Any
) -> BeamSelectOutputs:
    """The pool with the hypotheses that end now, and the sentences that nothing can improve.

    log P only falls and the penalty only grows, so log P / bound_penalty bounds every continuation.
    The live hypotheses of a done sentence become empty slots: later steps cannot change it.
    """
    offered = xp.concatenate([inputs.pool, eos_scores / inputs.penalty])  # (2K, B)
    sources = xp.argsort(-offered, axis=0, kind="stable")[: beam.scores.shape[0]]
    pool = xp.take_along_axis(offered, sources, axis=0)
    hope = beam.scores.max(axis=0) / inputs.bound_penalty
    done = beam.done | (hope <= pool[inputs.n_best - 1])
    return BeamSelectOutputs(
        scores=xp.where(done[None, :], -math.inf, beam.scores),
        tokens=beam.tokens,
        parents=beam.parents,
        finished=beam.finished,
        done=done,
        pool=pool,
        pool_sources=sources.astype(xp.int32),
        eos_scores=eos_scores,
    )


def beam_select_dims(params: BeamSelectParams, inputs: BeamSelectInputs) -> BeamDims:
    return BeamDims(*(int(n) for n in inputs.logits.shape))


def beam_select_validate(params: BeamSelectParams, inputs: BeamSelectInputs) -> None:
    """Shapes, the EOS id, the stop rule and its pool, and no NaN in a live hypothesis."""
    if inputs.logits.ndim != 3:
        raise ShapeError(
            f"beam_select: logits have shape {tuple(inputs.logits.shape)}, expected (K, B, V); "
            "put the hypotheses first"
        )
    K, B, V = inputs.logits.shape
    check_shape("beam_select", "scores", inputs.scores, (K, B))
    check_shape("beam_select", "finished", inputs.finished, (K, B))
    if inputs.stop not in STOPS:
        raise unknown_name("stop rule", inputs.stop, STOPS)
    if not 0 <= inputs.eos_id < V:
        raise RangeError(
            f"beam_select: eos_id is {inputs.eos_id}, expected 0 to V - 1 = {V - 1}; "
            "give the id that the vocabulary has for <EOS>"
        )
    if inputs.stop == "bound":
        _validate_pool(inputs, K, B)
    live = ~inputs.finished & (inputs.scores > -math.inf)
    if bool((live & (inputs.logits != inputs.logits).any(axis=2)).any()):
        raise RangeError(
            "beam_select: the logits of a live hypothesis hold NaN, expected numbers or -inf; "
            "look at the model's weights"
        )


def _validate_pool(inputs: BeamSelectInputs, K: int, B: int) -> None:
    if inputs.pool is None:
        raise ShapeError(
            f"beam_select: pool is None, expected ({K}, {B}) with stop='bound'; "
            "start with -inf everywhere"
        )
    check_shape("beam_select", "pool", inputs.pool, (K, B))
    if not 1 <= inputs.n_best <= K:
        raise RangeError(
            f"beam_select: n_best is {inputs.n_best}, expected 1 to K = {K}; widen the beam"
        )


def beam_select_flops(dims: BeamDims, grad: bool) -> int:
    """A logit: maximum, difference, exponential, sum, difference, sum, comparison."""
    return 7 * dims.K * dims.B * dims.V


def beam_select_bytes(dims: BeamDims, grad: bool, itemsize: int) -> int:
    """The logits once; scores, tokens, parents and flags a hypothesis."""
    K, B, V = dims
    return itemsize * K * B * (V + 2) + K * B * (4 + 4 + 2) + B


def beam_select_transcendentals(dims: BeamDims, grad: bool) -> int:
    """An exponential a logit, a logarithm a hypothesis."""
    return dims.K * dims.B * (dims.V + 1)


def beam_select_workspace(dims: BeamDims, itemsize: int) -> int:
    """Bytes the shared text holds at once at most: five arrays of candidates, and their order."""
    return dims.K * dims.B * (dims.V * (5 * itemsize + 2 * 8) + 16 * 8)


def beam_select_cache(dims: BeamDims, dtype: str, *, backend: Backend) -> None:
    return None


BEAM_SELECT = Contract(
    id="A28",
    kind="decoder",
    name="beam_select",
    summary="one step of beam search: log-sum-exp, best K, EOS, ties",
    source="Sutskever et al. (2014), section 3.2; Huang, Zhao & Ma (2017), section 3",
    Params=BeamSelectParams,
    Inputs=BeamSelectInputs,
    Outputs=BeamSelectOutputs,
    Dims=BeamDims,
    dims=beam_select_dims,
    validate=beam_select_validate,
    flops=beam_select_flops,
    bytes=beam_select_bytes,
    transcendentals=beam_select_transcendentals,
    cache=beam_select_cache,
    forward=beam_select_forward,
)
