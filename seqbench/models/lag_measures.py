"""What a model keeps over a lag: the largest one it solves, and the gradient's decay (A08)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqbench.data.labelled_batching import LabelledBatch
from seqbench.interfaces import Kernels, RangeError
from seqbench.kernels._cell import CellInputs

from .gradient_by_lag import GradientByLag, LagNorms
from .text_classifier import TextClassifier


def solved_lag(accuracy: Mapping[int, float], threshold: float) -> int:
    """The largest lag whose accuracy is at least `threshold`, 0 where there is none.

    A lag that was not asked for is not counted, nor is one between two that were.
    """
    return max((lag for lag, found in accuracy.items() if found >= threshold), default=0)


def decays(norms: np.ndarray) -> np.ndarray:
    """(B,) nats a step: the slope of ln norm by lag, by least squares, lag 0 left out.

    norms : (K + 1, B), row k the norm at lag k. Negative where the gradient vanishes, positive
    where it explodes. Lags from the first norm that is no longer a number above 0 are left out;
    RangeError where fewer than two are left.
    """
    found = []
    for column in np.asarray(norms, np.float64)[1:].T:
        bad = np.flatnonzero(~(np.isfinite(column) & (column > 0)))
        kept = column[: bad[0]] if bad.size else column
        if len(kept) < 2:
            raise RangeError(
                f"gradient decay: {len(kept)} lags have a gradient above 0, expected at least 2; "
                "ask for a longer sequence"
            )
        lag = np.arange(1, len(kept) + 1)
        found.append(np.polyfit(lag, np.log(kept), 1)[0])
    return np.array(found)


def mean_norm(norms: np.ndarray, lag: int) -> float:
    """The norm at a lag over that at lag 0, the geometric mean of a batch; 0 where one is 0."""
    relative = norms[lag] / norms[0]
    if not (relative > 0).all():
        return 0.0
    return float(np.exp(np.log(relative).mean()))


def classifier_norms(kernels: Kernels, model: TextClassifier, batch: LabelledBatch) -> LagNorms:
    """Norms by lag of the gradient of each sequence's own loss by the state, in float64.

    The model is one layer, forward, read at its final state. Sequences that are shorter than the
    batch are left out, since lags count back from the last step.
    """
    full = np.flatnonzero(batch.lengths == len(batch.ids))
    whole = LabelledBatch(
        batch.ids[:, full], batch.lengths[full], batch.labels[full], batch.indices[full]
    )
    logits = np.asarray(model.backend.to_host(model.logits(whole)), np.float64)
    cell = model.config.cell
    contract = kernels.get("cell", cell).contract
    params = _wide(model.parameters.group("layer0", contract.Params), model.backend)
    x = _host(model, "embedding.weight")[whole.ids]  # (T, B, E)
    zero = np.zeros((whole.size, model.config.hidden_size))
    device = model.backend.to_device
    state = [device(zero) for _ in contract.state]
    inputs = CellInputs(device(x), device(whole.lengths), *state)
    d_last = device(_d_logits(logits, whole.labels) @ _host(model, "output.weight"))
    return GradientByLag(kernels).norms(cell, params, inputs, d_last)


def _d_logits(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(B, C): softmax minus one at the label, of each sequence's own loss.

    Where softmax is 1 at the label to the last bit, the others' logarithms still tell it.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    probs = np.exp(shifted)
    probs /= probs.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    others = probs.copy()
    others[rows, labels] = 0.0
    probs[rows, labels] = -others.sum(axis=1)  # softmax - 1, without cancellation
    return probs


def _host(model: TextClassifier, name: str) -> np.ndarray:
    return np.asarray(model.backend.to_host(model.parameters[name]), np.float64)


def _wide(params: Any, backend: Any) -> Any:
    """The same Params in float64."""
    fields = params.__dataclass_fields__
    wide = {name: np.asarray(backend.to_host(getattr(params, name)), np.float64) for name in fields}
    return type(params)(**{name: backend.to_device(value) for name, value in wide.items()})
