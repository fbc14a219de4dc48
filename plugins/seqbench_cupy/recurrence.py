"""What all recurrent cells share on the device: buffers, steps as replayed graphs, gradients.

The input's part of every gate is one product over all steps, as are the gradients of the weights
and of x. Between them runs one kernel a step (two for the GRU that resets before its product),
which holds its own product of the state with weight_hh: CuPy refuses cuBLAS in a captured graph,
and the pointwise part then follows in registers.

A graph holds a fixed number of steps and reads from the device which step it begins at, so it is
captured once a plan, whatever T comes: it is replayed until the steps are enough, and those past
the end leave at once. Everything its kernels read therefore belongs to the plan: `load` copies the
weights, forward the lengths and the initial state, backward the gradient of the output.

States and gates are kept in the plan's dtype; sums, the memory cell and the gradient of the state
in float32 where that is narrower.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels._cell import CellInputs, CellOutputs

from .implementation import CudaImplementation, CudaPlan
from .launch import Launch, ceil_div, elementwise
from .sources import C_TYPES, CudaSource

DTYPES = ("float32", "float64", "float16", "bfloat16")
WIDE = {"float16": "float32", "bfloat16": "float32"}
"""What a dtype is summed in, where it is not itself."""
PAIRS = tuple((C_TYPES[d], C_TYPES[WIDE.get(d, d)]) for d in DTYPES)
"""(stored, summed) in C++."""
_EACH = ("begin_forward", "begin_backward", "rounded", "without_padding", "column_sums")
HELPERS = CudaSource("cells_helpers.cu", dict.fromkeys(_EACH, PAIRS) | {"advance": ((),)})

TILE_ROWS, THREADS = 32, 128
"""Sequences of a block and its threads; as in cells_tile.cuh."""


@dataclass(frozen=True)
class Cell:
    """How the kernels call a cell: its parts in the order of a forward step.

    gates : rows of weight_hh over H; memory : whether it has c; kept : what it keeps beside gates
    and states ("", "backward" for backward alone, "always"); splits : whether gradients towards
    the recurrent product are others than towards the input; sees_cell : whether i, f and o read c
    through a matrix
    """

    parts: tuple[str, ...]
    gates: int
    memory: bool = False
    kept: str = ""
    splits: bool = False
    sees_cell: bool = False


class RecurrentPlan(CudaPlan):
    """Buffers of a cell for (T, B, I, H); T is a capacity. Subclasses run the steps."""

    cell: ClassVar[Cell]
    source: ClassVar[CudaSource]
    tier: ClassVar[str] = "steps"

    def _allocate(self) -> None:
        T, B, _, H = self.dims
        G, wide, memory = self.cell.gates, WIDE.get(self.dtype, self.dtype), self.cell.memory
        self._slots = T + 1 if self.grad else 2
        self._clock, self._lengths = self.empty((2,), "int32"), self.empty((B,), "int32")
        self._clock.fill(0)
        self._hidden = self.empty((self._slots, B, H))
        self._cell: Any = self.empty((self._slots, B, H), wide) if memory else None
        self._gates = self.empty((T * B, G * H))
        self._output = self.empty((T, B, H))
        keeps = self.cell.kept == "always" or (self.grad and self.cell.kept == "backward")
        self._kept = self.empty((T if self.grad else 1, B, H)) if keeps else None
        self._weight_hh, self._bias = self.empty((G * H, H)), self.empty((G * H,))
        self._more: Any = None  # what else the steps read of the parameters, made by `_load_more`
        self._more_t: Any = None
        self._narrow_c = self.empty((B, H)) if memory and wide != self.dtype else None
        if self.grad:
            self._allocate_backward(wide)

    def _allocate_backward(self, wide: str) -> None:
        T, B, I, H = self.dims
        G, memory = self.cell.gates, self.cell.memory
        self._weight_t = self.empty((H, G * H))
        self._d_output, self._d_x = self.empty((T, B, H)), self.empty((T, B, I))
        self._x = self.empty((T, B, I))
        self._d_h = self.empty((B, H), wide)
        self._d_c = self.empty((B, H), wide) if memory else None
        self._d_gates = self.empty((T * B, G * H))
        self._d_recurrent = self.empty((T * B, G * H)) if self.cell.splits else self._d_gates
        self._d_weight_ih, self._d_weight_hh = self.empty((G * H, I)), self.empty((G * H, H))
        self._d_bias = self.empty((G * H,))
        self._narrow_d = [
            self.empty((B, H)) if d is not None and wide != self.dtype else None
            for d in (self._d_h, self._d_c)
        ]

    @property
    def notes(self) -> dict[str, Any]:
        return {"tier": self.tier}

    def _step_kernel(self, name: str, *parts: str) -> Any:
        return self.runtime.kernel(self.source, name, *self._types, *parts)

    def _kernel(self, name: str) -> Any:
        return self.runtime.kernel(HELPERS, name, *self._types)

    @property
    def _types(self) -> tuple[str, str]:
        return C_TYPES[self.dtype], C_TYPES[WIDE.get(self.dtype, self.dtype)]

    def load(self, params: Any) -> None:
        """Copies the weights to where the steps read them."""
        self._params = params
        self._weight_hh[...] = params.weight_hh
        self._load_more(params)
        if self.grad:
            self._weight_t[...] = params.weight_hh.T

    def _load_more(self, params: Any) -> None:
        """The bias that is added to the input's part, and what else the cell has."""
        self._bias[...] = params.bias

    # -- forward ---------------------------------------------------------------------------

    def forward(self, inputs: CellInputs) -> CellOutputs:
        self._begin_forward(inputs)
        self._run_forward()
        return self._end_forward()

    def _begin_forward(self, inputs: CellInputs) -> None:
        self._inputs, self._steps = inputs, len(inputs.x)
        B, H = inputs.h0.shape
        self._input_product(inputs.x)
        self._kernel("begin_forward")(
            *elementwise(max(B * H, B), self.runtime.properties),
            *(inputs.h0, inputs.c0, inputs.lengths),
            *(self._hidden[0], None if self._cell is None else self._cell[0]),
            *(self._lengths, self._clock, self._steps, B, H),
        )

    def _input_product(self, x: Any) -> None:
        """The input's part of every gate."""
        rows = x.reshape(-1, self.dims.I)
        self.runtime.gemm(rows, self._params.weight_ih.T, self._gates[: len(rows)])

    def _end_forward(self) -> CellOutputs:
        last = self._steps % self._slots
        c = None if self._cell is None else self._narrowed(self._cell[last], self._narrow_c)
        return CellOutputs(self._output[: self._steps], self._hidden[last], c)

    def _run_forward(self) -> None:
        raise NotImplementedError

    def _narrowed(self, values: Any, narrow: Any) -> Any:
        """`values` in the plan's dtype: rounded into `narrow` where they are wider."""
        if narrow is None:
            return values
        launch = elementwise(values.size, self.runtime.properties)
        self._kernel("rounded")(*launch, values, narrow, values.size)
        return narrow

    # -- backward --------------------------------------------------------------------------

    def backward(self, d_outputs: CellOutputs) -> Gradients:
        if not self.grad:
            raise UnsupportedError(
                "backward: this plan was made with grad=False and kept no cache; "
                "ask for plan(dims, dtype, grad=True)"
            )
        self._begin_backward(d_outputs)
        self._run_backward()
        return self._end_backward()

    def _end_backward(self) -> Gradients:
        d_params = self._d_params()
        narrow_h, narrow_c = self._narrow_d
        d_h0 = self._narrowed(self._d_h, narrow_h)
        d_c0 = None if self._d_c is None else self._narrowed(self._d_c, narrow_c)
        d_x = self._through_input()
        return Gradients(d_params, CellInputs(x=d_x, lengths=None, h0=d_h0, c0=d_c0))

    def _through_input(self) -> Any:
        """The gradient of x from those of the gates."""
        rows, d_x = self._flat(self._d_gates), self._d_x[: self._steps]
        self.runtime.gemm(rows, self._params.weight_ih, d_x.reshape(len(rows), self.dims.I))
        return d_x

    def _begin_backward(self, d_outputs: CellOutputs) -> None:
        d_output = self._d_output[: self._steps]
        if d_outputs.output is None:
            d_output.fill(0)
        else:
            d_output[...] = d_outputs.output
        count = self._d_h.size
        self._kernel("begin_backward")(
            *elementwise(max(count, 1), self.runtime.properties),
            *(d_outputs.h, d_outputs.c, self._d_h, self._d_c, self._clock, self._steps, count),
        )

    def _run_backward(self) -> None:
        raise NotImplementedError

    def _d_params(self) -> Any:
        """Gradients of the parameters from those of the gates."""
        d_ih, d_hh = self._d_input_weight(), self._d_recurrent_weight()
        d_bias = self._column_sums(self._d_gates, self._d_bias)
        return type(self._params)(weight_ih=d_ih, weight_hh=d_hh, bias=d_bias)

    def _flat(self, rows: Any) -> Any:
        """The rows of the steps that there are, of (TB, .)."""
        return rows[: self._steps * self.dims.B]

    def _d_input_weight(self) -> Any:
        x = self._x[: self._steps]
        launch = elementwise(x.size, self.runtime.properties)
        sizes = (x.size, self.dims.B, self.dims.I)
        self._kernel("without_padding")(*launch, self._inputs.x, self._lengths, x, *sizes)
        rows = self._flat(self._d_gates)
        self.runtime.gemm(rows.T, x.reshape(len(rows), self.dims.I), self._d_weight_ih)
        return self._d_weight_ih

    def _d_recurrent_weight(self) -> Any:
        rows = self._flat(self._d_recurrent)
        self.runtime.gemm(rows.T, self._states_before(self._hidden), self._d_weight_hh)
        return self._d_weight_hh

    def _states_before(self, states: Any) -> Any:
        """(TB, H): the state that each step began with, of (slots, B, H)."""
        return states[: self._steps].reshape(self._steps * self.dims.B, self.dims.H)

    def _column_sums(self, rows: Any, out: Any, others: Any = None) -> Any:
        """out = the sum over steps and sequences of `rows` columns, times `others` where given.

        rows : (TB, at least len(out)), as many first columns as out has; others : (TB, len(out))
        """
        rows, columns = rows.reshape(-1), len(out)
        count, stride = self._steps * self.dims.B, self.cell.gates * self.dims.H
        launch = Launch((ceil_div(columns, 32),), (256,))
        self._kernel("column_sums")(*launch, rows, others, out, count, columns, stride, columns)
        return out


class CudaCell(CudaImplementation):
    """A cell in float32, float64, float16 and bfloat16."""

    def __init__(self, contract: Any, backend: Any) -> None:
        super().__init__(contract, backend)
        self.dtypes = DTYPES
