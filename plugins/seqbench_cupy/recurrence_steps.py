"""Tier (a) of the recurrent cells: a kernel a step, replayed as a graph of many."""

from __future__ import annotations

from collections.abc import Callable

from .launch import Launch, ceil_div
from .recurrence import HELPERS, PAIRS, THREADS, TILE_ROWS, Cell, RecurrentPlan
from .sources import CudaSource

UNITS = 16
"""Units of a block; as in cells.cu."""
CHUNK = 16
"""Steps of a graph: a launch from Python then costs a sixteenth a step, and at most fifteen kernels
of a pass find nothing to do."""


def steps_source(cell: Cell) -> CudaSource:
    """A source each cell, so that no other is compiled with it."""
    instances = tuple((*pair, part) for pair in PAIRS for part in cell.parts)
    return CudaSource("cells.cu", {"step_forward": instances, "step_backward": instances})


def tiles(B: int, H: int) -> Launch:
    """A block a tile of sequences and units."""
    return Launch((ceil_div(H, UNITS), ceil_div(B, TILE_ROWS)), (THREADS,))


def replays(steps: int, chunk: int) -> int:
    """How often a graph of `chunk` steps runs."""
    return ceil_div(steps, chunk)


class StepPlan(RecurrentPlan):
    """Tier (a): a kernel a step and part, CHUNK steps a graph."""

    def _allocate(self) -> None:
        super()._allocate()
        self._chunk = max(1, min(CHUNK, self.dims.T))
        self._replay: dict[str, Callable[[], None]] = {}

    def _run_forward(self) -> None:
        self._replayed("forward", self._forward_steps, self._steps)

    def _run_backward(self) -> None:
        """One step more than forward: the last brings the gradient to the initial state."""
        self._replayed("backward", self._backward_steps, self._steps + 1)

    def _replayed(self, name: str, launches: Callable[[], None], steps: int) -> None:
        """Runs a graph, captured on first use, until the steps are enough.

        Capturing runs the launches once: with the clock before the first step, that is the first
        replay.
        """
        left = replays(steps, self._chunk)
        if name not in self._replay and left:
            self._replay[name] = self.runtime.capture(launches)
            left -= 1
        for _ in range(left):
            self._replay[name]()

    def _forward_steps(self) -> None:
        for offset in range(self._chunk):
            self._forward_step(offset)
        self._advance()

    def _forward_step(self, offset: int) -> None:
        """The step that comes `offset` after those done."""
        for part in self.cell.parts:
            self._step_kernel("step_forward", part)(
                *tiles(self.dims.B, self.dims.H),
                *(self._clock, offset, self._lengths, self._weight_hh, self._bias, self._more),
                *(self._hidden, self._cell, self._gates, self._kept, self._output),
                *(self.dims.B, self.dims.H, self._slots, self.grad),
            )

    def _backward_steps(self) -> None:
        for offset in range(self._chunk):
            self._backward_step(offset)
        self._advance()

    def _backward_step(self, offset: int) -> None:
        """The same from the end: step `steps - 1 - offset`, -1 for the initial state."""
        for part in self.cell.parts:
            self._step_kernel("step_backward", part)(
                *tiles(self.dims.B, self.dims.H),
                *(self._clock, offset, self._lengths, self._weight_t, self._more),
                *(self._more_t, self._hidden, self._cell, self._gates, self._kept),
                *(self._d_output, self._d_h, self._d_c, self._d_gates, self._d_recurrent),
                *(self.dims.B, self.dims.H),
            )

    def _advance(self) -> None:
        advance = self.runtime.kernel(HELPERS, "advance")
        advance((1,), (1,), self._clock, self._chunk)
