"""What the tuned cells share: buffers, the bulk input projection, freezing by length, gradients.

States are batch-major, (B, H) a step, as at the boundary: nothing is transposed there, and `output`
is the buffer of the states itself when every sequence is full. Gates are gate-major, (G, T, B, H):
each gate of a step, and of a chunk of steps, is one contiguous piece. With a batch of one they lie
(T, G, H) behind the same view: the gates of a step are contiguous, and one product makes them all.

- One stacked matmul projects the inputs of a chunk of steps; the bias rides along as a column of
  ones.
- Sigmoid rows of the weights are halved when loaded: sigmoid(a) = tanh(a / 2) / 2 + 1 / 2, so one
  tanh serves all gates.
- Backward computes the derivative factors of a chunk of steps at once, straight into the buffer
  that becomes the gradient of the gates; a step then multiplies it in place.
- The gradients of the weights and of x are products over all steps after the last one; the bias's
  is the column of ones of the projection's.
- Only steps from the shortest length on pay for masks.

Tried on Zen 3 (AVX2, OpenBLAS's Haswell core, one thread) and not kept:

- feature-major steps, `W @ [h; 1; x]` with one GEMM for both products: 8 % faster at B = 32, level
  at 64, slower at 128, and x, h, d_output and the gates' gradients must then be transposed at 1 to
  4 ns an element;
- gates side by side, (B, GH), with one GEMM for all: the GEMM is level, but a ufunc on one gate
  pays 65 ns a row, 15 % of everything at H = 128;
- weight_hh as it comes instead of transposed: up to 12 % slower at H = 1024;
- padded leading dimensions: level;
- SciPy's sgemm, which can add to its target: 10 to 40 % slower than matmul and an add;
- `_fastmath.tanh_` for np.tanh: level, the nonlinearities are a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from seqbench.interfaces import Backend, Contract, Implementation, Plan, UnsupportedError

PROJECTED_ROWS = 512  # rows T * B of one projection: enough for the GEMM's full speed
TRANSPOSED_ROWS = 16  # of a transposed copy at a time: four times as fast as all in one
FACTOR_BYTES = 256 * 1024  # of derivative factors in one go: half the second-level cache
BLOCK_BYTES = 256 * 1024  # of gates in one go within a step


def sigmoid_of_half(a: np.ndarray) -> None:
    """In place: sigmoid(2 a), which is sigmoid of the sum that `a` holds half of."""
    np.tanh(a, out=a)
    sigmoid_of_tanh(a)


def sigmoid_of_tanh(t: np.ndarray) -> None:
    """In place: (1 + t) / 2, a sigmoid from the tanh of half its argument."""
    np.multiply(t, 0.5, out=t)
    np.add(t, 0.5, out=t)


def sigmoid_slope(s: np.ndarray, *, out: np.ndarray) -> None:
    """s (1 - s), the derivative of a sigmoid where its value is s."""
    np.multiply(s, s, out=out)
    np.subtract(s, out, out=out)


class NumpyCell(Implementation):
    """A tuned cell; serves every size in float32 and float64."""

    tier = "own"

    def __init__(self, contract: Contract, backend: Backend, plan: Callable[..., CellPlan]) -> None:
        self.contract = contract
        self.backend = backend
        self.impl_id = f"numpy.{contract.name}"
        self.dtypes = contract.dtypes
        self._make = plan

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return self._make(dims, np.dtype(dtype), grad)


class CellPlan(Plan):
    """Buffers of a cell with `gates` gates for (T, B, I, H); T is a capacity.

    Without `grad` the gates of one chunk of steps are all that is kept beside the states.
    """

    gates: ClassVar[int]

    def __init__(self, dims: Any, dtype: np.dtype, grad: bool) -> None:
        T, B, I, H = self._dims = dims
        G = self.gates
        self._dtype, self._grad, self._steps = dtype, grad, 0
        self._chunk = max(1, min(T, -(-PROJECTED_ROWS // max(1, B))))
        kept = T if grad else self._chunk
        self._held: list[np.ndarray] = []
        block = max(1, BLOCK_BYTES // max(1, G * H * dtype.itemsize))
        self._blocks = [slice(first, first + block) for first in range(0, B, block)]
        self._x1 = self._new(kept, B, I + 1)  # x and a column of ones
        self._x1[..., I] = 1
        self._one_row = B == 1
        self._gates = self._new_gates(G, kept)
        self._recurrent = self._new_gates(G, 1)[:, 0]
        self._hidden = self._new(T + 1, B, H)  # hidden[0] is h0
        self._output: np.ndarray | None = None  # made when a length first differs
        self._w_ih1 = self._new(G, H, I + 1)  # weight_ih and the bias, scaled
        # weight_hh, scaled and transposed: gate by gate for the stacked product of a step, side by
        # side for the one product of a batch of one.
        if self._one_row:
            self._step_weight = self._new(H, G * H)
            self._step_target = self._recurrent.reshape(1, G * H)
            self._w_hh_by_gate = self._step_weight.reshape(H, G, H).transpose(1, 0, 2)
        else:
            self._step_weight = self._w_hh_by_gate = self._new(G, H, H)
            self._step_target = self._recurrent
        if grad:
            self._d_w1 = self._new(G, H, I + 1)
            self._d_w_ih, self._d_w_hh = self._new(G, H, I), self._new(G, H, H)
            self._d_bias = self._new(G, H)
            self._d_x = self._new(T, B, I)
            self._d_x_parts = self._new(G, self._chunk * B, I)
            self._d_h, self._upstream = self._new(B, H), self._new(B, H)
            self._upstream_back = self._new(B, H)  # d_h one step back, before rows are frozen
            self._factor_steps = max(1, min(T, FACTOR_BYTES // max(1, G * B * H * dtype.itemsize)))

    def _new(self, *shape: int) -> np.ndarray:
        array = np.empty(shape, self._dtype)
        self._held.append(array)
        return array

    def _new_gates(self, num_gates: int, steps: int) -> np.ndarray:
        """(num_gates, steps, B, H); in memory gate by gate, a batch of one step by step."""
        _, B, _, H = self._dims
        if self._one_row:
            return self._new(steps, B, num_gates, H).transpose(2, 0, 1, 3)
        return self._new(num_gates, steps, B, H)

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        """Bytes held by every buffer."""
        return sum(a.nbytes for a in self._held)

    def _by_gate(self, rows: np.ndarray) -> np.ndarray:
        """(GH, ...) as (G, H, ...)."""
        return rows.reshape(self.gates, -1, *rows.shape[1:])

    def _pack(self, weight_ih: Any, weight_hh: Any, bias: Any, scale: Sequence[float]) -> None:
        """The weights of the forward pass, each gate times its `scale`.

        Backward reads the unscaled ones from the params that were loaded.
        """
        weight_ih, weight_hh, bias = map(self._by_gate, (weight_ih, weight_hh, bias))
        for gate, factor in enumerate(scale):
            np.multiply(weight_ih[gate], factor, out=self._w_ih1[gate, :, :-1])
            np.multiply(bias[gate], factor, out=self._w_ih1[gate, :, -1])
            transposed = self._w_hh_by_gate[gate]  # (H, H)
            for first in range(0, len(transposed), TRANSPOSED_ROWS):
                rows = slice(first, first + TRANSPOSED_ROWS)
                np.copyto(transposed[:, rows], weight_hh[gate, rows].T)
            if factor != 1:
                np.multiply(transposed, factor, out=transposed)

    def _multiply(self, states: np.ndarray) -> None:
        """The recurrent part of the gates: (B, H) x (H, GH), in one product or gate by gate."""
        np.matmul(states, self._step_weight, out=self._step_target)

    def _begin(self, inputs: Any) -> None:
        """Lengths and the initial state; masks only where a length is below T."""
        steps, lengths = inputs.x.shape[0], inputs.lengths
        self._steps = steps
        self._full = int(lengths.min()) if len(lengths) else steps  # steps without a mask
        self._hidden[0] = inputs.h0
        if self._full < steps:
            self._inside = (np.arange(steps)[:, None] < lengths)[:, :, None]  # (T, B, 1)
            self._outside = ~self._inside

    def _project(self, x: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """(t, gates (G, B, H)) of every step: the part of x and the bias, a chunk at a time."""
        for first in range(0, self._steps, self._chunk):
            last = min(first + self._chunk, self._steps)
            kept = slice(first, last) if self._grad else slice(0, last - first)
            x1, gates = self._x1[kept], self._gates[:, kept]
            x1[..., :-1] = x[first:last]
            if last > self._full:
                np.copyto(x1[..., :-1], 0, where=self._outside[first:last])
            flat = gates.reshape(self.gates, -1, gates.shape[3])
            flat_x1 = x1.reshape(-1, x1.shape[2])
            np.matmul(flat_x1, self._w_ih1.transpose(0, 2, 1), out=flat)  # (G, TB, H)
            for t in range(first, last):
                yield t, gates[:, t - first]

    def _in_blocks(self, step: Callable[..., None], gate: np.ndarray, *states: np.ndarray) -> None:
        """`step(gate, recurrent, *states)` on as many rows of the batch as stay in the cache."""
        if len(self._blocks) <= 1:
            step(gate, self._recurrent, *states)
            return
        for rows in self._blocks:
            step(gate[:, rows], self._recurrent[:, rows], *(s[rows] for s in states))

    def _freeze(self, t: int, states: np.ndarray) -> None:
        """After step t: rows past their length keep states[t]."""
        np.copyto(states[t + 1], states[t], where=self._outside[t])

    def _outputs(self) -> np.ndarray:
        """(T, B, H): the states after each step, zero past each length."""
        steps = self._steps
        states = self._hidden[1 : steps + 1]
        if self._full >= steps:
            return states
        if self._output is None:
            self._output = self._new(*self._hidden[1:].shape)
        output = self._output[:steps]
        np.copyto(output, states)
        np.copyto(output, 0, where=self._outside)
        return output

    def _begin_backward(self, d_outputs: Any) -> np.ndarray:
        """Sets d_h; returns d_output, zeros where it is None."""
        if not self._grad:
            raise UnsupportedError(
                "backward: this plan was made with grad=False and kept no cache; "
                "ask for plan(dims, dtype, grad=True)"
            )
        self._d_h[:] = 0 if d_outputs.h is None else d_outputs.h
        if d_outputs.output is not None:
            return d_outputs.output
        return np.broadcast_to(self._dtype.type(0), (self._steps, *self._d_h.shape))

    def _factor_chunks(self) -> list[tuple[int, int]]:
        """Ranges [first, last) of steps, the last range first."""
        size = self._factor_steps
        firsts = range(0, self._steps, size)
        return [(first, min(first + size, self._steps)) for first in reversed(firsts)]

    def _previous(self, t: int, d_gate: np.ndarray, weight: np.ndarray) -> None:
        """d_h = the sum over gates of d_gate @ weight; rows past their length keep theirs.

        d_gate : (n, B, H); weight : (n, H, H), n at most G. Overwrites the recurrent buffer.
        """
        target = self._d_h if t < self._full else self._upstream_back
        if self._one_row:
            np.matmul(d_gate.reshape(1, -1), weight.reshape(-1, weight.shape[2]), out=target)
        else:
            parts = np.matmul(d_gate, weight, out=self._recurrent[: len(weight)])
            np.add.reduce(parts, axis=0, out=target)
        if t >= self._full:
            np.copyto(self._d_h, target, where=self._inside[t])

    def _finish(self, d_gates: np.ndarray, weight_ih: np.ndarray) -> None:
        """Gradients of x, weight_ih and its bias from d_gates (G, T, B, H)."""
        flat = d_gates.reshape(self.gates, -1, d_gates.shape[3])  # (G, TB, H)
        x1 = self._x1[: self._steps].reshape(-1, self._x1.shape[2])
        np.matmul(flat.transpose(0, 2, 1), x1, out=self._d_w1)  # (G, H, TB) x (TB, I + 1)
        self._d_w_ih[:] = self._d_w1[..., :-1]
        self._d_bias[:] = self._d_w1[..., -1]
        d_x, weight = self._d_x.reshape(-1, self._d_x.shape[2]), self._by_gate(weight_ih)
        size = max(1, self._d_x_parts.shape[1])
        for first in range(0, flat.shape[1], size):
            part = flat[:, first : first + size]
            parts = np.matmul(part, weight, out=self._d_x_parts[:, : part.shape[1]])
            np.add.reduce(parts, axis=0, out=d_x[first : first + part.shape[1]])

    def _finish_recurrent(self, d_gates: np.ndarray, states: np.ndarray, out: np.ndarray) -> None:
        """Gradient of weight_hh's gates from d_gates (n, T, B, H) and the states they saw."""
        flat = d_gates.reshape(len(d_gates), -1, d_gates.shape[3])
        np.matmul(flat.transpose(0, 2, 1), states.reshape(-1, states.shape[2]), out=out)

    def _rows(self, by_gate: np.ndarray) -> np.ndarray:
        """(G, H, ...) as (GH, ...), what the boundary takes."""
        return by_gate.reshape(-1, *by_gate.shape[2:])
