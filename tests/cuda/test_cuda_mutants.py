"""Every CUDA source was broken, and the suite goes red: the list is kept as data.

`mutants_FAMILY.py` beside this file each hold a list MUTANTS.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from compiling import every_source
from cuda_mutant import CudaMutant

FAMILIES = sorted(path.stem for path in Path(__file__).parent.glob("mutants_*.py"))
MUTANTS = [m for family in FAMILIES for m in importlib.import_module(family).MUTANTS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_mutant_is_found(mutant):
    with pytest.raises(AssertionError):
        mutant.run()


def test_what_is_not_changed_passes():
    """Else every mutant would be found, whatever it changed."""
    CudaMutant(
        "embedding.cu", "ids[i / E] * E + i % E];", "ids[i / (E)] * E + i % E];", "embedding/gather"
    ).run()


def test_a_mutant_that_fits_no_more_is_an_error():
    with pytest.raises(LookupError, match="'no such text' occurs 0 times, expected once"):
        CudaMutant("losses.cu", "no such text", "", "loss/softmax_cross_entropy").run()


def test_every_source_has_mutants():
    assert {mutant.file for mutant in MUTANTS} == set(every_source())
