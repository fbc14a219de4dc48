"""A02, A09-A12 on the device, tier (b): one launch for the whole sequence, the weights on the chip.

A block owns UNITS units with all their gates and keeps their rows of weight_hh in shared memory;
blocks exchange the state through global memory, at a barrier of the whole grid. What does not fit
`supports` tells; nothing falls back to another tier. The LSTM that reads c through matrices keeps
those too, and exchanges c beside h.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from seqbench.interfaces import UnsupportedError

from .cells import (
    GRU,
    GRU_RESET_BEFORE,
    GRU_SIMPLIFIED,
    LSTM,
    LSTM_COUPLED,
    LSTM_PEEPHOLE,
    LSTM_PEEPHOLE_FULL,
    RNN,
    FullPeepholes,
    GRUBiases,
    Peepholes,
    ResetBefore,
)
from .launch import ceil_div
from .recurrence import PAIRS, THREADS, TILE_ROWS, WIDE, Cell, CudaCell, RecurrentPlan
from .runtime import DeviceProperties
from .sources import CudaSource

UNITS, DEPTH = 8, 32
"""Units of a block and the depth of its tiles; as in cells_persistent.cu and cells_tile.cuh."""
RESIDENT = 2
"""Blocks a multiprocessor counted on: more would only shorten what each of them does a step."""
RESERVED_BYTES = 1024
"""Shared memory that the system takes of each block."""
ITEMSIZE = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}


class Fit(NamedTuple):
    """Grid (unit tiles, groups of sequences) and bytes of weights in a block's shared memory."""

    grid: tuple[int, int]
    shared_bytes: int


def persistent_source(cell: Cell) -> CudaSource:
    """The cell's two kernels; the second part of a cell of one is NoPart."""
    first, second = (*cell.parts, "NoPart")[:2]
    instances = tuple((*pair, first, second) for pair in PAIRS)
    names = ("persistent_forward", "persistent_backward")
    return CudaSource("cells_persistent.cu", dict.fromkeys(names, instances))


def kept_bytes(cell: Cell, H: int, itemsize: int) -> int:
    """Shared memory of the kept weights: the larger of forward and backward."""
    read = [cell.gates] if len(cell.parts) == 1 else [cell.gates - 1, 1]
    read += [2, 1] if cell.sees_cell else []  # i and f, and o, through weight_ch
    forward = sum(read) * _kept_stride(H)
    backward = sum(_kept_stride(gates * H) for gates in read)
    return UNITS * max(forward, backward) * itemsize


def _kept_stride(columns: int) -> int:
    """Numbers of a kept row: whole tiles, and four so that no two rows meet a bank."""
    return ceil_div(columns, DEPTH) * DEPTH + 4


def fit(B: int, H: int, cell: Cell, dtype: str, properties: DeviceProperties) -> Fit | str:
    """The launch of a persistent kernel, or the reason why there is none."""
    weights = kept_bytes(cell, H, ITEMSIZE[dtype])
    needed = weights + TILE_ROWS * (DEPTH + 4) * ITEMSIZE[WIDE.get(dtype, dtype)]
    other = "take the implementation without _persistent"
    if needed > properties.shared_bytes:
        return (
            f"{UNITS} units of H = {H} in {dtype} take {needed} bytes of shared memory, expected "
            f"at most {properties.shared_bytes} on {properties.name}; {other}"
        )
    by_shared = (properties.shared_bytes + RESERVED_BYTES) // (needed + RESERVED_BYTES)
    resident = properties.multiprocessors * min(RESIDENT, by_shared)
    blocks = ceil_div(H, UNITS)
    if blocks > resident:
        return (
            f"H = {H} in {dtype} takes {blocks} blocks at once, expected at most {resident} on "
            f"{properties.name}; {other}"
        )
    return Fit((blocks, min(ceil_div(B, TILE_ROWS), resident // max(1, blocks))), weights)


class PersistentPlan(RecurrentPlan):
    """One cooperative launch a pass."""

    tier: ClassVar[str] = "persistent"

    def _allocate(self) -> None:
        super()._allocate()
        fits = fit(self.dims.B, self.dims.H, self.cell, self.dtype, self.runtime.properties)
        if isinstance(fits, str):
            raise UnsupportedError(fits)
        self._grid, self._shared_bytes = fits
        self._arrivals = self.empty((1,), "uint32")
        self._parts = (*self.cell.parts, "NoPart")[:2]

    @property
    def notes(self) -> dict[str, Any]:
        return super().notes | {"grid": self._grid, "shared_bytes": self._shared_bytes}

    def _launch(self, name: str, *arguments: Any) -> None:
        """`arrivals` counts blocks at the barriers, from zero in each launch."""
        self._arrivals.fill(0)
        self._step_kernel(name, *self._parts)(
            self._grid,
            (THREADS,),
            self._arrivals,
            self._steps,
            *arguments,
            shared_bytes=self._shared_bytes,
            cooperative=True,
        )

    def _run_forward(self) -> None:
        self._launch(
            "persistent_forward",
            *(self._lengths, self._weight_hh, self._bias, self._more),
            *(self._hidden, self._cell, self._gates, self._kept, self._output),
            *(self.dims.B, self.dims.H, self._slots, self.grad),
        )

    def _run_backward(self) -> None:
        self._launch(
            "persistent_backward",
            *(self._lengths, self._weight_t, self._more, self._more_t),
            *(self._hidden, self._cell, self._gates, self._kept),
            *(self._d_output, self._d_h, self._d_c),
            *(self._d_gates, self._d_recurrent, self.dims.B, self.dims.H),
        )


class PersistentCell(CudaCell):
    """Serves the sizes whose weights fit the chip."""

    plan_type: ClassVar[type[PersistentPlan]]

    def supports(self, dims: Any, dtype: str) -> str | None:
        reason = super().supports(dims, dtype)
        if reason is not None:
            return reason
        fits = fit(dims.B, dims.H, self.plan_type.cell, dtype, self.runtime.properties)
        return fits if isinstance(fits, str) else None


RNN_SOURCE = persistent_source(RNN)
GRU_SIMPLIFIED_SOURCE = persistent_source(GRU_SIMPLIFIED)
GRU_SOURCE = persistent_source(GRU)
GRU_RESET_BEFORE_SOURCE = persistent_source(GRU_RESET_BEFORE)
LSTM_SOURCE = persistent_source(LSTM)
LSTM_PEEPHOLE_SOURCE = persistent_source(LSTM_PEEPHOLE)
LSTM_PEEPHOLE_FULL_SOURCE = persistent_source(LSTM_PEEPHOLE_FULL)
LSTM_COUPLED_SOURCE = persistent_source(LSTM_COUPLED)


class RNNPersistentPlan(PersistentPlan):
    cell, source = RNN, RNN_SOURCE


class GRUSimplifiedPersistentPlan(PersistentPlan):
    cell, source = GRU_SIMPLIFIED, GRU_SIMPLIFIED_SOURCE


class GRUPersistentPlan(GRUBiases, PersistentPlan):
    cell, source = GRU, GRU_SOURCE


class GRUResetBeforePersistentPlan(ResetBefore, PersistentPlan):
    cell, source = GRU_RESET_BEFORE, GRU_RESET_BEFORE_SOURCE


class LSTMPersistentPlan(PersistentPlan):
    cell, source = LSTM, LSTM_SOURCE


class LSTMPeepholePersistentPlan(Peepholes, PersistentPlan):
    cell, source = LSTM_PEEPHOLE, LSTM_PEEPHOLE_SOURCE


class LSTMPeepholeFullPersistentPlan(FullPeepholes, PersistentPlan):
    cell, source = LSTM_PEEPHOLE_FULL, LSTM_PEEPHOLE_FULL_SOURCE


class LSTMCoupledPersistentPlan(PersistentPlan):
    cell, source = LSTM_COUPLED, LSTM_COUPLED_SOURCE


class RNNPersistent(PersistentCell):
    plan_type = RNNPersistentPlan


class GRUSimplifiedPersistent(PersistentCell):
    plan_type = GRUSimplifiedPersistentPlan


class GRUPersistent(PersistentCell):
    plan_type = GRUPersistentPlan


class GRUResetBeforePersistent(PersistentCell):
    plan_type = GRUResetBeforePersistentPlan


class LSTMPersistent(PersistentCell):
    plan_type = LSTMPersistentPlan


class LSTMPeepholePersistent(PersistentCell):
    plan_type = LSTMPeepholePersistentPlan


class LSTMPeepholeFullPersistent(PersistentCell):
    plan_type = LSTMPeepholeFullPersistentPlan


class LSTMCoupledPersistent(PersistentCell):
    plan_type = LSTMCoupledPersistentPlan
