"""A21's counts: how often words stand near each other, weighted by 1 / distance.

Pennington et al. (2014), section 4.2: a pair of words d apart adds 1 / d, up to a window, within a
sentence. X[i, j] counts the word j in the context of the word i.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, RangeError, ShapeError

from ._ids import check_ids


@dataclass(frozen=True, slots=True)
class NoTable:
    """Nothing is learnt."""


@dataclass(frozen=True, slots=True)
class CooccurrenceInputs:
    """Sentences as one run of ids.

    ids : (N,) int32 in [0, vocab_size); starts : (S + 1,) int64, from 0 to N without falling;
    sentence s is ids[starts[s] : starts[s + 1]]
    symmetric : count both sides; else only words to the left
    weighted : a pair d apart counts 1 / d, else 1
    """

    ids: Array
    starts: Array
    vocab_size: int
    window: int = 10
    symmetric: bool = True
    weighted: bool = True


@dataclass(frozen=True, slots=True)
class Cooccurrences:
    """What is not zero, by row, then column.

    rows, columns : (P,) int32; counts : (P,) float64, above 0
    """

    rows: Array
    columns: Array
    counts: Array


class CooccurrenceDims(NamedTuple):
    """Tokens, words, window."""

    N: int
    V: int
    W: int


def cooccurrence_forward(
    params: NoTable, inputs: CooccurrenceInputs, cache: None, *, backend: Backend
) -> Cooccurrences:
    """All pairs of one distance at a time, then a sort and a sum over equal pairs."""
    xp = backend.xp
    keys, weights = _pairs(inputs, xp=xp)
    order = xp.argsort(keys, kind="stable")
    keys, weights = keys[order], weights[order]
    new = keys != xp.concatenate([keys[:1] - 1, keys[:-1]])
    group = xp.cumsum(new) - 1
    distinct = keys[new]
    counts = xp.zeros((distinct.shape[0], 1), dtype="float64")
    backend.scatter_add(counts, group, weights[:, None])
    rows, columns = distinct // inputs.vocab_size, distinct % inputs.vocab_size
    return Cooccurrences(rows.astype("int32"), columns.astype("int32"), counts[:, 0])


def _pairs(inputs: CooccurrenceInputs, *, xp: Any) -> tuple[Array, Array]:
    """(pairs,) int64 row * V + column, and their weights."""
    ids = inputs.ids.astype("int64")
    sentence = sentences_of(inputs, xp=xp)
    keys, weights = [xp.zeros(0, dtype="int64")], [xp.zeros(0, dtype="float64")]
    for distance in range(1, inputs.window + 1):
        same = sentence[distance:] == sentence[:-distance]
        left, right = ids[:-distance][same], ids[distance:][same]
        found = [right * inputs.vocab_size + left]
        if inputs.symmetric:
            found.append(left * inputs.vocab_size + right)
        weight = 1 / distance if inputs.weighted else 1.0
        for key in found:
            keys.append(key)
            weights.append(xp.full(key.shape[0], weight, dtype="float64"))
    return xp.concatenate(keys), xp.concatenate(weights)


def sentences_of(inputs: CooccurrenceInputs, *, xp: Any) -> Array:
    """(N,) the number of each token's sentence."""
    places = xp.arange(inputs.ids.shape[0])
    return xp.searchsorted(inputs.starts, places, side="right")


def cooccurrence_dims(params: NoTable, inputs: CooccurrenceInputs) -> CooccurrenceDims:
    return CooccurrenceDims(int(inputs.ids.shape[0]), inputs.vocab_size, inputs.window)


def cooccurrence_validate(params: NoTable, inputs: CooccurrenceInputs) -> None:
    if inputs.ids.ndim != 1 or inputs.starts.ndim != 1:
        raise ShapeError(
            f"cooccurrence: ids are {tuple(inputs.ids.shape)} and starts "
            f"{tuple(inputs.starts.shape)}, expected (N,) and (S + 1,); join the sentences"
        )
    if inputs.window < 1 or inputs.vocab_size < 1:
        raise RangeError(
            f"cooccurrence: window is {inputs.window} and vocab_size {inputs.vocab_size}, expected "
            "at least 1 each; GloVe's window is 10"
        )
    check_ids("cooccurrence", "ids", inputs.ids, inputs.vocab_size)
    starts, count = inputs.starts, inputs.ids.shape[0]
    whole = starts.shape[0] > 0 and int(starts[0]) == 0 and int(starts[-1]) == count
    if not whole or (starts[1:] < starts[:-1]).any():
        raise RangeError(
            f"cooccurrence: starts do not run from 0 to {count} without falling, expected the "
            "borders of all sentences; give cumulated lengths"
        )


def cooccurrence_flops(dims: CooccurrenceDims, grad: bool) -> int:
    """A key and a sum a pair, both directions."""
    return max(1, 4 * dims.N * dims.W)


def cooccurrence_bytes(dims: CooccurrenceDims, grad: bool, itemsize: int) -> int:
    """Ids read; of the pairs at least one visit of key and weight."""
    return max(1, 4 * dims.N + 32 * dims.N * dims.W)


def no_cache(dims: Any, dtype: str, *, backend: Backend) -> None:
    return None


COOCCURRENCE = Contract(
    id="A21",
    kind="vectors",
    name="cooccurrence",
    summary="windowed co-occurrence counts, weighted by 1 / distance",
    source="Pennington et al. (2014), section 4.2",
    Params=NoTable,
    Inputs=CooccurrenceInputs,
    Outputs=Cooccurrences,
    Dims=CooccurrenceDims,
    dims=cooccurrence_dims,
    validate=cooccurrence_validate,
    flops=cooccurrence_flops,
    bytes=cooccurrence_bytes,
    cache=no_cache,
    forward=cooccurrence_forward,
)
