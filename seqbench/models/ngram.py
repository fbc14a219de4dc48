"""n-gram language models with back-off: scored one token at a time, estimated from sentences.

Scores follow Katz (1987), equation 5: log p(w | h) is the table's where it holds h w, else the
back-off weight of h plus log p(w | h without its oldest word). `witten_bell` fills the tables so
that this is exactly interpolation by method C of Witten & Bell (1991).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from seqbench.data.arpa import NEVER, NGramTables, Words
from seqbench.interfaces import DataError, RangeError

BOS, EOS, UNK = "<s>", "</s>", "<unk>"
NATS = math.log(10.0)  # a base-10 logarithm of 1


class NGramModel:
    """Scores in nats. A word that the tables lack is `<unk>` where they have it, else impossible.

    `words` names the tokens of a model that speaks in ids: token v is `words[v]`.
    """

    def __init__(self, tables: NGramTables, words: Sequence[str] = ()) -> None:
        self.tables, self.words = tables, tuple(words)
        self._unk = UNK if (UNK,) in tables.log10_probs[0] else None

    def score(self, history: Sequence[int], token: int) -> float:
        """log p(token | history) of ids; the history is the whole text so far."""
        return self.word_score([self.words[v] for v in history], self.words[token])

    def end_score(self, history: Sequence[int]) -> float:
        """log p(the text ends | history)."""
        return self.word_score([self.words[v] for v in history], EOS)

    def word_score(self, history: Sequence[str], word: str) -> float:
        """log p(word | history), the history without `<s>`; -inf where it cannot be."""
        context = (BOS, *history)[-(self.tables.order - 1) :] if self.tables.order > 1 else ()
        return NATS * self._log10(tuple(map(self._known, context)), self._known(word))

    def log_prob(self, sentence: Sequence[str]) -> float:
        """log P of a whole sentence, its end included."""
        texts = [*sentence, EOS]
        return sum(self.word_score(texts[:i], word) for i, word in enumerate(texts))

    def perplexity(self, sentences: Iterable[Sequence[str]]) -> float:
        """exp of the mean loss a token, ends counted. Raises DataError without a sentence."""
        total, count = 0.0, 0
        for sentence in sentences:
            total += self.log_prob(sentence)
            count += len(sentence) + 1
        if count == 0:
            raise DataError("perplexity: there is no sentence, expected at least one")
        return math.exp(-total / count)

    def _known(self, word: str) -> str:
        return word if (word,) in self.tables.log10_probs[0] else self._unk or word

    def _log10(self, context: Words, word: str) -> float:
        found = self.tables.log10_probs[len(context)].get((*context, word))
        if found is not None:
            return -math.inf if found <= NEVER else found
        if not context:
            return -math.inf
        return self.tables.log10_backoffs.get(context, 0.0) + self._log10(context[1:], word)


def witten_bell(sentences: Iterable[Sequence[str]], order: int) -> NGramTables:
    """Interpolated Witten-Bell: p(w | h) = (c(h w) + T(h) p(w | h')) / (c(h) + T(h)).

    T(h) is the number of different words seen behind h, h' is h without its oldest word; below the
    unigrams all words, `</s>` and `<unk>` are alike. Sums to one over them for every history.

    Raises
    ------
    RangeError
        If `order` is below 1.
    DataError
        Without a sentence, or where a sentence holds `<s>` or `</s>`.
    """
    if order < 1:
        raise RangeError(f"witten_bell: order is {order}, expected at least 1; 3 is common")
    counts = _counts(sentences, order)
    behind = _behind(counts)
    probs: list[dict[Words, float]] = [_unigrams(counts[0], behind[()])]
    for table in counts[1:]:
        lower = probs[-1]
        probs.append({gram: _interpolated(gram, n, behind, lower) for gram, n in table.items()})
    backoffs = {h: math.log10(_escape(seen)) for h, seen in behind.items() if h}
    logs = [{gram: math.log10(p) for gram, p in table.items()} for table in probs]
    logs[0][(BOS,)] = NEVER  # never predicted, but it has a back-off weight
    return NGramTables(tuple(logs), backoffs)


def _counts(sentences: Iterable[Sequence[str]], order: int) -> list[Counter[Words]]:
    counts: list[Counter[Words]] = [Counter() for _ in range(order)]
    for sentence in sentences:
        if BOS in sentence or EOS in sentence:
            raise DataError(
                f"witten_bell: a sentence holds {BOS} or {EOS}, expected its words alone; they "
                "are put in here"
            )
        words = (BOS, *sentence, EOS)
        for end in range(1, len(words)):
            for n in range(min(order, end + 1)):
                counts[n][words[end - n : end + 1]] += 1
    if not counts[0]:
        raise DataError("witten_bell: there is no sentence, expected at least one")
    return counts


def _behind(counts: list[Counter[Words]]) -> dict[Words, tuple[int, int]]:
    """history -> (how often it was gone on from, into how many different words)."""
    seen: dict[Words, list[int]] = defaultdict(lambda: [0, 0])
    for table in counts:
        for gram, count in table.items():
            seen[gram[:-1]][0] += count
            seen[gram[:-1]][1] += 1
    return {history: (total, kinds) for history, (total, kinds) in seen.items()}


def _escape(seen: tuple[int, int]) -> float:
    """The share that goes to the shorter history."""
    total, kinds = seen
    return kinds / (total + kinds)


def _unigrams(counts: Counter[Words], seen: tuple[int, int]) -> dict[Words, float]:
    total, kinds = seen
    alike = _escape(seen) / (len(counts) + ((UNK,) not in counts))
    table = {gram: count / (total + kinds) + alike for gram, count in counts.items()}
    return {(UNK,): alike} | table


def _interpolated(
    gram: Words, count: int, behind: dict[Words, tuple[int, int]], lower: dict[Words, float]
) -> Any:
    total, kinds = behind[gram[:-1]]
    return (count + kinds * lower[gram[1:]]) / (total + kinds)
