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
]
