"""Debias an embedding, and tell what fell, what remains and what it cost (E13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.data.debias import DebiasData
from seqbench.data.word_vectors import WordVectors
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, Sample, TrialResult
from seqbench.models.bias_measures import (
    BiasReport,
    clustering_accuracy,
    direct_bias,
    most_biased,
    weat,
)
from seqbench.models.debias import BiasLists, Debiased, HardDebias
from seqbench.models.word_analogies import WordAnalogies, accuracy_change
from seqbench.models.word_similarity import SimilarityScore, WordSimilarity, spearman_change
from seqbench.registry import registry

from .translation import kernels_for, load_corpus
from .word_judges import analogy_sections, similarity_sets


@dataclass(frozen=True, slots=True)
class _Similarity:
    """One set of pairs, scored before and after on the same pairs."""

    before: SimilarityScore
    after: SimilarityScore
    low: float
    high: float


def run(case: Case, context: TrialContext) -> TrialResult:
    """One embedding, debiased once and once more a defining pair left out."""
    params = case.params
    options = params["evaluate"]["options"]
    data: DebiasData = load_corpus(params)  # type: ignore[assignment]
    vectors = data.vectors.replaced(data.vectors.vectors.astype(params["dtype"]))
    lists = BiasLists(data.definitional_pairs, data.equalize_pairs, frozenset(data.gender_specific))
    kernels = kernels_for(params["backend"]["name"], params["backend"]["impl"])
    components = options["components"]
    done = HardDebias(kernels).debias(vectors, lists, components=components)
    context.report(0.2, "debiased")
    left_out = BiasReport(kernels).leave_one_pair_out(vectors, lists, components=components)
    context.report(0.5, f"{len(left_out)} pairs left out")
    professions = [word for word, _, _ in data.professions]
    similarities = _similarities(kernels, data, done, options, case.seed)
    return TrialResult(
        samples=[
            *_direct(done, professions),
            *_left_out(left_out),
            *_clusters(done, options["biased_words"], case.seed),
            *_weats(data, done, case.seed),
            *_analogies(kernels, data, done, options, case.seed),
            *(s for found in similarities for s in _change(found)),
            *_least(similarities),
        ],
        items=_items(similarities),
        kernel_impl=kernels.resolved["vector_op/neutralise"],
        resolved=kernels.resolved,
        notes={"left_out": {" ".join(x.pair): [x.before, x.after] for x in left_out}},
    )


def _sample(metric: str, value: float, direction: Any = "none", unit: str = "1") -> Sample:
    return Sample(metric, float(value), unit, direction, "debias")


def _direct(done: Debiased, professions: list[str]) -> list[Sample]:
    """On the fitted axis: of all neutralised words, and of the professions among them."""
    neutral = set(done.neutral.tolist())
    named = [done.before.ids[w] for w in professions if w in done.before]
    jobs = np.array([n for n in named if n in neutral], np.int64)
    axis, samples = done.directions[0], []
    for name, ids in (("direct_bias", done.neutral), ("professions_direct_bias", jobs)):
        before, after = (v.vectors[ids] for v in (done.before, done.after))
        samples += [
            _sample(f"{name}_before", direct_bias(before, axis)),
            _sample(f"{name}_after", direct_bias(after, axis), "lower"),
        ]
    return [
        *samples,
        _sample("direction_share", done.shares[0], unit="fraction"),
        _sample("neutralised_words", len(done.neutral), unit="words"),
        _sample("equalised_pairs", len(done.equalised), unit="pairs"),
    ]


def _left_out(found: list[Any]) -> list[Sample]:
    """Along each defining pair, with the direction fitted on the others: means over the pairs."""
    falls = [x.fall for x in found]
    return [
        _sample("left_out_bias_before", np.mean([x.before for x in found])),
        _sample("left_out_bias_after", np.mean([x.after for x in found]), "lower"),
        _sample("left_out_fall", np.mean(falls), "higher", "fraction"),
        _sample("left_out_fall_least", np.min(falls), "higher", "fraction"),
        _sample("left_out_pairs", len(found), unit="pairs"),
    ]


def _clusters(done: Debiased, count: int, seed: int) -> list[Sample]:
    """2-means on the words that were most biased, `count` a side."""
    ids, groups = most_biased(done.before, done.neutral, done.directions[0], count)
    before, after = (
        clustering_accuracy(v.vectors[ids], groups, seed=seed) for v in (done.before, done.after)
    )
    return [
        _sample("clustering_before", before, unit="fraction"),
        _sample("clustering_after", after, "lower", "fraction"),
    ]


def _weats(data: DebiasData, done: Debiased, seed: int) -> list[Sample]:
    """WEAT of the data set's two target sets by male and female terms, of words with vectors.

    The larger target set is cut to the smaller one in the file's order.
    """
    x, y, a, b = (
        [w for w in data.weat[name] if w in done.before]
        for name in (*data.weat_targets, "male_terms", "female_terms")
    )
    size = min(len(x), len(y))
    samples = [_sample("weat_words", size, unit="words")]
    for name, vectors in (("before", done.before), ("after", done.after)):
        rows = [_rows(vectors, words) for words in (x[:size], y[:size], a, b)]
        found = weat(*rows, seed=seed)
        samples += [
            _sample(f"weat_{name}", found.effect, "lower"),
            _sample(f"weat_p_{name}", found.p_value),
        ]
    return samples


def _rows(vectors: WordVectors, words: list[str]) -> np.ndarray:
    return np.stack([vectors[word] for word in words])


def _analogies(
    kernels: Kernels, data: DebiasData, done: Debiased, options: Any, seed: int
) -> list[Sample]:
    """3CosAdd's accuracy on the covered questions, and its change with its interval."""
    judge: WordAnalogies = type(registry().get("metric", "word_analogies", kernels.backend.name))(
        kernels
    )
    sections = analogy_sections(data)
    before, after = (judge.score(v, sections) for v in (done.before, done.after))
    resamples = options["resamples"]
    low, high = accuracy_change(before.right, after.right, resamples=resamples, seed=seed)
    return [
        _sample("analogy_accuracy_before", before.accuracy, unit="fraction"),
        _sample("analogy_accuracy_after", after.accuracy, "higher", "fraction"),
        _sample("analogy_change_low", low, unit="fraction"),
        _sample("analogy_change_high", high, unit="fraction"),
        _sample("analogies_covered", before.covered, unit="questions"),
    ]


def _similarities(
    kernels: Kernels, data: DebiasData, done: Debiased, options: Any, seed: int
) -> list[_Similarity]:
    judge: WordSimilarity = type(registry().get("metric", "word_similarity", kernels.backend.name))(
        kernels
    )
    found = []
    for pairs in similarity_sets(data, options["similarity"]).values():
        before, after = judge.score(done.before, pairs), judge.score(done.after, pairs)
        _, low, high = spearman_change(
            before.predicted,
            after.predicted,
            before.given,
            resamples=options["resamples"],
            seed=seed,
        )
        found.append(_Similarity(before, after, low, high))
    return found


def _change(found: _Similarity) -> list[Sample]:
    """Spearman before and after, and the change with its paired bootstrap interval."""
    name, before, after = found.before.name, found.before.spearman, found.after.spearman
    return [
        _sample(f"{name}_before", before),
        _sample(f"{name}_after", after, "higher"),
        _sample(f"{name}_change", after - before, "higher"),
        _sample(f"{name}_change_low", found.low),
        _sample(f"{name}_change_high", found.high),
        _sample(f"{name}_pairs", found.before.num_covered, unit="pairs"),
    ]


def _least(similarities: list[_Similarity]) -> list[Sample]:
    """The lowest end of the sets' intervals: what similarity may have lost at the worst."""
    if not similarities:
        return []
    return [_sample("similarity_change_low", min(found.low for found in similarities))]


def _items(similarities: list[_Similarity]) -> dict[str, list[Any]]:
    """Cosines before and after and people's scores, a pair each."""
    items: dict[str, list[Any]] = {}
    for found in similarities:
        name = found.before.name
        items[f"{name}_cosine_before"] = found.before.predicted.tolist()
        items[f"{name}_cosine_after"] = found.after.predicted.tolist()
        items[f"{name}_given"] = found.before.given.tolist()
    return items
