"""Changes to the cells that the suite must notice."""

from __future__ import annotations

from mutant import Mutant, conformance

MUTANTS = [
    Mutant(
        "seqbench.kernels.lstm",
        "d_cell * i * (1 - g * g)",
        "d_cell * i * (1 - g)",
        conformance("cell/lstm"),
    ),
    Mutant(
        "seqbench.kernels.lstm",
        "d_c = xp.where(inside[t], d_cell * f, d_c)",
        "d_c = d_cell * f",
        conformance("cell/lstm"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole",
        "+ p_o * new, xp=xp)",
        "+ p_o * cell[t], xp=xp)",
        conformance("cell/lstm_peephole"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole",
        " + d_o * p_o  # o saw c",
        "  # o saw c",
        conformance("cell/lstm_peephole"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole",
        "d_cell * f + d_i * p_i + d_f * p_f",
        "d_cell * f",
        conformance("cell/lstm_peephole"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole",
        "d_o * after)",
        "d_o * before)",
        conformance("cell/lstm_peephole"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole",
        "d_c = xp.where(inside[t], d_prev, d_c)",
        "d_c = d_prev",
        conformance("cell/lstm_peephole"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole_full",
        "d_seen = d_seen + d_o @ params.weight_ch[2 * H :]",
        "d_seen = d_seen + 0",
        conformance("cell/lstm_peephole_full"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole_full",
        "flat[:, 3 * H :].T @ cell)",
        "flat[:, 2 * H : 3 * H].T @ cell)",
        conformance("cell/lstm_peephole_full"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole_full",
        "seen[:, 2 * H :], xp=xp)",
        "seen[:, H : 2 * H], xp=xp)",
        conformance("cell/lstm_peephole_full"),
    ),
    Mutant(
        "seqbench.kernels.lstm_coupled",
        "d_cell * (g - cache.cell[t]) * i",
        "d_cell * g * i",
        conformance("cell/lstm_coupled"),
    ),
    Mutant(
        "seqbench.kernels.lstm_coupled",
        "xp.where(inside[t], d_cell * (1 - i), d_c)",
        "xp.where(inside[t], d_cell * i, d_c)",
        conformance("cell/lstm_coupled"),
    ),
    Mutant(
        "seqbench_numpy.lstm",
        "np.multiply(d_c, carry, out=d_c, where=self._inside[t])",
        "np.multiply(d_c, carry, out=d_c)",
        conformance("cell/lstm", "numpy.lstm"),
    ),
    Mutant(
        "seqbench_numpy.lstm_peephole",
        "np.multiply(params.peephole.reshape(self._peephole.shape), 0.5, out",
        "np.multiply(params.peephole.reshape(self._peephole.shape), 1.0, out",
        conformance("cell/lstm_peephole", "numpy.lstm_peephole"),
    ),
    Mutant(
        "seqbench_numpy.lstm_peephole",
        "((0, 0), (1, 0), (3, 1))",
        "((0, 0), (1, 0), (3, 0))",
        conformance("cell/lstm_peephole", "numpy.lstm_peephole"),
    ),
    Mutant(
        "seqbench_numpy.lstm_peephole",
        "np.multiply(self._peephole[2], c, out=h)",
        "np.multiply(self._peephole[2], c_prev, out=h)",
        conformance("cell/lstm_peephole", "numpy.lstm_peephole"),
    ),
    Mutant(
        "seqbench_numpy.lstm_peephole_full",
        "np.matmul(d_gate[3], weight[2], out=self._seen[2])",
        "np.matmul(d_gate[3], weight[1], out=self._seen[2])",
        conformance("cell/lstm_peephole_full", "numpy.lstm_peephole_full"),
    ),
    Mutant(
        "seqbench_numpy.lstm_coupled",
        "np.multiply(d_i, forget, out=d_i)",
        "np.multiply(d_i, i, out=d_i)",
        conformance("cell/lstm_coupled", "numpy.lstm_coupled"),
    ),
]
