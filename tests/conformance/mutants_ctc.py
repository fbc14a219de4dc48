"""Mutants of CTC's loss and searches, shared and tuned."""

from __future__ import annotations

from mutant import Mutant, conformance

SHARED, TUNED = "seqbench.kernels", "seqbench_numpy"
LOSS, GREEDY, BEAM = "loss/ctc", "decoder/ctc_greedy", "decoder/ctc_beam"

MUTANTS = [
    Mutant(
        f"{SHARED}.ctc",
        "padded[:, :-2], -math.inf)",
        "padded[:, 1:-1], -math.inf)",
        conformance(LOSS),
    ),
    Mutant(f"{SHARED}.ctc", "skipping[:, 2:]", "skipping[:, 1:-1]", conformance(LOSS)),
    Mutant(f"{SHARED}.ctc", "xp.where(inside[t], moved, alpha[t])", "moved", conformance(LOSS)),
    Mutant(
        f"{SHARED}.ctc",
        "cache.alpha[t + 1] + beta - total",
        "cache.alpha[t] + beta - total",
        conformance(LOSS),
    ),
    Mutant(
        f"{SHARED}.ctc",
        "xp.where(inside[t], beta + emitted[t], ahead)",
        "beta + emitted[t]",
        conformance(LOSS),
    ),
    Mutant(f"{SHARED}.ctc_greedy", "& (path != blank_id)", "", conformance(GREEDY)),
    Mutant(
        f"{SHARED}.ctc_greedy",
        "kept = inside & changed[: len(path)] &",
        "kept = changed[: len(path)] &",
        conformance(GREEDY),
    ),
    Mutant(
        f"{SHARED}.ctc_beam",
        "beam.ending_label + at_last, arriving",
        "beam.ending_label + at_last, 0 * at_last - math.inf",
        conformance(BEAM),
    ),
    Mutant(
        f"{SHARED}.ctc_beam",
        "xp.where(repeats, beam.ending_blank[:, :, None], total[:, :, None])",
        "total[:, :, None] + 0 * repeats",
        conformance(BEAM),
    ),
    Mutant(
        f"{SHARED}.ctc_beam",
        "xp.where(is_new, inputs.next_state[state, column], state)",
        "inputs.next_state[state, column]",
        conformance(BEAM),
    ),
    Mutant(
        f"{TUNED}.ctc",
        "self._skip[0, L - 1 : 0 : -1]",
        "self._skip[0, 1:L]",
        conformance(LOSS, "numpy.ctc"),
    ),
    Mutant(
        f"{TUNED}.ctc",
        "blanks[:, 0, 0] = np.where(inside, np.exp(blank - top, dtype=np.float64), 1)",
        "blanks[:, 0, 0] = np.exp(blank - top, dtype=np.float64)",
        conformance(LOSS, "numpy.ctc"),
    ),
    Mutant(
        f"{TUNED}.ctc",
        "inflow[:, 0, 1:] * inflow[::-1, 1, :0:-1]",
        "inflow[:, 0, 1:] * inflow[:, 1, :0:-1]",
        conformance(LOSS, "numpy.ctc"),
    ),
    Mutant(
        f"{TUNED}.ctc_greedy",
        "kept[1:] &= path[1:] != path[:-1]",
        "kept[1:] &= path[1:] > 0",
        conformance(GREEDY, "numpy.ctc_greedy"),
    ),
    Mutant(
        f"{TUNED}.ctc_beam",
        "beam.ending_label * at_last + arriving",
        "beam.ending_label * at_last",
        conformance(BEAM, "numpy.ctc_beam"),
    ),
    Mutant(
        f"{TUNED}.ctc_beam",
        "= beam.ending_blank * at_last",
        "= total * at_last",
        conformance(BEAM, "numpy.ctc_beam"),
    ),
]
