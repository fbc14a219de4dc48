"""What a search returns, and how it is read off back-pointers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np

from seqbench.interfaces import RangeError
from seqbench.kernels.length_penalty import length_penalty


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One output string.

    tokens : ids without BOS and EOS; log_prob : log P of them and of EOS, in nats (float64 sum of
    what the search kept in its own dtype); score : log_prob divided by the length penalty;
    finished : False if max_length came before EOS, whose probability is then not in log_prob;
    length : T_y, with EOS if finished.
    """

    tokens: tuple[int, ...]
    log_prob: float
    score: float
    finished: bool
    length: int


@dataclass(frozen=True)
class Decoded(Sequence[list[Hypothesis]]):
    """The n best hypotheses of every sentence, best first; reads as a list of lists.

    notes : what a row should tell: steps, and into how many pieces memory made the batch fall.
    """

    sentences: list[list[Hypothesis]]
    notes: dict[str, Any] = field(default_factory=dict)

    @overload
    def __getitem__(self, index: int) -> list[Hypothesis]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[Hypothesis]]: ...
    def __getitem__(self, index: Any) -> Any:
        return self.sentences[index]

    def __len__(self) -> int:
        return len(self.sentences)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everything a search kept, as host arrays (n, B); `log_probs` is -inf where there is nothing.

    A hypothesis is the path of back-pointers from slot `slots` before step `ends`; past `ends` it
    is EOS.
    """

    log_probs: np.ndarray
    finished: np.ndarray
    slots: np.ndarray
    ends: np.ndarray


def trace(
    tokens: np.ndarray, parents: np.ndarray, slots: np.ndarray, ends: np.ndarray, eos_id: int
) -> np.ndarray:
    """Follow the back-pointers of (S, K, B) to the words of each path: (S, n, B), EOS past its end.

    parents[t, k, b] is the slot before step t that slot k of sentence b continues.
    """
    words = np.full((tokens.shape[0], *slots.shape), eos_id, np.int32)
    columns = np.arange(slots.shape[1])
    for t in range(tokens.shape[0] - 1, -1, -1):
        inside = t < ends
        words[t] = np.where(inside, tokens[t][slots, columns], eos_id)
        slots = np.where(inside, parents[t][slots, columns], slots)
    return words


def best_of(
    candidates: Candidates,
    words: np.ndarray,
    *,
    eos_id: int,
    n_best: int,
    penalty: str,
    alpha: float,
    operation: str,
    first: int = 0,
) -> list[list[Hypothesis]]:
    """Rank by the normalised score, unfinished last, equal ones by slot; keep n_best a sentence.

    Raises RangeError where a sentence has no hypothesis at all; `first` is the index of the first
    sentence, for that message.
    """
    steps = words.shape[0]
    lengths = np.where(candidates.finished, (words == eos_id).argmax(axis=0) + 1, steps)
    divisors = np.array(
        [1.0] + [length_penalty(n, penalty=penalty, alpha=alpha) for n in range(1, steps + 1)]
    )
    log_probs = candidates.log_probs.astype(np.float64)
    scores = log_probs / divisors[lengths]
    empty = ~(log_probs > -np.inf)  # NaN counts as nothing
    order = np.lexsort((-scores, ~candidates.finished, empty), axis=0)

    def hypothesis(k: int, b: int) -> Hypothesis:
        finished, length = bool(candidates.finished[k, b]), int(lengths[k, b])
        return Hypothesis(
            tokens=tuple(words[: length - finished, k, b].tolist()),
            log_prob=float(log_probs[k, b]),
            score=float(scores[k, b]),
            finished=finished,
            length=length,
        )

    found = []
    for b in range(words.shape[2]):
        kept = [k for k in order[:n_best, b] if not empty[k, b]]
        if not kept:
            raise RangeError(
                f"{operation}: no continuation of sentence {first + b} has a finite score "
                "(the logits are NaN or all -inf), expected numbers; look at the model's weights"
            )
        found.append([hypothesis(k, b) for k in kept])
    return found
