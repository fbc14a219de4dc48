"""The conformance kit's inputs of the search and BLEU contracts are valid and exercise them."""

from __future__ import annotations

import numpy as np
import pytest
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.beam_select import BeamSelect
from seqbench_numpy.bleu import BleuStats

from seqbench.interfaces import SharedText
from seqbench.kernels.beam_select import BEAM_SELECT
from seqbench.kernels.bleu import BLEU_STATS
from seqbench.kernels.length_penalty import LENGTH_PENALTY
from seqbench.testing.cases import SIZES, cases

BACKEND = NumpyBackend()


@pytest.mark.parametrize("contract", [BEAM_SELECT, BLEU_STATS, LENGTH_PENALTY])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_case_is_valid_and_runs(contract, size, dtype):
    (case,) = cases(contract, [size], dtype=dtype)
    SharedText(contract, BACKEND)(case.params, case.inputs)
    dims = contract.dims(case.params, case.inputs)
    assert contract.flops(dims, False) >= 0
    assert contract.bytes(dims, False, 4) >= 0


@pytest.mark.parametrize("implementation", [SharedText, BeamSelect])
@pytest.mark.parametrize("size", SIZES)
def test_dead_slots_are_never_read(implementation, size):
    (case,) = cases(BEAM_SELECT, [size])
    select = implementation(BEAM_SELECT, BACKEND)
    plain = select(case.params, case.inputs)
    filled = select(case.params, case.filled(np.nan).inputs)
    np.testing.assert_array_equal(plain.scores, filled.scores)
    np.testing.assert_array_equal(plain.tokens, filled.tokens)


@pytest.mark.parametrize("size", SIZES)
def test_tuned_counts_equal_the_shared_ones(size):
    (case,) = cases(BLEU_STATS, [size])
    shared = SharedText(BLEU_STATS, BACKEND)(case.params, case.inputs)
    tuned = BleuStats(BLEU_STATS, BACKEND)(case.params, case.inputs)
    np.testing.assert_array_equal(tuned.matches, shared.matches)
    np.testing.assert_array_equal(tuned.reference_lengths, shared.reference_lengths)
