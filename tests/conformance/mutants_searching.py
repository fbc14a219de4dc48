"""Changes to what compares searches that a case by hand must notice."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from mutant import Mutant

from seqbench.models.error_analysis import ErrorAnalysis, ErrorRow
from seqbench.models.hypotheses import Hypothesis

WIDENING = "seqbench.models.widening"
EXACT = "seqbench.experiments.tasks.exact_search"
ENDED, CUT = Hypothesis((3,), 0.0, 0.0, True, 2), Hypothesis((3, 3), 0.0, 0.0, False, 2)


def order(module: ModuleType) -> None:
    """Batches hold the sentences 2 and 0, then 1."""
    rows = ErrorAnalysis(
        tuple(ErrorRow(i, v, True) for i, v in enumerate(("search", "model", "correct")))
    )
    found = module.verdicts_in_order(rows, [np.array([2, 0]), np.array([1])])
    assert found == ["model", "correct", "search"]


def gains(module: ModuleType) -> None:
    """The search's sentence gains 30 points and comes right."""
    found = module.widening(
        ["search", "model"],
        ["correct", "model"],
        (np.array([70.0, 40]), np.array([100.0, 38])),
        (np.array([-3.0, -2]), np.array([-1.0, -1])),
    )
    assert found.at_fault.tolist() == [True, False]
    assert found.elsewhere.tolist() == [False, True]
    assert found.gains.tolist() == [30, -2]
    assert found.log_prob_gains.tolist() == [2, 1]
    assert found.mended.tolist() == [True, False]


def judged(module: ModuleType) -> None:
    """Missed, worse, within rounding, cut off."""

    def pair(search: float, exact: float, one: Hypothesis, other: Hypothesis) -> tuple[bool, bool]:
        found = module.Pair(one, other, search, exact, 0.1, 0.1, 1)
        return found.missed(1e-5), found.worse(1e-5)

    assert pair(-2.0, -1.0, ENDED, ENDED) == (True, False)
    assert pair(-1.0, -2.0, ENDED, ENDED) == (False, True)
    assert pair(-100.0, -100.0005, ENDED, ENDED) == (False, False)
    assert pair(-1.0, -5.0, CUT, ENDED) == (True, False)
    assert pair(-5.0, -1.0, ENDED, CUT) == (False, True)


MUTANTS = [
    Mutant(WIDENING, "found[place] = row.verdict", "found[row.sentence] = row.verdict", order),
    Mutant(WIDENING, "scores[1] - scores[0]", "scores[0] - scores[1]", gains),
    Mutant(WIDENING, 'np.array(wide) == "correct"', 'np.array(narrow) == "correct"', gains),
    Mutant(EXACT, "self.exact_score - self.search_score", "self.search_score - 0", judged),
    Mutant(EXACT, "return self.beyond(-self.gap, tolerance)", "return False", judged),
    Mutant(EXACT, "tolerance * max(1.0, abs(self.exact_score))", "tolerance", judged),
    Mutant(EXACT, "return self.exact.finished\n", "return False\n", judged),
]
