"""A02, A09-A12 on the device, tier (a): a kernel a step. What each cell has beside the others.

Plans that keep the weights on the chip are in cells_persistent.py, under names of their own: which
is faster at a size only a GPU can tell, and a user chooses it by impl_id.
"""

from __future__ import annotations

from typing import Any

from seqbench.kernels.gru import GRUParams
from seqbench.kernels.lstm_peephole import LSTMPeepholeParams
from seqbench.kernels.lstm_peephole_full import LSTMPeepholeFullParams

from .recurrence import HELPERS, WIDE, Cell, CudaCell, RecurrentPlan
from .recurrence_steps import StepPlan, steps_source

RNN = Cell(("Rnn",), 1)
GRU_SIMPLIFIED = Cell(("GruSimplified",), 2)
GRU = Cell(("Gru",), 3, kept="backward", splits=True)
GRU_RESET_BEFORE = Cell(("GruReset", "GruNew"), 3, kept="always")
LSTM = Cell(("Lstm",), 4, memory=True)
LSTM_PEEPHOLE = Cell(("LstmPeephole",), 4, memory=True)
LSTM_PEEPHOLE_FULL = Cell(("LstmPeepholeFull",), 4, memory=True, sees_cell=True)
LSTM_COUPLED = Cell(("LstmCoupled",), 3, memory=True)

HELPERS_SOURCE = HELPERS  # here, where checks over all sources look for it
RNN_SOURCE = steps_source(RNN)
GRU_SIMPLIFIED_SOURCE = steps_source(GRU_SIMPLIFIED)
GRU_SOURCE = steps_source(GRU)
GRU_RESET_BEFORE_SOURCE = steps_source(GRU_RESET_BEFORE)
LSTM_SOURCE = steps_source(LSTM)
LSTM_PEEPHOLE_SOURCE = steps_source(LSTM_PEEPHOLE)
LSTM_PEEPHOLE_FULL_SOURCE = steps_source(LSTM_PEEPHOLE_FULL)
LSTM_COUPLED_SOURCE = steps_source(LSTM_COUPLED)

# What a cell has beside weight_ih, weight_hh and one bias, mixed into the plans of both tiers.


class GRUBiases(RecurrentPlan):
    """bias_hh apart from bias_ih: the reset gate multiplies one of them."""

    def _allocate(self) -> None:
        super()._allocate()
        rows = self.cell.gates * self.dims.H
        self._more = self.empty((rows,))
        self._d_bias_hh: Any = self.empty((rows,)) if self.grad else None

    def _load_more(self, params: GRUParams) -> None:
        self._bias[...] = params.bias_ih
        self._more[...] = params.bias_hh

    def _d_params(self) -> GRUParams:
        return GRUParams(
            weight_ih=self._d_input_weight(),
            weight_hh=self._d_recurrent_weight(),
            bias_ih=self._column_sums(self._d_gates, self._d_bias),
            bias_hh=self._column_sums(self._d_recurrent, self._d_bias_hh),
        )


class ResetBefore(GRUBiases):
    """weight_hn met r h, which is kept, where the other gates' rows met h."""

    def _d_recurrent_weight(self) -> Any:
        """All rows as if they had met h, then those of n anew: less to copy than a cut array."""
        super()._d_recurrent_weight()
        H = self.dims.H
        d_n = self._flat(self._d_gates)[:, 2 * H :]
        self.runtime.gemm(d_n.T, self._states_before(self._kept), self._d_weight_hh[2 * H :])
        return self._d_weight_hh


class Peepholes(RecurrentPlan):
    """Diagonal weights of i, f (of c before the step) and o (of c after it)."""

    def _allocate(self) -> None:
        super()._allocate()
        self._more = self.empty((3 * self.dims.H,))
        self._d_peephole: Any = self.empty((3, self.dims.H)) if self.grad else None

    def _load_more(self, params: LSTMPeepholeParams) -> None:
        super()._load_more(params)
        self._more[...] = params.peephole

    def _d_params(self) -> LSTMPeepholeParams:
        H, d_gates = self.dims.H, self._d_gates.reshape(-1)
        for peephole, gate, later in ((0, 0, 0), (1, 1, 0), (2, 3, 1)):
            met = self._cell[later:].reshape(-1)
            self._column_sums(d_gates[gate * H :], self._d_peephole[peephole], met)
        return LSTMPeepholeParams(
            weight_ih=self._d_input_weight(),
            weight_hh=self._d_recurrent_weight(),
            bias=self._column_sums(self._d_gates, self._d_bias),
            peephole=self._d_peephole.reshape(-1),
        )


class FullPeepholes(RecurrentPlan):
    """weight_ch, through which i, f and o see c before the step."""

    def _allocate(self) -> None:
        super()._allocate()
        T, B, _, H = self.dims
        self._more = self.empty((3 * H, H))
        if self.grad:
            self._more_t = self.empty((H, 3 * H))
            self._d_weight_ch = self.empty((3 * H, H))
            narrower = self.dtype in WIDE
            self._narrow_cells: Any = self.empty((T, B, H)) if narrower else None

    def _load_more(self, params: LSTMPeepholeFullParams) -> None:
        super()._load_more(params)
        self._more[...] = params.weight_ch
        if self.grad:
            self._more_t[...] = params.weight_ch.T

    def _d_params(self) -> LSTMPeepholeFullParams:
        return LSTMPeepholeFullParams(
            weight_ih=self._d_input_weight(),
            weight_hh=self._d_recurrent_weight(),
            bias=self._column_sums(self._d_gates, self._d_bias),
            weight_ch=self._d_cell_weight(),
        )

    def _d_cell_weight(self) -> Any:
        H, rows = self.dims.H, self._flat(self._d_gates)
        cells, narrow = self._cell[: self._steps], self._narrow_cells
        narrow = None if narrow is None else narrow[: self._steps]
        met = self._states_before(self._narrowed(cells, narrow))
        self.runtime.gemm(rows[:, : 2 * H].T, met, self._d_weight_ch[: 2 * H])  # i and f
        self.runtime.gemm(rows[:, 3 * H :].T, met, self._d_weight_ch[2 * H :])  # o
        return self._d_weight_ch


class RNNPlan(StepPlan):
    cell, source = RNN, RNN_SOURCE


class GRUSimplifiedPlan(StepPlan):
    cell, source = GRU_SIMPLIFIED, GRU_SIMPLIFIED_SOURCE


class GRUPlan(GRUBiases, StepPlan):
    cell, source = GRU, GRU_SOURCE


class GRUResetBeforePlan(ResetBefore, StepPlan):
    cell, source = GRU_RESET_BEFORE, GRU_RESET_BEFORE_SOURCE


class LSTMPlan(StepPlan):
    cell, source = LSTM, LSTM_SOURCE


class LSTMPeepholePlan(Peepholes, StepPlan):
    cell, source = LSTM_PEEPHOLE, LSTM_PEEPHOLE_SOURCE


class LSTMPeepholeFullPlan(FullPeepholes, StepPlan):
    cell, source = LSTM_PEEPHOLE_FULL, LSTM_PEEPHOLE_FULL_SOURCE


class LSTMCoupledPlan(StepPlan):
    cell, source = LSTM_COUPLED, LSTM_COUPLED_SOURCE


class RNNSteps(CudaCell):
    plan_type = RNNPlan


class GRUSimplifiedSteps(CudaCell):
    plan_type = GRUSimplifiedPlan


class GRUSteps(CudaCell):
    plan_type = GRUPlan


class GRUResetBeforeSteps(CudaCell):
    plan_type = GRUResetBeforePlan


class LSTMSteps(CudaCell):
    plan_type = LSTMPlan


class LSTMPeepholeSteps(CudaCell):
    plan_type = LSTMPeepholePlan


class LSTMPeepholeFullSteps(CudaCell):
    plan_type = LSTMPeepholeFullPlan


class LSTMCoupledSteps(CudaCell):
    plan_type = LSTMCoupledPlan
