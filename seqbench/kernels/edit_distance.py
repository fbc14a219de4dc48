"""A36, the counts behind CER and WER: fewest edits that turn a reference into a hypothesis.

Levenshtein (1966); Wagner & Fischer (1974), the dynamic program, by anti-diagonals, so that all
cells of a step are independent. Of the alignments with the fewest edits the one with the fewest
insertions and deletions is counted: one integer orders by both, and the counts follow from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, DtypeError, RangeError, ShapeError

from ._cell import check_shape

CHUNK_CELLS = 1 << 18  # cells of one anti-diagonal computed at once


@dataclass(frozen=True, slots=True)
class EditDistanceParams:
    """Nothing is learnt."""


@dataclass(frozen=True, slots=True)
class EditDistanceInputs:
    """N pairs as ids, batch-major: each pair is compared with itself alone.

    hypotheses : (N, L) int32; hypothesis_lengths : (N,) int32, in [0, L]
    references : (N, L2) int32; reference_lengths : (N,) int32, in [0, L2]
    What lies past a length may be anything.
    """

    hypotheses: Array
    hypothesis_lengths: Array
    references: Array
    reference_lengths: Array


@dataclass(frozen=True, slots=True)
class EditDistanceOutputs:
    """Sufficient statistics, (N,) int64 each: they add up over pairs.

    An insertion is in the hypothesis alone, a deletion in the reference alone.
    """

    substitutions: Array
    insertions: Array
    deletions: Array


class EditDistanceDims(NamedTuple):
    """Pairs, hypothesis axis, reference axis."""

    N: int
    L: int
    L2: int


def edit_distance_forward(
    params: EditDistanceParams, inputs: EditDistanceInputs, cache: None, *, backend: Backend
) -> EditDistanceOutputs:
    """The last cell of every pair's table, then its counts."""
    xp = backend.xp
    N, L = inputs.hypotheses.shape
    weight = L + inputs.references.shape[1] + 1  # an edit outweighs all insertions and deletions
    costs = xp.zeros(N, dtype=xp.int64)
    rows = max(1, CHUNK_CELLS // (L + 1))
    for start in range(0, N, rows):
        part = slice(start, start + rows)
        costs[part] = _costs(inputs, part, weight, xp=xp)
    edits, moves = costs // weight, costs % weight  # moves: insertions and deletions
    surplus = (inputs.hypothesis_lengths - inputs.reference_lengths).astype(xp.int64)
    insertions = (moves + surplus) // 2
    return EditDistanceOutputs(edits - moves, insertions, moves - insertions)


def _costs(inputs: EditDistanceInputs, part: slice, weight: int, *, xp: Any) -> Array:
    """(rows,) int64: edits * weight + insertions + deletions of some pairs.

    Cell (i, j) has read i ids of the hypothesis and j of the reference; step d holds those with
    i + j = d, by i. What lies past a length feeds only cells behind the pair's last one.
    """
    hypotheses, references = inputs.hypotheses[part], inputs.references[part]
    ends = inputs.hypothesis_lengths[part].astype(xp.int64)
    last = ends + inputs.reference_lengths[part]
    rows, L = hypotheses.shape
    never = xp.int64(weight * weight)
    i = xp.arange(L + 1)
    before = xp.full((rows, L + 1), never, dtype=xp.int64)
    current = xp.where(i == 0, xp.int64(0), before)
    costs = xp.zeros(rows, dtype=xp.int64)
    for d in range(1, L + references.shape[1] + 1):
        move = current + (weight + 1)  # one id of either side alone
        new = xp.where(i <= d, move, never)  # a deletion: from (i, j - 1)
        if L > 0:
            inserted = xp.minimum(new[:, 1:], move[:, :-1])  # from (i - 1, j)
            both = before[:, :-1] + weight * _unequal(hypotheses, references, d, xp=xp)
            new[:, 1:] = xp.minimum(inserted, both)  # from (i - 1, j - 1)
        before, current = current, new
        reached = xp.take_along_axis(new, ends[:, None], axis=1)[:, 0]
        costs = xp.where(last == d, reached, costs)
    return costs


def _unequal(hypotheses: Array, references: Array, d: int, *, xp: Any) -> Array:
    """(rows, L) int64: whether id i of the hypothesis differs from id d - 2 - i of the reference.

    1 where the reference has no such id: such cells are never read from.
    """
    rows, L = hypotheses.shape
    L2 = references.shape[1]
    if L2 == 0:
        return xp.ones((rows, L), dtype=xp.int64)
    column = d - 2 - xp.arange(L)
    there = (column >= 0) & (column < L2)
    other = references[:, xp.clip(column, 0, L2 - 1)]
    return xp.where(there & (hypotheses == other), xp.int64(0), xp.int64(1))


def edit_distance_dims(params: EditDistanceParams, inputs: EditDistanceInputs) -> EditDistanceDims:
    N, L = inputs.hypotheses.shape
    return EditDistanceDims(N, L, inputs.references.shape[1])


def edit_distance_validate(params: EditDistanceParams, inputs: EditDistanceInputs) -> None:
    """N is that of the hypotheses."""
    count = len(inputs.hypotheses)
    _check_side("hypotheses", inputs.hypotheses, inputs.hypothesis_lengths, count)
    _check_side("references", inputs.references, inputs.reference_lengths, count)


def _check_side(side: str, ids: Array, lengths: Array, count: int) -> None:
    if ids.ndim != 2 or len(ids) != count:
        raise ShapeError(
            f"edit_distance: {side} are {tuple(ids.shape)}, expected (N, L) with N = {count}; "
            "pad the sentences to one length"
        )
    check_shape("edit_distance", f"lengths of {side}", lengths, (count,))
    for name, array in ((side, ids), (f"lengths of {side}", lengths)):
        if str(array.dtype) != "int32":
            raise DtypeError(
                f"edit_distance: {name} are {array.dtype}, expected int32; cast them with astype"
            )
    outside = (lengths < 0) | (lengths > ids.shape[1])
    if bool(outside.any()):
        raise RangeError(
            f"edit_distance: a length of {side} is {int(lengths[outside][0])}, expected 0 to "
            f"{ids.shape[1]}; pad the sentences further"
        )


def edit_distance_flops(dims: EditDistanceDims, grad: bool) -> int:
    """A cell: a comparison, three sums, two minima."""
    return dims.N * (6 * (dims.L + 1) * (dims.L2 + 1))


def edit_distance_bytes(dims: EditDistanceDims, grad: bool, itemsize: int) -> int:
    """Ids and lengths once, the counts."""
    return dims.N * (4 * (dims.L + dims.L2 + 2) + 24)


def edit_distance_steps(dims: EditDistanceDims) -> int:
    """The diagonals, one after another."""
    return dims.L + dims.L2


def edit_distance_cache(dims: EditDistanceDims, dtype: str, *, backend: Backend) -> None:
    return None


EDIT_DISTANCE = Contract(
    id="A36",
    kind="metric",
    name="edit_distance",
    summary="substitutions, insertions and deletions a pair",
    source="Levenshtein (1966); Wagner & Fischer (1974)",
    Params=EditDistanceParams,
    Inputs=EditDistanceInputs,
    Outputs=EditDistanceOutputs,
    Dims=EditDistanceDims,
    dims=edit_distance_dims,
    validate=edit_distance_validate,
    flops=edit_distance_flops,
    bytes=edit_distance_bytes,
    steps=edit_distance_steps,
    cache=edit_distance_cache,
    forward=edit_distance_forward,
)
