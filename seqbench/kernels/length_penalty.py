"""A29, length normalisation: log P(y) divided by a penalty that grows with T_y.

`power` is the notes' T_y^alpha; `gnmt` is Wu et al. (2016), equation 14: ((5 + T_y) / 6)^alpha.
T_y counts the EOS token. log P(y) is the sum over t of log P(y<t> given x, y<1..t-1>), where the
notes condition on the whole of y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Array, Backend, Contract, RangeError, unknown_name

from ._cell import check_shape

PENALTIES = ("power", "gnmt", "none")


@dataclass(frozen=True, slots=True)
class LengthPenaltyParams:
    """Nothing is learnt."""


@dataclass(frozen=True, slots=True)
class LengthPenaltyInputs:
    """log_probs : (N,) nats; lengths : (N,) int32, T_y with EOS, each >= 1; alpha in [0, 1]."""

    log_probs: Array
    lengths: Array
    alpha: float = 1.0
    penalty: str = "power"


@dataclass(frozen=True, slots=True)
class LengthPenaltyOutputs:
    """scores : (N,), the normalised objective in nats."""

    scores: Array


class LengthPenaltyDims(NamedTuple):
    """How many hypotheses."""

    N: int


def length_penalty(length: int, *, penalty: str = "power", alpha: float = 1.0) -> float:
    """The divisor of log P for one length, on the host: 1.0 at alpha 0 and for `none`."""
    return 1.0 if penalty == "none" else _base(length, penalty) ** alpha


def _base(length: Any, penalty: str) -> Any:
    return (5.0 + length) / 6.0 if penalty == "gnmt" else length * 1.0


def check_penalty(operation: str, penalty: str, alpha: float) -> None:
    """Raise unless `penalty` is known and alpha lies in [0, 1]."""
    if penalty not in PENALTIES:
        raise unknown_name("length penalty", penalty, PENALTIES)
    if not isinstance(alpha, (int, float)) or not 0.0 <= alpha <= 1.0 or math.isnan(alpha):
        raise RangeError(
            f"{operation}: alpha is {alpha!r}, expected a number from 0 (log P itself) to 1 "
            "(log P a token); set alpha within [0, 1]"
        )


def length_penalty_forward(
    params: LengthPenaltyParams, inputs: LengthPenaltyInputs, cache: None, *, backend: Backend
) -> LengthPenaltyOutputs:
    """log P / T_y^alpha, log P / ((5 + T_y) / 6)^alpha, or log P."""
    if inputs.penalty == "none":
        return LengthPenaltyOutputs(scores=inputs.log_probs.copy())
    lengths = inputs.lengths.astype(inputs.log_probs.dtype)
    return LengthPenaltyOutputs(
        scores=inputs.log_probs / _base(lengths, inputs.penalty) ** inputs.alpha
    )


def length_penalty_dims(
    params: LengthPenaltyParams, inputs: LengthPenaltyInputs
) -> LengthPenaltyDims:
    return LengthPenaltyDims(int(inputs.log_probs.shape[0]))


def length_penalty_validate(params: LengthPenaltyParams, inputs: LengthPenaltyInputs) -> None:
    check_penalty("length_penalty", inputs.penalty, inputs.alpha)
    check_shape("length_penalty", "lengths", inputs.lengths, tuple(inputs.log_probs.shape))
    if inputs.lengths.shape[0] and int(inputs.lengths.min()) < 1:
        raise RangeError(
            f"length_penalty: a length is {int(inputs.lengths.min())}, expected at least 1; "
            "T_y counts the EOS token"
        )


def length_penalty_flops(dims: LengthPenaltyDims, grad: bool) -> int:
    """A power and a division each."""
    return 2 * dims.N


def length_penalty_bytes(dims: LengthPenaltyDims, grad: bool, itemsize: int) -> int:
    return dims.N * (2 * itemsize + 4)


def length_penalty_transcendentals(dims: LengthPenaltyDims, grad: bool) -> int:
    """A power each."""
    return dims.N


def length_penalty_cache(dims: LengthPenaltyDims, dtype: str, *, backend: Backend) -> None:
    return None


LENGTH_PENALTY = Contract(
    id="A29",
    kind="decoder",
    name="length_penalty",
    summary="log P normalised by length: T^alpha or GNMT's penalty",
    source="Wu et al. (2016), eq. 14",
    Params=LengthPenaltyParams,
    Inputs=LengthPenaltyInputs,
    Outputs=LengthPenaltyOutputs,
    Dims=LengthPenaltyDims,
    dims=length_penalty_dims,
    validate=length_penalty_validate,
    flops=length_penalty_flops,
    bytes=length_penalty_bytes,
    transcendentals=length_penalty_transcendentals,
    cache=length_penalty_cache,
    forward=length_penalty_forward,
)
