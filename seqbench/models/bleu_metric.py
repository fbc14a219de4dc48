"""A32, BLEU of texts: words to ids, counts by the backend's kernel, the score on the host."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from seqbench import __version__
from seqbench.interfaces import DataError, Kernels, ShapeError, dtype_name, unknown_name
from seqbench.kernels.bleu import BleuInputs, BleuOutputs, BleuParams

from .bleu_score import BleuScore, Smoothing, bleu_score
from .bleu_sentences import SentenceScores, sentence_scores

TOKENIZERS = ("none",)
SEPARATOR = "\0"

Text = str | Sequence[str]
"""A sentence: a string, split at white space, or its words."""


class BleuMetric:
    """Corpus and sentence BLEU with the backend's `metric/bleu_stats`."""

    def __init__(self, kernels: Kernels) -> None:
        self._backend = kernels.backend
        self._stats = kernels.get("metric", "bleu_stats")

    def corpus(
        self,
        hypotheses: Sequence[Text],
        references: Sequence[Sequence[Text | None]],
        *,
        tokenize: str = "none",
        lowercase: bool = False,
        smoothing: str = "exp",
        smooth_value: float | None = None,
        max_order: int = 4,
        effective_order: bool = False,
    ) -> BleuScore:
        """BLEU of N outputs against R streams of N references each.

        `references[r][i]` is the r-th reference of sentence i, None where it has fewer. The rest
        is as sacreBLEU has it, except that `tokenize` knows `none` alone (split at white space).

        Raises
        ------
        ShapeError
            If a stream has another number of sentences, or a sentence no reference.
        UnknownNameError
            For a tokenizer or smoothing that is not there.
        RangeError
            For a smooth_value or max_order out of its range.
        """
        stats = self.statistics(
            hypotheses, references, tokenize=tokenize, lowercase=lowercase, max_order=max_order
        )
        return self.from_statistics(
            stats.matches,
            stats.totals,
            stats.hypothesis_lengths,
            stats.reference_lengths,
            smoothing=smoothing,
            smooth_value=smooth_value,
            effective_order=effective_order,
            lowercase=lowercase,
            tokenize=tokenize,
            num_references=_num_references(references),
        )

    def sentence(
        self,
        hypothesis: Text,
        references: Sequence[Text],
        *,
        effective_order: bool = True,
        **options: Any,
    ) -> BleuScore:
        """BLEU of one sentence against its references, over the orders it is long enough to have.

        `options` are those of `corpus`.
        """
        streams = [[reference] for reference in references]
        return self.corpus([hypothesis], streams, effective_order=effective_order, **options)

    def sentences(
        self,
        hypotheses: Sequence[Text],
        references: Sequence[Sequence[Text | None]],
        *,
        tokenize: str = "none",
        lowercase: bool = False,
        smoothing: str = "exp",
        smooth_value: float | None = None,
        max_order: int = 4,
        effective_order: bool = True,
    ) -> SentenceScores:
        """The sentence BLEU of each of N outputs, all at once; arguments as of `corpus`."""
        smooth = Smoothing(smoothing, smooth_value)
        stats = self.statistics(
            hypotheses, references, tokenize=tokenize, lowercase=lowercase, max_order=max_order
        )
        given = _num_references(references)
        return SentenceScores(
            sentence_scores(stats, smooth, effective_order=effective_order),
            _signature(smooth, lowercase, effective_order, tokenize, max_order, given),
        )

    def statistics(
        self,
        hypotheses: Sequence[Text],
        references: Sequence[Sequence[Text | None]],
        *,
        tokenize: str = "none",
        lowercase: bool = False,
        max_order: int = 4,
    ) -> BleuOutputs:
        """The counts a sentence, as host arrays: what a bootstrap resamples."""
        if tokenize not in TOKENIZERS:
            raise unknown_name("tokenizer", tokenize, TOKENIZERS)
        _check_streams(hypotheses, references)
        inputs = _as_ids(hypotheses, references, lowercase, max_order)
        contract, to_device = self._stats.contract, self._backend.to_device
        contract.validate(BleuParams(), inputs)
        plan = self._stats.plan(
            contract.dims(BleuParams(), inputs), dtype_name(BleuParams(), inputs)
        )
        plan.load(BleuParams())
        stats = plan.forward(
            BleuInputs(
                to_device(inputs.hypotheses),
                to_device(inputs.hypothesis_lengths),
                to_device(inputs.references),
                to_device(inputs.reference_lengths),
                max_order,
            )
        )
        to_host = self._backend.to_host
        return BleuOutputs(
            to_host(stats.matches),
            to_host(stats.totals),
            to_host(stats.hypothesis_lengths),
            to_host(stats.reference_lengths),
        )

    def from_statistics(
        self,
        matches: np.ndarray,
        totals: np.ndarray,
        hypothesis_lengths: Any,
        reference_lengths: Any,
        *,
        smoothing: str = "exp",
        smooth_value: float | None = None,
        effective_order: bool = False,
        lowercase: bool = False,
        tokenize: str = "none",
        num_references: str = "1",
    ) -> BleuScore:
        """BLEU of counts: (N, n) and (N,) a sentence, or already summed, (n,) and numbers."""
        smooth = Smoothing(smoothing, smooth_value)
        matches, totals = np.atleast_2d(matches), np.atleast_2d(totals)
        return bleu_score(
            matches.sum(axis=0).tolist(),
            totals.sum(axis=0).tolist(),
            int(np.sum(hypothesis_lengths)),
            int(np.sum(reference_lengths)),
            smoothing=smooth,
            effective_order=effective_order,
            signature=_signature(
                smooth, lowercase, effective_order, tokenize, matches.shape[1], num_references
            ),
        )


def _signature(
    smoothing: Smoothing,
    lowercase: bool,
    effective_order: bool,
    tokenize: str,
    max_order: int,
    num_references: str,
) -> str:
    """How a score came about, in sacreBLEU's words."""
    parts = [
        f"nrefs:{num_references}",
        f"case:{'lc' if lowercase else 'mixed'}",
        f"eff:{'yes' if effective_order else 'no'}",
        f"tok:{tokenize}",
        f"smooth:{smoothing}",
        *([] if max_order == 4 else [f"order:{max_order}"]),
        f"version:seqbench-{__version__}",
    ]
    return "|".join(parts)


def _num_references(references: Sequence[Sequence[Text | None]]) -> str:
    """`R`, or `var` where sentences have different numbers of them."""
    varies = any(text is None for stream in references for text in stream)
    return "var" if varies else str(len(references))


def _check_streams(hypotheses: Sequence[Text], references: Sequence[Sequence[Text | None]]) -> None:
    for r, stream in enumerate(references):
        if isinstance(stream, str) or len(stream) != len(hypotheses):
            raise ShapeError(
                f"bleu: reference stream {r} has {len(stream)} sentences for {len(hypotheses)} "
                "hypotheses, expected as many; pass a list of streams, each a list of sentences"
            )
    for i in range(len(hypotheses)):
        if all(stream[i] is None for stream in references):
            raise ShapeError(
                f"bleu: sentence {i} has no reference, expected one or more; drop the sentence"
            )


def _as_ids(
    hypotheses: Sequence[Text],
    references: Sequence[Sequence[Text | None]],
    lowercase: bool,
    max_order: int,
) -> BleuInputs:
    """Equal words, equal ids; padded."""
    ids: defaultdict[str, int] = defaultdict()
    ids.default_factory = ids.__len__  # a new word takes the next id
    N, R = len(hypotheses), len(references)
    texts = ["" if text is None else text for text in chain(hypotheses, *references)]
    padded, lengths = _padded(_words(texts, lowercase), ids, N * (1 + R))
    lengths[N:][[text is None for text in chain(*references)]] = -1
    return BleuInputs(
        padded[:N],
        lengths[:N],
        padded[N:].reshape(R, N, padded.shape[1]),
        lengths[N:].reshape(R, N),
        max_order,
    )


def _words(texts: Sequence[Text], lowercase: bool) -> list[str]:
    """The words of all texts in one list, each text followed by SEPARATOR.

    One split of everything is half the time of one a text.
    """
    if lowercase:
        texts = [t.lower() if isinstance(t, str) else [w.lower() for w in t] for t in texts]
    separator = f" {SEPARATOR} "
    if any(SEPARATOR in t for t in texts):
        raise DataError(
            "bleu: a text holds the character U+0000, expected printable text; remove it"
        )
    if all(isinstance(t, str) for t in texts):
        return (separator.join(texts) + separator).split()  # type: ignore[arg-type]
    lists = [t.split() if isinstance(t, str) else t for t in texts]
    return [word for words in lists for word in (*words, SEPARATOR)]


def _padded(
    words: list[str], ids: defaultdict[str, int], count: int
) -> tuple[np.ndarray, np.ndarray]:
    """(count, L) int32 ids and (count,) int32 lengths of texts that end in SEPARATOR."""
    end = ids[SEPARATOR]
    flat = np.fromiter(map(ids.__getitem__, words), np.int32, len(words))
    ends = np.flatnonzero(flat == end)[:count]
    lengths = np.diff(ends, prepend=-1).astype(np.int32) - 1
    padded = np.zeros((count, int(lengths.max(initial=0))), np.int32)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = flat[flat != end]
    return padded, lengths
