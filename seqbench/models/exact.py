"""A30, exact search, breadth first and depth first, each with the bound of `exact_space`.

For small spaces: the beam (Sutskever et al. 2014) is held against them. Depth first follows the
likeliest prefixes and so has a good string early (Stahlberg & Byrne 2019, section 3); it keeps one
state a level, breadth first one state of a whole level.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.interfaces import Kernels, StepModel

from .exact_space import MAX_EXPANSIONS, Prefixes, Space
from .hypotheses import Decoded, Hypothesis
from .scoring import pad_strings, score_sequences
from .search_memory import take_sentences
from .search_settings import SearchSettings, check_count

Strings = Sequence[Sequence[int]]


class ExactDecoder(ABC):
    """Sentence by sentence, since each has a space of its own."""

    operation: str

    def __init__(self, kernels: Kernels) -> None:
        self._backend = kernels.backend

    def decode(
        self,
        step_model: StepModel,
        batch: Any,
        *,
        max_length: int,
        alpha: float = 0.0,
        penalty: str = "power",
        width: int = 16,
        n_best: int = 1,
        max_expansions: int = MAX_EXPANSIONS,
        memory_limit_bytes: int | None = None,
        known: Sequence[Strings] | None = None,
    ) -> Decoded:
        """The n best strings of every sentence under log P / penalty, and no others.

        Parameters
        ----------
        step_model, batch, max_length, alpha, penalty, n_best : as the beam's
        width : depth first, how many prefixes are expanded in one step of the model; more of them
            cost fewer steps and, now and then, prefixes that a better string would have ruled out
        max_expansions : the most prefixes to expand a sentence
        known : strings a sentence that end (ids without EOS), such as a beam found: the bound
            starts from them; they are among the answers if nothing is better

        Strings that end before `max_length` rank before one that it cuts off. Equal scores are
        ordered by length, then by ids. `notes` tells `expansions`, all in all and a sentence.

        Raises
        ------
        TooManyExpansionsError
            If a sentence's space is too large.
        RangeError, UnknownNameError
            For a setting out of its range, or logits that are NaN or all -inf.
        OutOfMemory
            If the prefixes of a step exceed `memory_limit_bytes`.
        """
        check_count(self.operation, "width", width)
        check_count(self.operation, "max_expansions", max_expansions)
        settings = SearchSettings(max(width, n_best), max_length, alpha, penalty, n_best=n_best)
        settings.checked(self.operation)
        found: list[list[Hypothesis]] = []
        expansions = []
        for sentence in range(batch.size):
            space = Space(
                self.operation,
                step_model,
                self._backend,
                settings,
                sentence,
                max_expansions,
                memory_limit_bytes,
            )
            one = take_sentences(batch, sentence, sentence + 1)
            self._offer(space, one, [] if known is None else known[sentence])
            self._search(space, one)
            found.append(space.hypotheses())
            expansions.append(space.expansions)
        return Decoded(found, {"expansions": sum(expansions), "by_sentence": expansions})

    def _offer(self, space: Space, one: Any, known: Strings) -> None:
        """Score what is known as everything here is scored: by the model, in float64."""
        for string in known:
            targets, lengths = pad_strings([string], space.model.eos_id)
            if int(lengths[0]) > space.settings.max_length:
                continue
            log_prob = float(
                score_sequences(space.model, one, targets, lengths, backend=self._backend)[0]
            )
            if log_prob > -np.inf:
                space.best.offer(string, log_prob, log_prob / space.divisor(int(lengths[0])))

    @abstractmethod
    def _search(self, space: Space, one: Any) -> None:
        """Expand every prefix that may win."""


class ExactBreadthDecoder(ExactDecoder):
    """All prefixes of one length in one step; memory grows with the widest level."""

    operation = "exact_breadth"

    def _search(self, space: Space, one: Any) -> None:
        state, prefixes = space.start(one), Prefixes.empty()
        for _ in range(space.settings.max_length):
            totals, state = space.expand(state, prefixes)
            parents, words = np.nonzero(space.may_win(totals))
            if len(parents) == 0:
                return
            if prefixes.tokens.shape[1] + 1 < space.settings.max_length:
                state = space.continued(state, parents)
                prefixes = prefixes.extended(parents, words, totals[parents, words])


@dataclass(slots=True)
class Branch:
    """The continuations of some expanded prefixes, likeliest first; `next` is the one to follow.

    `state` is that of the prefixes and stays as it is: rows are taken from copies of it.
    """

    state: Any
    prefixes: Prefixes
    parents: np.ndarray
    words: np.ndarray
    log_probs: np.ndarray
    next: int = 0

    def taken(self, space: Space, width: int) -> np.ndarray:
        """The places of at most `width` continuations that may still win; none: all are done."""
        places = np.arange(self.next, min(self.next + width, len(self.words)))
        places = places[space.may_win(self.log_probs[places])]
        self.next += len(places)  # the first that may not win ends the branch: they are sorted
        return places


class ExactDepthDecoder(ExactDecoder):
    """Likeliest first, `width` prefixes at once; memory grows with the length of a string."""

    operation = "exact_depth"

    def _search(self, space: Space, one: Any) -> None:
        stack = self._branches(space, space.start(one), Prefixes.empty())
        while stack:
            branch = stack[-1]
            places = branch.taken(space, space.settings.width)
            if len(places) == 0:
                stack.pop()
                continue
            parents = branch.parents[places]
            state = space.continued(copy.copy(branch.state), parents)
            prefixes = branch.prefixes.extended(
                parents, branch.words[places], branch.log_probs[places]
            )
            stack += self._branches(space, state, prefixes)

    def _branches(self, space: Space, state: Any, prefixes: Prefixes) -> list[Branch]:
        """Expand, and keep what may win; nothing at the maximum length."""
        totals, state = space.expand(state, prefixes)
        if prefixes.tokens.shape[1] + 1 == space.settings.max_length:
            return []
        parents, words = np.nonzero(space.may_win(totals))
        if len(parents) == 0:
            return []
        log_probs = totals[parents, words]
        order = np.argsort(-log_probs, kind="stable")
        own = space.continued(state, np.arange(len(prefixes)))  # of its own: a step returns views
        return [Branch(own, prefixes, parents[order], words[order], log_probs[order])]
