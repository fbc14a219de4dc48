"""A13: any cell in both directions over a padded batch, each sequence reversed by its own length.

Schuster & Paliwal (1997). Two plans of the same cell contract, so a backend's override serves both.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Array, Contract, Gradients, Kernels, Plan
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs, reverse_by_length

from .parameters import Parameters, Shape
from .plans import Notes, PlanCache, counts_of

Pair = tuple[Any, Any]
"""(forward, backward)."""

DIRECTIONS = ("forward", "backward")


@dataclass(frozen=True, slots=True)
class BidirectionalInputs:
    """x : (T, B, I); lengths : (B,) int32; h0, c0 : pairs of (B, H), c0 where the cell has one."""

    x: Array
    lengths: Array | None
    h0: Pair
    c0: Pair | None = None


@dataclass(frozen=True, slots=True)
class BidirectionalOutputs:
    """output : (T, B, 2H), forward beside backward, zero past each length; h, c : pairs of (B, H).

    Step t of the backward half has read x[t] to x[length - 1]; its final state has read x[0] last.
    As `d_outputs`, a field or half of a pair may be None for zero.
    """

    output: Array | None
    h: Pair | None
    c: Pair | None = None


class Bidirectional:
    """A cell, by name, in both directions: `plan`, then `load`, `forward`, `backward`."""

    def __init__(self, kernels: Kernels, cell: str = "gru") -> None:
        self.backend = kernels.backend
        self._implementation = kernels.get("cell", cell)
        self.contract: Contract = self._implementation.contract

    def plan(
        self, dims: CellDims, dtype: str = "float32", *, grad: bool = False
    ) -> BidirectionalPlan:
        """Two plans of the cell for the same (T, B, I, H); T is a capacity."""
        plans = [self._implementation.plan(dims, dtype, grad=grad) for _ in DIRECTIONS]
        buffers = BidirectionalBuffers(dims, dtype, self.backend.xp, grad=grad)
        return BidirectionalPlan(plans, self.contract.state, buffers, self.backend.xp)

    def flops(self, dims: CellDims, grad: bool) -> int:
        return len(DIRECTIONS) * self.contract.flops(dims, grad)


class BidirectionalBuffers:
    """What both directions write beside their plans, made once: fresh pages cost ten copies."""

    def __init__(self, dims: CellDims, dtype: str, xp: Any, *, grad: bool) -> None:
        T, B, I, H = dims
        self.x = xp.empty((T, B, I), dtype=dtype)  # read backwards
        self.output = xp.empty((T, B, 2 * H), dtype=dtype)
        self.nbytes = self.x.nbytes + self.output.nbytes
        if grad:
            self.d_halves = [xp.empty((T, B, H), dtype=dtype) for _ in DIRECTIONS]
            self.d_x = xp.empty((T, B, I), dtype=dtype)
            self.nbytes += self.d_x.nbytes + sum(half.nbytes for half in self.d_halves)


class BidirectionalPlan(Plan):
    """Parameters and gradients are pairs of the cell's Params."""

    def __init__(
        self, plans: list[Plan], state: tuple[str, ...], buffers: BidirectionalBuffers, xp: Any
    ) -> None:
        self._plans, self._state, self._buffers, self._xp = plans, state, buffers, xp
        self._lengths: Array = None
        self.nbytes = sum(plan.nbytes for plan in plans) + buffers.nbytes

    @property
    def notes(self) -> dict[str, Any]:
        """Counts of both directions, summed."""
        counts: Counter[str] = Counter()
        for plan in self._plans:
            counts.update(counts_of(plan))
        return dict(counts)

    def load(self, params: Pair) -> None:
        for plan, half in zip(self._plans, params, strict=True):
            plan.load(half)

    def forward(self, inputs: BidirectionalInputs) -> BidirectionalOutputs:
        self._lengths = inputs.lengths
        steps = inputs.x.shape[0]
        xs = (inputs.x, self._reversed(inputs.x, self._buffers.x[:steps]))
        outs = []
        for index, (plan, x) in enumerate(zip(self._plans, xs, strict=True)):
            state = [getattr(inputs, name + "0")[index] for name in self._state]
            outs.append(plan.forward(CellInputs(x, inputs.lengths, *state)))
        output, H = self._buffers.output[:steps], outs[0].output.shape[2]
        output[:, :, :H] = outs[0].output
        self._reversed(outs[1].output, output[:, :, H:])
        finals = {name: tuple(getattr(out, name) for out in outs) for name in self._state}
        return BidirectionalOutputs(output, **finals)

    def backward(self, d_outputs: BidirectionalOutputs) -> Gradients:
        """Gradients(params=(forward, backward), inputs=BidirectionalInputs)."""
        grads = []
        for index, (plan, d_half) in enumerate(
            zip(self._plans, self._halves(d_outputs.output), strict=True)
        ):
            finals = {name: getattr(d_outputs, name) for name in self._state}
            d_state = {name: pair and pair[index] for name, pair in finals.items()}
            grads.append(plan.backward(CellOutputs(d_half, **{"h": None, **d_state})))
        d_x = self._buffers.d_x[: grads[0].inputs.x.shape[0]]
        self._reversed(grads[1].inputs.x, d_x)
        d_x += grads[0].inputs.x  # both read the same x
        d_state = {n + "0": tuple(getattr(g.inputs, n + "0") for g in grads) for n in self._state}
        d_inputs = BidirectionalInputs(d_x, None, **d_state)
        return Gradients(tuple(g.params for g in grads), d_inputs)

    def _reversed(self, x: Array, out: Array) -> Array:
        return reverse_by_length(x, self._lengths, xp=self._xp, out=out)

    def _halves(self, d_output: Array | None) -> Pair:
        """The inverse of the concatenation, each half in the order in which its cell ran."""
        if d_output is None:
            return None, None
        steps, H = d_output.shape[0], d_output.shape[2] // 2
        forward, backward = (half[:steps] for half in self._buffers.d_halves)
        forward[...] = d_output[:, :, :H]
        return forward, self._reversed(d_output[:, :, H:], backward)


class BidirectionalLayer:
    """A bidirectional layer in a model: parameters under `prefix.forward` and `prefix.backward`.

    Used as RecurrentLayer is, with outputs and final states twice as wide: (T, B, 2H), (B, 2H).
    """

    def __init__(
        self, kernels: Kernels, cell: str, params: Parameters, prefix: str, *, grad: bool
    ) -> None:
        both: Any = Bidirectional(kernels, cell)
        self._params, self._prefix = params, prefix
        self._xp = kernels.backend.xp
        self.contract = both.contract
        self._plans = PlanCache(both, params.dtype, grad=grad)
        self._plan: Any = None

    @staticmethod
    def shapes(
        prefix: str, contract: Contract, input_size: int, hidden_size: int
    ) -> dict[str, Shape]:
        assert contract.shapes is not None, contract.key
        shapes = contract.shapes(CellDims(1, 1, input_size, hidden_size))
        return {f"{prefix}.{way}.{n}": shape for way in DIRECTIONS for n, shape in shapes.items()}

    def load(self) -> None:
        """Take the current parameters."""
        cls = self.contract.Params
        self._plans.load(tuple(self._params.group(f"{self._prefix}.{w}", cls) for w in DIRECTIONS))

    def forward(
        self, x: Array, lengths: Array, state: tuple[Array, ...], *, capacity: int
    ) -> tuple[Array, tuple[Array, ...]]:
        """x (T, B, I) -> output (T, B, 2H), final state (B, 2H); both start from `state` (B, H)."""
        batch, input_size = x.shape[1:]
        self._plan = self._plans.plan(CellDims(capacity, batch, input_size, state[0].shape[1]))
        initial = [(part, part) for part in state]
        out = self._plan.forward(BidirectionalInputs(x, lengths, *initial))
        finals = (getattr(out, name) for name in self.contract.state)
        return out.output, tuple(self._xp.concatenate(pair, axis=1) for pair in finals)

    def backward(
        self, d_output: Array | None, d_state: tuple[Array, ...] | None
    ) -> tuple[Array, tuple[Array, ...]]:
        """Writes the parameter gradients; returns d_x (T, B, I) and that of the initial state."""
        finals: list[Pair | None] = [None] * len(self.contract.state)
        if d_state is not None:
            finals = [self._split(part) for part in d_state]
        gradients = self._plan.backward(BidirectionalOutputs(d_output, *finals))
        for way, half in zip(DIRECTIONS, gradients.params, strict=True):
            self._params.set_gradients(f"{self._prefix}.{way}", half)
        pairs = (getattr(gradients.inputs, name + "0") for name in self.contract.state)
        return gradients.inputs.x, tuple(forward + backward for forward, backward in pairs)

    def _split(self, part: Array) -> Pair:
        H = part.shape[1] // 2
        contiguous = self._xp.ascontiguousarray
        return contiguous(part[:, :H]), contiguous(part[:, H:])

    def flops(self, dims: CellDims, grad: bool) -> int:
        return len(DIRECTIONS) * int(self.contract.flops(dims, grad))

    @property
    def notes(self) -> Notes:
        """What its plans counted."""
        return self._plans.notes
