"""Changes to the edit counts that the suite must notice."""

from __future__ import annotations

from mutant import Mutant, conformance

KERNEL, KEY = "seqbench.kernels.edit_distance", "metric/edit_distance"

MUTANTS = [
    Mutant(KERNEL, "column = d - 2 - xp", "column = d - 1 - xp", conformance(KEY)),
    Mutant(
        KERNEL, "insertions = (moves + surplus)", "insertions = (moves - surplus)", conformance(KEY)
    ),
    Mutant(KERNEL, "move = current + (weight + 1)", "move = current + weight", conformance(KEY)),
    Mutant(KERNEL, "xp.where(last == d,", "xp.where(last <= d,", conformance(KEY)),
]
