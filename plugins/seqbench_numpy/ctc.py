"""A35, tuned: linear instead of logarithmic, alpha and the reversed beta as one batch.

Masses are float64, scaled every few frames by powers of two. Blanks and labels have arrays of
their own, (half, row, B): row j of `blank` is the blank before label j, row j of `label` is label
j - 1 and row 0 stays empty, so that a frame is five or six calls over contiguous memory:

    into labels: label[r] + blank[r - 1] + skip[r - 1] label[r - 1]     kept for the gradient
    into blanks: blank[j] + label[j]

Emissions are divided by the blank's, which leaves blanks nothing to be multiplied by; where logits
differ by more than SPAN, by the largest of a sequence's own in that frame. Half 1 is half 0 with
time and labels backwards, which makes beta an alpha. Frames past a length are a certain blank: the
mass waits in the last blank. Posteriors go to the labels by one product with one-hot rows, and the
blank gets what is left of one.

Underflow is found, not assumed away. Alpha gets FLOOR added to every state before each scaling, far
more than a window can lose, so its likelihood is an upper bound; beta gets nothing, so its is a
lower bound. Where the two agree both are right, and so is every posterior. Where they do not, or a
product of the two could underflow, the sequence is rescued: computed in log space by the shared
text. `plan.notes["rescued"]` counts them in the last forward.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from seqbench.interfaces import Backend, Contract, Gradients, Implementation, Plan, UnsupportedError
from seqbench.kernels._ctc import repeats
from seqbench.kernels.ctc import CTCDims, CTCInputs, loss_scale, num_labels
from seqbench.kernels.losses import LossOutputs, NoParams

from ._ctc_emissions import LARGEST_LOGIT, shifted, unshifted

WINDOW = 8
SPAN = 25
"""Of logits and 0, in nats: frames are then divided by the blank's probability."""
WINDOW_NATS = 220
"""What masses may grow or fall by between two scalings: 1e95."""
WAYS = math.log(3)  # into a label: from itself, the blank before it, the label before that
FLOOR = 1e-290
AGREE = 1e-11
LARGEST_SHIFT = 850
"""Powers of two between a product alpha beta and a posterior, at most: 1e-256, well above the
smallest double."""


class CTC(Implementation):
    """Serves every size in float32 and float64."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend) -> None:
        self.contract, self.backend = contract, backend
        self.impl_id = "numpy.ctc"
        self.dtypes = contract.dtypes

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return CTCPlan(self.contract, self.backend, dims, np.dtype(dtype), grad)


class CTCPlan(Plan):
    """Emissions and, with `grad`, what flows into labels: (T, 2, L + 1, B) float64 each."""

    def __init__(
        self, contract: Contract, backend: Backend, dims: CTCDims, dtype: np.dtype, grad: bool
    ) -> None:
        T, B, V, L = dims
        self._contract, self._backend, self._grad, self._dtype = contract, backend, grad, dtype
        self._rescued = 0
        self._probs = np.empty((T, B, V), dtype)
        self._gradient = np.empty((T, B, V), dtype) if grad else None
        self._scaled: np.ndarray | None = None  # made when it is first needed
        self._relative, self._window = False, WINDOW
        self._own = np.empty((T, L, B), dtype)  # the labels' share of probs, later posteriors
        self._rows = np.empty((B, T, L) if grad else (0,), dtype)
        self._emission = np.zeros((T, 2, L + 1, B))
        self._blank_emission = np.empty((T, 2, 1, B))
        self._inflow = np.zeros((T if grad else 1, 2, L + 1, B))
        self._exponent = np.zeros((T, 2, B), np.int64)
        self._blank, self._label = np.empty((2, L + 1, B)), np.empty((2, L + 1, B))
        self._moved, self._skip = np.empty((2, L + 1, B)), np.zeros((2, L + 1, B))
        self._inputs: Any = None

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        """Bytes held by every buffer."""
        return sum(a.nbytes for a in vars(self).values() if isinstance(a, np.ndarray))

    @property
    def notes(self) -> dict[str, Any]:
        return {"rescued": self._rescued}

    def load(self, params: NoParams) -> None:
        """There is nothing to take."""

    def forward(self, inputs: CTCInputs) -> LossOutputs:
        self._inputs = inputs
        T = len(inputs.logits)
        inside = np.arange(T)[:, None] < inputs.lengths  # (T, B)
        log_scale = self._emit(inputs, inside)
        self._set_skips(inputs)
        total = self._run(inputs)
        log_likelihood = _log(total[0][0], total[1][0]) + log_scale
        needed = inputs.target_lengths + repeats(inputs.targets, inputs.target_lengths, xp=np)
        possible = inputs.lengths >= needed
        log_likelihood[~possible] = -math.inf
        doubtful = possible & self._disagree(total, T)
        losses = 0 - log_likelihood
        if self._gradient is not None:
            self._fill_gradient(inputs, inside, total, possible)
        self._rescue(inputs, np.flatnonzero(doubtful), losses)
        if inputs.zero_infinity:
            losses[losses == math.inf] = 0
        return LossOutputs(self._reduced(losses))

    def _emit(self, inputs: CTCInputs, inside: np.ndarray) -> np.ndarray:
        """Fill probs, emissions of both halves; (B,) the logarithm they were divided by."""
        logits = inputs.logits
        if not inside.all():
            logits = np.where(inside[..., None], logits, 0)
        high, low = float(logits.max(initial=0)), float(logits.min(initial=0))
        self._relative = high - low <= SPAN  # not where one is NaN
        valid = np.arange(inputs.targets.shape[1])[:, None] < inputs.target_lengths  # (L, B)
        ids = np.where(valid, inputs.targets.T, inputs.blank_id)
        columns = ids + np.arange(len(inputs.lengths)) * logits.shape[2]
        emission = self._emission[: (T := len(logits))]
        into = self._probs[:T], self._own[:T], emission[:, 0, 1:]
        blanks = self._blank_emission[:T]
        self._window = int(WINDOW_NATS / (high - low + WAYS)) if self._relative else WINDOW
        if max(high, -low) <= LARGEST_LOGIT:
            asked = None if self._relative else blanks
            log_scale = unshifted(logits, columns, inputs.blank_id, *into, asked)
        else:
            log_scale = shifted(logits, columns, inputs.blank_id, *into, blanks, inside)
        if not (valid.all() and inside.all()):
            emission[:, 0, 1:] *= inside[:, None] & valid
        emission[:, 1, 1:] = emission[::-1, 0, :0:-1]
        summed: np.ndarray = np.where(inside, log_scale, 0).sum(axis=0)
        return summed

    def _set_skips(self, inputs: CTCInputs) -> None:
        """skip[half, j]: 1 where mass may go from label j - 1 to label j."""
        L = inputs.targets.shape[1]
        labels = inputs.targets.T
        self._skip[0, 1:L] = labels[1:] != labels[:-1]
        self._skip[1, 1:L] = self._skip[0, L - 1 : 0 : -1] if L > 1 else 0

    def _run(self, inputs: CTCInputs) -> tuple[np.ndarray, np.ndarray]:
        """(mantissas (2, B), exponents (2, B)) of the likelihood by alpha and by beta."""
        T, B, _ = inputs.logits.shape
        L = inputs.targets.shape[1]
        blank, label, moved = self._blank, self._label, self._moved
        batch = np.arange(B)
        blank[:], label[:], moved[:] = 0, 0, 0
        blank[0, 0], blank[1, L - inputs.target_lengths, batch] = 1, 1
        exponent = np.zeros((2, B), np.int64)
        flat_label, flat_blank = label.reshape(-1), blank.reshape(-1)
        skip, flat_moved = self._skip.reshape(-1)[: (2 * L + 1) * B], moved.reshape(-1)
        skipped = flat_moved[: (2 * L + 1) * B]
        for t in range(T):
            if t % self._window == 0 and t:
                exponent += self._scale()
            self._exponent[t] = exponent
            inflow = self._inflow[t if self._grad else 0]
            rows = inflow.reshape(-1)[B:]
            np.multiply(skip, flat_label[: skip.size], out=skipped)
            np.add(flat_label[B:], flat_blank[:-B] if B else flat_blank, out=rows)
            np.add(rows, skipped, out=rows)
            np.add(blank, label, out=blank)
            if not self._relative:
                np.multiply(blank, self._blank_emission[t], out=blank)
            np.multiply(inflow, self._emission[t], out=label)
        end = inputs.target_lengths
        alpha = blank[0, end, batch] + label[0, end, batch]
        return np.stack([alpha, blank[1, L] + label[1, L]]), exponent

    def _scale(self) -> np.ndarray:
        """Bring the largest mass of each column to [0.5, 1): (2, B) the exponents taken out."""
        blank, label = self._blank, self._label
        blank[0] += FLOOR
        label[0, 1:] += FLOOR
        largest = np.maximum(blank.max(axis=1), label.max(axis=1))  # (2, B)
        exponent = np.maximum(np.frexp(largest)[1], -1000)  # 2^1000 is a double
        factor = np.ldexp(1.0, -exponent)[:, None]
        blank *= factor
        label *= factor
        return exponent

    def _disagree(self, total: tuple[np.ndarray, np.ndarray], T: int) -> np.ndarray:
        """(B,): where the bounds differ, or a product of alpha and beta could underflow."""
        mantissa, exponent = total
        upper, lower = np.frexp(mantissa[0]), np.frexp(mantissa[1])
        apart = (exponent[0] + upper[1]) - (exponent[1] + lower[1])
        ratio = np.ldexp(upper[0], np.clip(apart, -1000, 1000).astype(np.int32))
        agree = np.abs(ratio - lower[0]) <= AGREE * lower[0]
        doubt: np.ndarray = ~agree | (mantissa[1] == 0)
        if self._grad and T:
            doubt |= (self._shift(total, T) > LARGEST_SHIFT).any(axis=0)
        return doubt

    def _shift(self, total: tuple[np.ndarray, np.ndarray], T: int) -> np.ndarray:
        """(T, B): the power of two between alpha beta and its share of the likelihood."""
        exponents = self._exponent[:T]
        ends = total[1][0] + np.frexp(total[0][0])[1]
        return exponents[:, 0] + exponents[::-1, 1] - ends

    def _fill_gradient(
        self,
        inputs: CTCInputs,
        inside: np.ndarray,
        total: tuple[np.ndarray, np.ndarray],
        possible: np.ndarray,
    ) -> None:
        """Softmax minus posteriors, of each loss by itself; rescued columns are overwritten."""
        T, _, V = inputs.logits.shape
        assert self._gradient is not None
        gradient, blank_id = self._gradient[:T], inputs.blank_id
        posterior = self._posterior(total, T)
        one_hot = np.zeros((*inputs.targets.shape, V), self._dtype)  # (B, L, V)
        inside_label = np.arange(inputs.targets.shape[1]) < inputs.target_lengths[:, None]
        ids = np.where(inside_label, inputs.targets, blank_id)
        np.put_along_axis(one_hot, ids[..., None], 1, axis=2)
        rows = self._rows[:, :T]
        np.copyto(rows, posterior.transpose(2, 0, 1))  # (B, T, L)
        np.matmul(rows, one_hot, out=gradient.transpose(1, 0, 2))
        np.subtract(self._probs[:T], gradient, out=gradient)
        gradient[:, :, blank_id] -= 1 - posterior.sum(axis=1)
        if not possible.all():
            gradient[:, ~possible] = 0 if inputs.zero_infinity else math.nan
        if not inside.all():
            gradient[~inside] = 0

    def _posterior(self, total: tuple[np.ndarray, np.ndarray], T: int) -> np.ndarray:
        """(T, L, B): alpha beta over the likelihood; beta is half 1, backwards."""
        inflow = self._inflow[:T]
        shift = np.clip(self._shift(total, T), -2000, LARGEST_SHIFT).astype(np.int32)
        mantissa = np.frexp(total[0][0])[0]
        factor = np.ldexp(1 / np.where(mantissa > 0, mantissa, 1), shift)
        posterior: np.ndarray = inflow[:, 0, 1:]  # its half of the inflow has served
        posterior *= inflow[::-1, 1, :0:-1]
        posterior *= self._emission[:T, 0, 1:]
        return np.multiply(posterior, factor[:, None], out=self._own[:T], casting="same_kind")

    def _rescue(self, inputs: CTCInputs, columns: np.ndarray, losses: np.ndarray) -> None:
        """Some sequences by the shared text, in log space."""
        self._rescued = len(columns)
        if not len(columns):
            return
        some = CTCInputs(
            inputs.logits[:, columns],
            inputs.targets[columns],
            inputs.lengths[columns],
            inputs.target_lengths[columns],
            inputs.blank_id,
            "none",
            inputs.zero_infinity,
        )
        contract, backend = self._contract, self._backend
        cache = contract.cache(contract.dims(NoParams(), some), self._dtype.name, backend=backend)
        losses[columns] = contract.forward(NoParams(), some, cache, backend=backend).loss
        if self._gradient is not None and contract.backward is not None:
            one = LossOutputs(None)
            found = contract.backward(one, NoParams(), some, cache, backend=backend)
            self._gradient[: len(some.logits), columns] = found.inputs.logits

    def _reduced(self, losses: np.ndarray) -> np.ndarray:
        inputs = self._inputs
        if inputs.reduction != "none":
            losses = losses.sum()
        if inputs.reduction == "token_mean":
            losses = losses / num_labels(inputs.target_lengths, xp=np)
        return losses.astype(self._dtype)

    def backward(self, d_outputs: LossOutputs) -> Gradients:
        if self._gradient is None:
            raise UnsupportedError(
                "ctc: this plan was made with grad=False and has no gradient; "
                "ask for plan(dims, dtype, grad=True)"
            )
        inputs = self._inputs
        d_logits = self._gradient[: len(inputs.logits)]
        if d_outputs.loss is not None or inputs.reduction == "token_mean":
            if self._scaled is None:
                self._scaled = np.empty_like(self._gradient)
            scale = loss_scale(d_outputs.loss, inputs, xp=np).astype(self._dtype)
            d_logits = np.multiply(d_logits, scale[:, None], out=self._scaled[: len(d_logits)])
        return Gradients(NoParams(), CTCInputs(d_logits, None, None, None))


def _log(mantissa: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """log(mantissa 2^exponent), -inf where the mantissa is 0."""
    found: np.ndarray = np.where(
        mantissa > 0,
        np.log(np.where(mantissa > 0, mantissa, 1)) + exponent * math.log(2),
        -math.inf,
    )
    return found
