"""Changes to the exact searches that brute force must notice."""

from __future__ import annotations

import sys
from types import ModuleType

from mutant import Mutant
from seqbench_numpy.backend import NumpyBackend

from seqbench.models.exact import ExactDecoder
from seqbench.models.exhaustive import exhaustive_search
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.step_models import RecurrentModel, sentences

BACKEND = NumpyBackend()
SPACE = "seqbench.models.exact_space"
SEARCH = "seqbench.models.exact"


def brute_force(module: ModuleType) -> None:
    """Both searches, with the changed module in place, on spaces of every objective."""
    own = sys.modules[SEARCH]
    for decoder in (own.ExactBreadthDecoder, own.ExactDepthDecoder):
        for seed in range(12):
            for alpha, penalty in ((0.0, "power"), (1.0, "power"), (0.8, "gnmt")):
                _compare(decoder(FixedKernels(BACKEND)), seed, alpha, penalty)


def _compare(decoder: ExactDecoder, seed: int, alpha: float, penalty: str) -> None:
    model = RecurrentModel(BACKEND, vocab_size=4, seed=seed, spread=2.0)
    options = {"max_length": 5, "alpha": alpha, "penalty": penalty, "n_best": 2}
    expected = exhaustive_search(model, sentences(0, 1), backend=BACKEND, **options)
    found = decoder.decode(model, sentences(0, 1), width=2, **options)
    assert [[h.tokens for h in s] for s in found] == [[h.tokens for h in s] for s in expected]


def space(old: str, new: str) -> Mutant:
    return Mutant(SPACE, old, new, brute_force, through=(SEARCH,))


def search(old: str, new: str) -> Mutant:
    return Mutant(SEARCH, old, new, brute_force)


MUTANTS = [
    space(  # log P of the prefix against a normalised score: no bound at alpha above 0
        "bound = log_probs / self.divisor(self.settings.max_length)",
        "bound = log_probs",
    ),
    space(  # the bound of a shorter maximum
        "bound = log_probs / self.divisor(self.settings.max_length)",
        "bound = log_probs / self.divisor(self.settings.max_length - 2)",
    ),
    space(  # EOS is not counted
        "length = prefixes.tokens.shape[1] + 1\n        ends",
        "length = max(1, prefixes.tokens.shape[1])\n        ends",
    ),
    space(  # the best alone is the threshold of n best
        "return -self.kept[-1][0][0] if len(self.kept) == self.n_best else -math.inf",
        "return -self.kept[0][0][0] if self.kept else -math.inf",
    ),
    space(  # rows of the state and prefixes part ways
        "filled[: len(parents), 0] = parents",
        "filled[: len(parents), 0] = 0",
    ),
    search(  # a branch ends after its first places
        "self.next += len(places)",
        "self.next += len(self.words)",
    ),
    search(  # the last level is left out
        "if prefixes.tokens.shape[1] + 1 == space.settings.max_length:",
        "if prefixes.tokens.shape[1] + 2 >= space.settings.max_length:",
    ),
]
