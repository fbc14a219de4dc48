"""Differences told by CTC."""

from __future__ import annotations

import itertools
import math

import numpy as np
from difference import Difference

from seqbench.kernels.ctc import CTC, CTCInputs
from seqbench.kernels.losses import NoParams
from seqbench.testing.reference import reference


def lost_without_a_blank() -> float:
    """Share of the alignments of `1 1` over six frames that merging alone, without blanks, keeps.

    Merging without a blank between can never give two equal neighbours: 0.
    """
    kept = counted = 0
    for path in itertools.product(range(2), repeat=6):
        merged = [v for v, _ in itertools.groupby(path)]
        if [v for v in merged if v] == [1, 1]:
            counted += 1
            kept += [v for v, _ in itertools.groupby(v for v in path if v)] == [1, 1]
    inputs = CTCInputs(
        np.zeros((6, 1, 2)),
        np.array([[1, 1]], np.int32),
        np.array([6], np.int32),
        np.array([2], np.int32),
    )
    loss = float(reference(CTC)(NoParams(), inputs).loss)
    assert math.isclose(math.exp(-loss) * 2**6, counted)
    return kept / counted


ENTRIES = [
    Difference(
        id="A35",
        title="the separator is the blank, a symbol of its own",
        notes='collapse repeated characters not separated by "black".',
        papers='the "blank" (Graves et al. 2006, section 3): an output of the network that stands '
        "for no label. Equal neighbours merge first, blanks are dropped after, so a blank is what "
        "keeps a double letter.",
        shows="Share of the alignments of a doubled label over six frames that survive where "
        "blanks are dropped before merging",
        number=lost_without_a_blank,
        form="{:.0f}",
    ),
]
