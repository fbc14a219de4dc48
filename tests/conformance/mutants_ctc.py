"""Mutants of CTC's loss and searches, shared and tuned."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from mutant import Mutant, conformance

from seqbench.kernels.ctc import CTC, CTCDims, CTCInputs
from seqbench.kernels.losses import NoParams
from seqbench.testing.reference import HostBackend


def no_rescue(module: ModuleType) -> None:
    """Ordinary logits: what the tuned loss gets wrong by itself its own certificate finds, and a
    rescue would hide it."""
    rng = np.random.default_rng(0)
    inputs = CTCInputs(
        rng.normal(size=(30, 8, 5)),
        rng.integers(1, 5, (8, 9)).astype(np.int32),
        rng.integers(20, 31, 8).astype(np.int32),
        rng.integers(1, 10, 8).astype(np.int32),
    )
    plan = module.CTC(CTC, HostBackend()).plan(CTCDims(30, 8, 5, 9), "float64", grad=True)
    plan.load(NoParams())
    plan.forward(inputs)
    assert plan.notes == {"rescued": 0}


def blanks_scale_as_probabilities(module) -> None:
    """Frames are divided by the blank's probability, not by its exponential."""
    logits = np.random.default_rng(0).normal(size=(3, 2, 4))
    probs, own = np.empty((3, 2, 4)), np.empty((3, 1, 2))
    columns = np.array([[1, 4 + 2]])
    scale = module.unshifted(logits, columns, 0, probs, own, np.empty((3, 1, 2)), None)
    np.testing.assert_allclose(probs.sum(axis=2), 1)
    np.testing.assert_allclose(np.exp(scale), probs[:, :, 0])


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
        no_rescue,
    ),
    Mutant(
        f"{TUNED}.ctc",
        "posterior *= inflow[::-1, 1, :0:-1]",
        "posterior *= inflow[:, 1, :0:-1]",
        conformance(LOSS, "numpy.ctc"),
    ),
    Mutant(
        f"{TUNED}.ctc",
        "high - low <= SPAN",
        "True",
        conformance(LOSS, "numpy.ctc"),
    ),
    Mutant(
        f"{TUNED}._ctc_emissions",
        "log_scale -= np.log(_normalise(probs), dtype=np.float64)",
        "_normalise(probs)",
        blanks_scale_as_probabilities,
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
