"""A32, the counts behind BLEU: clipped n-gram matches, totals and lengths a sentence.

Papineni et al. (2002), sections 2.1.1 and 2.2: a hypothesis n-gram matches at most as often as the
reference that holds it most often; the reference length is the one closest to the hypothesis, the
shorter of two (NIST's mteval-v13a and sacreBLEU).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, RangeError, ShapeError

from ._cell import check_shape

CHUNK_PAIRS = 1 << 22  # pairs of positions compared at once


@dataclass(frozen=True, slots=True)
class BleuParams:
    """Nothing is learnt."""


@dataclass(frozen=True, slots=True)
class BleuInputs:
    """N sentences as ids; batch-major, since every sentence is compared with itself alone.

    hypotheses : (N, L) int32, ids of at least 0; hypothesis_lengths : (N,) int32, in [0, L]
    references : (R, N, L2) int32; reference_lengths : (R, N) int32, in [-1, L2], -1 where a
    sentence has fewer references, but at least one. What lies past a length may be anything.
    max_order : n-grams of 1 to max_order words
    """

    hypotheses: Array
    hypothesis_lengths: Array
    references: Array
    reference_lengths: Array
    max_order: int = 4


@dataclass(frozen=True, slots=True)
class BleuOutputs:
    """Sufficient statistics, all int64: they add up over sentences.

    matches, totals : (N, max_order); hypothesis_lengths : (N,); reference_lengths : (N,), the
    closest
    """

    matches: Array
    totals: Array
    hypothesis_lengths: Array
    reference_lengths: Array


class BleuDims(NamedTuple):
    """Sentences, hypothesis axis, references, reference axis, highest order."""

    N: int
    L: int
    R: int
    L2: int
    n: int


def closest_lengths(lengths: Array, reference_lengths: Array, *, xp: Any) -> Array:
    """(N,) int64: of (R, N) the one nearest to `lengths`, ties to the shorter."""
    candidates = reference_lengths.astype(xp.int64)
    distance = xp.abs(candidates - lengths[None, :])
    # One integer orders by distance, then by length; a missing reference comes after any other.
    span = xp.maximum(candidates.max(), lengths.max()) + 1
    key = xp.where(candidates < 0, span * (span + 1), distance * span + candidates)
    return xp.take_along_axis(candidates, key.argmin(axis=0)[None, :], axis=0)[0]


def ngram_totals(lengths: Array, max_order: int, *, xp: Any) -> Array:
    """(N, max_order) int64: how many n-grams a sentence of each length has."""
    orders = xp.arange(max_order, dtype=xp.int64)
    return xp.maximum(lengths.astype(xp.int64)[:, None] - orders[None, :], 0)


def bleu_stats_forward(
    params: BleuParams, inputs: BleuInputs, cache: None, *, backend: Backend
) -> BleuOutputs:
    """Compare every position of a hypothesis with every one of itself and of its references."""
    xp = backend.xp
    N, L = inputs.hypotheses.shape
    lengths = inputs.hypothesis_lengths.astype(xp.int64)
    matches = xp.zeros((N, inputs.max_order), dtype=xp.int64)
    rows = max(1, CHUNK_PAIRS // max(1, L * max(L, inputs.references.shape[2])))
    for start in range(0, N, rows):
        part = slice(start, start + rows)
        matches[part] = _matches(inputs, part, xp=xp)
    if N == 0:
        return BleuOutputs(matches, matches, lengths, lengths)
    return BleuOutputs(
        matches=matches,
        totals=ngram_totals(lengths, inputs.max_order, xp=xp),
        hypothesis_lengths=lengths,
        reference_lengths=closest_lengths(lengths, inputs.reference_lengths, xp=xp),
    )


def _matches(inputs: BleuInputs, part: slice, *, xp: Any) -> Array:
    """(rows, max_order) clipped matches of some sentences.

    The r-th occurrence of an n-gram (r from 0) matches if some reference holds it more than r
    times: the sum is Papineni's min(count, max reference count) over distinct n-grams.
    """
    words, lengths = inputs.hypotheses[part], inputs.hypothesis_lengths[part]
    L = words.shape[1]
    position = xp.arange(L)
    own = _equal(words, lengths, words, lengths, xp=xp) & (position[None, :] < position[:, None])
    others = [
        _equal(words, lengths, inputs.references[r, part], inputs.reference_lengths[r, part], xp=xp)
        for r in range(inputs.references.shape[0])
    ]
    own_n, others_n, found = own, others, []
    for n in range(inputs.max_order):
        if n > 0:  # the n-grams at i and j are equal if the shorter ones are and the last words too
            own_n = own_n[:, :-1, :-1] & own[:, n:, n:]
            others_n = [
                e[:, :-1, :-1] & one[:, n:, n:] for e, one in zip(others_n, others, strict=True)
            ]
        if n >= L:
            found.append(xp.zeros(words.shape[0], dtype=xp.int64))
            continue
        earlier = own_n.sum(axis=2)  # (rows, L - n)
        clip = xp.zeros_like(earlier)
        for equal in others_n:
            clip = xp.maximum(clip, equal.sum(axis=2))
        found.append((earlier < clip).sum(axis=1))
    return xp.stack(found, axis=1)


def _equal(a: Array, a_lengths: Array, b: Array, b_lengths: Array, *, xp: Any) -> Array:
    """(rows, La, Lb) bool: the same word at i and j, both inside their sentence."""
    inside_a = xp.arange(a.shape[1])[None, :] < a_lengths[:, None]
    inside_b = xp.arange(b.shape[1])[None, :] < b_lengths[:, None]
    return (a[:, :, None] == b[:, None, :]) & inside_a[:, :, None] & inside_b[:, None, :]


def bleu_dims(params: BleuParams, inputs: BleuInputs) -> BleuDims:
    N, L = inputs.hypotheses.shape
    R, _, L2 = inputs.references.shape
    return BleuDims(int(N), int(L), int(R), int(L2), inputs.max_order)


def bleu_validate(params: BleuParams, inputs: BleuInputs) -> None:
    if inputs.hypotheses.ndim != 2 or inputs.references.ndim != 3:
        raise ShapeError(
            f"bleu_stats: hypotheses are {tuple(inputs.hypotheses.shape)} and references "
            f"{tuple(inputs.references.shape)}, expected (N, L) and (R, N, L2); add the "
            "missing axis"
        )
    N, L = inputs.hypotheses.shape
    R, _, L2 = inputs.references.shape
    check_shape("bleu_stats", "references", inputs.references, (R, N, L2))
    check_shape("bleu_stats", "hypothesis_lengths", inputs.hypothesis_lengths, (N,))
    check_shape("bleu_stats", "reference_lengths", inputs.reference_lengths, (R, N))
    if inputs.max_order < 1:
        raise RangeError(
            f"bleu_stats: max_order is {inputs.max_order}, expected at least 1; BLEU uses 4"
        )
    if N == 0:
        return
    if R == 0 or bool((inputs.reference_lengths.max(axis=0) < 0).any()):
        raise RangeError("bleu_stats: a sentence has no reference, expected one or more; drop it")
    _validate_span("hypothesis", inputs.hypothesis_lengths, 0, L)
    _validate_span("reference", inputs.reference_lengths, -1, L2)
    _validate_ids("hypothesis", inputs.hypotheses, inputs.hypothesis_lengths)
    _validate_ids("reference", inputs.references, inputs.reference_lengths)


def _validate_span(what: str, lengths: Array, low: int, high: int) -> None:
    if int(lengths.min()) < low or int(lengths.max()) > high:
        raise RangeError(
            f"bleu_stats: {what} lengths span {int(lengths.min())} to {int(lengths.max())}, "
            f"expected {low} to {high}; pad the ids further"
        )


def _validate_ids(what: str, ids: Array, lengths: Array) -> None:
    # Positions from 1 by a running count: validation is given no array namespace.
    inside = (ids == ids).cumsum(axis=-1) <= lengths[..., None]
    if bool((inside & (ids < 0)).any()):
        raise RangeError(
            f"bleu_stats: a {what} holds a negative id, expected ids of at least 0; number the "
            "words from 0"
        )


def bleu_flops(dims: BleuDims, grad: bool) -> int:
    """A comparison and an addition a pair of positions and order."""
    N, L, R, L2, n = dims
    return 2 * n * N * L * (L + R * L2)


def bleu_bytes(dims: BleuDims, grad: bool, itemsize: int) -> int:
    """Ids and lengths in, statistics out."""
    N, L, R, L2, n = dims
    return 4 * N * (L + 1 + R * (L2 + 1)) + 8 * N * (2 * n + 2)


def bleu_cache(dims: BleuDims, dtype: str, *, backend: Backend) -> None:
    return None


BLEU_STATS = Contract(
    id="A32",
    kind="metric",
    name="bleu_stats",
    summary="clipped n-gram matches, totals and lengths a sentence",
    source="Papineni et al. (2002), sections 2.1 and 2.2",
    Params=BleuParams,
    Inputs=BleuInputs,
    Outputs=BleuOutputs,
    Dims=BleuDims,
    dims=bleu_dims,
    validate=bleu_validate,
    flops=bleu_flops,
    bytes=bleu_bytes,
    cache=bleu_cache,
    forward=bleu_stats_forward,
)
