"""Every CUDA source was broken, and the suite goes red: the list is kept as data.

`cuda_mutants_FAMILY.py` beside this file each hold a list MUTANTS.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from compiling import every_source
from cuda_mutant import CudaMutant, is_found

FAMILIES = sorted(path.stem for path in Path(__file__).parent.glob("cuda_mutants_*.py"))
MUTANTS = [m for family in FAMILIES for m in importlib.import_module(family).MUTANTS]


def some_and_the_rest() -> tuple[list[CudaMutant], list[CudaMutant]]:
    """Two of each source for every run, each of which is compiled; the others are slow."""
    some: list[CudaMutant] = []
    for mutant in MUTANTS:
        if sum(other.file == mutant.file for other in some) < 2:
            some.append(mutant)
    return some, [mutant for mutant in MUTANTS if mutant not in some]


SOME, REST = some_and_the_rest()


@pytest.mark.parametrize("mutant", SOME, ids=str)
def test_a_mutant_is_found(mutant):
    assert is_found(mutant)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", REST, ids=str)
def test_every_mutant_is_found(mutant):
    assert is_found(mutant)


def test_what_is_not_changed_passes():
    """Else every mutant would be found, whatever it changed."""
    CudaMutant("bleu.cu", "- n + 1;", "+ 1 - n;", "metric/bleu_stats").run()


def test_a_mutant_that_fits_no_more_is_an_error():
    with pytest.raises(LookupError, match="'no such text' occurs 0 times, expected once"):
        CudaMutant("losses.cu", "no such text", "", "loss/softmax_cross_entropy").run()


def test_every_source_has_mutants():
    assert {mutant.file for mutant in MUTANTS} == set(every_source())
