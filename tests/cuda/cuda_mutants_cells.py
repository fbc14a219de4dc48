"""Recurrent cells on the device, broken where it is easily got wrong."""

from cuda_mutant import CudaMutant

STEPS, PERSISTENT, HELPERS = "cells.cu", "cells_persistent.cu", "cells_helpers.cu"
LSTM, GRU, BEFORE = "cell/lstm", "cell/gru", "cell/gru_reset_before"
FULL, KEPT_FULL = "cell/lstm_peephole_full", "cupy.lstm_peephole_full_persistent"
MUTANTS = [
    CudaMutant(STEPS, "inside ? s.h : h)", "s.h)", LSTM),
    CudaMutant(STEPS, "T(inside ? s.h : A(0))", "T(s.h)", "cell/rnn"),
    CudaMutant(STEPS, "sums[i][g < 2 ? g : 3]", "sums[i][g]", FULL),
    CudaMutant(STEPS, "through + 2LL * H", "through + 1LL * H", FULL),
    CudaMutant(STEPS, "through_memory(s, s.p[2])", "through_memory(s, A(0))", "cell/lstm_peephole"),
    CudaMutant(STEPS, "T(g == 2 ? s.d_split : s.d_gate[g])", "T(s.d_gate[g])", GRU),
    CudaMutant(STEPS, "a.d_h[at] += s.d_h", "a.d_h[at] = s.d_h", BEFORE),
    CudaMutant(STEPS, "d_c * (g - s.c)", "d_c * g", "cell/lstm_coupled"),
    CudaMutant(
        STEPS,
        "s.d_h = s.d_h * z;\n  }\n};\n\nstruct Gru ",
        "}\n};\n\nstruct Gru ",
        "cell/gru_simplified",
    ),
    CudaMutant(HELPERS, "row / B < lengths[row % B] ? inputs[i]", "true ? inputs[i]", LSTM),
    CudaMutant(HELPERS, "other < 8; ++other", "other < 7; ++other", LSTM),
    CudaMutant(PERSISTENT, "t >= -1; --t", "t >= 0; --t", LSTM, "cupy.lstm_persistent"),
    CudaMutant(
        PERSISTENT,
        "mine + Second::first * matrix",
        "mine",
        BEFORE,
        "cupy.gru_reset_before_persistent",
    ),
    CudaMutant(PERSISTENT, "a.cell + a.slot(t)", "a.cell + a.slot(t + 1)", FULL, KEPT_FULL),
    CudaMutant(PERSISTENT, "sees + 2LL * H", "sees + 1LL * H", FULL, KEPT_FULL),
    CudaMutant(PERSISTENT, "kept_stride(2 * a.H), a.H)", "kept_stride(a.H), a.H)", FULL, KEPT_FULL),
    CudaMutant(PERSISTENT, "group.end, 3)", "group.end, 2)", FULL, KEPT_FULL),
    CudaMutant(
        PERSISTENT, "k < K ? source[k]", "k < K - 1 ? source[k]", GRU, "cupy.gru_persistent"
    ),
]
