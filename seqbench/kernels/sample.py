"""A07: the next token drawn from the softmax, with temperature and top-k; one draw, any backend.

The inverse of the distribution function: row b takes number `offset` + b of a Philox stream, a
float64 in [0, 1) of two 32-bit words (see `philox`), multiplies it with the sum of the row's
weights, and picks the first id whose running sum, in the order of ids, exceeds that. Backends share
the drawn number to the bit. Their sums are rounded differently, so ids can differ in near-ties
alone: where the target lies within V roundings of a running sum (for V = 10,000 and float32 weights
less than once in a thousand rows, for float64 never seen).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, DtypeError, RangeError, ShapeError

from .losses import NoParams
from .philox import uniform

MIN_TEMPERATURE = 1e-6
"""Below it differences of logits overflow; 0 stands for the limit, the most probable token."""

WORDS = 1 << 64


@dataclass(frozen=True, slots=True)
class SampleInputs:
    """One step of B rows.

    logits : (B, V), numbers or -inf for what cannot be drawn; each row has a finite one
    temperature : divides the logits; 0 takes the largest, the lowest id of equal ones
    top_k : only the k largest logits of a row can be drawn, of equal ones the lowest ids; None: all
    seed, stream, offset : row b is decided by number `offset` + b of the stream; in [0, 2**64)
    """

    logits: Array
    temperature: float = 1.0
    top_k: int | None = None
    seed: int = 0
    stream: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class SampleOutputs:
    """ids : (B,) int32."""

    ids: Array


class SampleDims(NamedTuple):
    """Rows, vocabulary."""

    B: int
    V: int


def sample_forward(
    params: NoParams, inputs: SampleInputs, cache: None, *, backend: Backend
) -> SampleOutputs:
    """Weights and running sums in float64, whatever the logits are."""
    xp = backend.xp
    if inputs.temperature == 0:
        return SampleOutputs(inputs.logits.argmax(axis=1).astype(xp.int32))
    weights = sample_weights(inputs.logits, inputs.temperature, inputs.top_k, xp=xp)
    return SampleOutputs(pick(weights, drawn_numbers(inputs, xp=xp), xp=xp))


def drawn_numbers(inputs: SampleInputs, *, xp: Any) -> Array:
    """(B,) float64 in [0, 1): a function of seed, stream, offset and the row alone."""
    return uniform(
        (len(inputs.logits),),
        seed=inputs.seed,
        stream=inputs.stream,
        start=inputs.offset,
        dtype="float64",
        xp=xp,
    )


def sample_weights(logits: Array, temperature: float, top_k: int | None, *, xp: Any) -> Array:
    """(B, V) float64, proportional to what is drawn from; the largest is 1."""
    wide = logits.astype(xp.float64)
    weights = xp.exp((wide - wide.max(axis=1, keepdims=True)) / temperature)
    if top_k is None:
        return weights
    return xp.where(among_largest(wide, top_k, xp=xp), weights, 0)


def among_largest(values: Array, count: int, *, xp: Any) -> Array:
    """(B, V) bool: exactly `count` a row are True; of equal values the lowest ids."""
    threshold = xp.sort(values, axis=1)[:, -count, None]
    above, equal = values > threshold, values == threshold
    room = count - above.sum(axis=1, keepdims=True)
    return above | (equal & (xp.cumsum(equal, axis=1) <= room))


def pick(weights: Array, drawn: Array, *, xp: Any) -> Array:
    """(B,) int32: the first id whose running sum exceeds drawn times the row's sum.

    A target that rounds up to the sum itself takes the last id that has a weight.
    """
    running = xp.cumsum(weights, axis=1)
    total = running[:, -1:]
    passed = (running <= drawn[:, None] * total).sum(axis=1)
    last = (running < total).sum(axis=1)
    return xp.minimum(passed, last).astype(xp.int32)


def sample_dims(params: NoParams, inputs: SampleInputs) -> SampleDims:
    return SampleDims(*(int(n) for n in inputs.logits.shape))


def sample_cache(dims: SampleDims, dtype: str, *, backend: Backend) -> None:
    """Nothing is kept: ids have no gradient."""


def sample_validate(params: NoParams, inputs: SampleInputs) -> None:
    """Settings in their ranges; no row of NaN, +inf or -inf alone."""
    logits = inputs.logits
    if logits.ndim != 2 or logits.shape[1] == 0:
        raise ShapeError(
            f"sample: logits have shape {tuple(logits.shape)}, expected (B, V) with V >= 1; give "
            "one row a sequence"
        )
    if "float" not in str(logits.dtype):
        raise DtypeError(f"sample: logits are {logits.dtype}, expected a floating dtype; cast them")
    check_sampling("sample", inputs.temperature, inputs.top_k, logits.shape[1])
    for name in ("seed", "stream", "offset"):
        if not 0 <= getattr(inputs, name) < WORDS:
            raise RangeError(
                f"sample: {name} is {getattr(inputs, name)}, expected 0 to 2**64 - 1; take it "
                "modulo 2**64"
            )
    if not bool((logits < math.inf).all()):  # NaN is not below either
        raise RangeError(
            "sample: the logits hold NaN or +inf, expected numbers or -inf; look at the model's "
            "weights"
        )
    if not bool((logits > -math.inf).any(axis=1).all()):
        raise RangeError(
            "sample: a row of logits is -inf throughout, expected a finite one; leave something "
            "to draw"
        )


def check_sampling(operation: str, temperature: float, top_k: int | None, vocab_size: int) -> None:
    """Raise RangeError unless the temperature is 0 or positive and 1 <= top_k <= V."""
    if not (temperature == 0 or MIN_TEMPERATURE <= temperature < math.inf):
        raise RangeError(
            f"{operation}: temperature is {temperature}, expected 0 (the most probable token) or "
            f"at least {MIN_TEMPERATURE:g}; set temperature=1 for the model's own distribution"
        )
    if top_k is None:
        return
    if isinstance(top_k, bool) or not hasattr(top_k, "__index__") or not 1 <= top_k <= vocab_size:
        raise RangeError(
            f"{operation}: top_k is {top_k!r}, expected an integer from 1 to V = {vocab_size}; "
            "None draws from all"
        )


def sample_flops(dims: SampleDims, grad: bool) -> int:
    """A logit: maximum, difference, division, exponential, sum."""
    return 5 * dims.B * dims.V


def sample_bytes(dims: SampleDims, grad: bool, itemsize: int) -> int:
    """The logits once, an id a row."""
    return itemsize * dims.B * dims.V + 4 * dims.B


def sample_transcendentals(dims: SampleDims, grad: bool) -> int:
    """An exponential a logit."""
    return dims.B * dims.V


SAMPLE = Contract(
    id="A07",
    kind="decoder",
    name="sample",
    summary="the next token drawn from the softmax: temperature, top-k, seeded",
    source="Devroye (1986), section III.2; top-k: Fan, Lewis & Dauphin (2018), section 5.1",
    Params=NoParams,
    Inputs=SampleInputs,
    Outputs=SampleOutputs,
    Dims=SampleDims,
    dims=sample_dims,
    validate=sample_validate,
    flops=sample_flops,
    bytes=sample_bytes,
    transcendentals=sample_transcendentals,
    cache=sample_cache,
    forward=sample_forward,
)
