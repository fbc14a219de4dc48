"""Every kernel was broken once, and the suite goes red: the list is kept as data.

`mutants_FAMILY.py` beside this file each hold a list MUTANTS.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from mutant import Mutant, conformance

FAMILIES = sorted(path.stem for path in Path(__file__).parent.glob("mutants_*.py"))
MUTANTS = [m for family in FAMILIES for m in importlib.import_module(family).MUTANTS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_mutant_is_found(mutant):
    with pytest.raises(AssertionError) as found:
        mutant.run()
    assert "raised NameError" not in str(found.value), "the mutant is no program"


def test_what_is_not_changed_passes():
    """Else every mutant would be found, whatever it changed."""
    Mutant("seqbench.kernels.lstm", "GATES = 4", "GATES = 2 + 2", conformance("cell/lstm")).run()


def test_a_mutant_that_fits_no_more_is_an_error():
    with pytest.raises(LookupError, match="'no such text' occurs 0 times, expected once"):
        Mutant("seqbench.kernels.lstm", "no such text", "", conformance("cell/lstm")).run()


def test_the_installed_module_stays():
    from seqbench.kernels import lstm

    before = lstm.LSTM
    with pytest.raises(AssertionError):
        MUTANTS[0].run()
    assert importlib.import_module("seqbench.kernels.lstm").LSTM is before
