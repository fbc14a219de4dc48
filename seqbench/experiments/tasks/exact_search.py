"""A search held against exact search: gap in score, what it missed, time (E18).

Both search one sentence at a time under the same alpha, penalty and max_length. Each string is then
scored anew by teacher forcing in one way, so that the gap is of the strings and not of the two
searches' rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqbench.data.batching import evaluation_batches
from seqbench.data.corpus import Split
from seqbench.experiments.child import TrialContext
from seqbench.experiments.search_options import exact_search_options
from seqbench.interfaces import Case, DataError, Sample, TrialResult
from seqbench.kernels.length_penalty import length_penalty
from seqbench.models.exact_space import TooManyExpansionsError
from seqbench.models.hypotheses import Hypothesis
from seqbench.models.scoring import pad_strings, score_sequences
from seqbench.registry import registry

from .decoding import Ready, ready
from .translate import Decoding, decode, score

TOLERANCE = {"float32": 1e-5, "float64": 1e-9}
"""Of a score, relative to 1 and more: as near are two strings that the model's own rounding, which
differs between one row and many, may put in either order."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One sentence that exact search could decide; scores under the objective, rescored alike."""

    search: Hypothesis
    exact: Hypothesis
    search_score: float
    exact_score: float
    search_s: float
    exact_s: float
    expansions: int

    @property
    def gap(self) -> float:
        """In nats (over the penalty); not below 0 but for rounding."""
        return self.exact_score - self.search_score

    def beyond(self, gap: float, tolerance: float) -> bool:
        return gap > tolerance * max(1.0, abs(self.exact_score))

    def missed(self, tolerance: float) -> bool:
        """Whether the search's string is not the best; one cut off ranks below all that end."""
        if self.exact.finished != self.search.finished:
            return self.exact.finished
        return self.beyond(self.gap, tolerance)

    def worse(self, tolerance: float) -> bool:
        """Whether exact search found less than the search did: it never may."""
        if self.exact.finished != self.search.finished:
            return self.search.finished
        return self.beyond(-self.gap, tolerance)


def run(case: Case, context: TrialContext) -> TrialResult:
    """Every short sentence by the case's decoder and by exact search."""
    params = case.params
    options = exact_search_options(params["evaluate"]["options"])
    found = ready(case, context)
    found = replace(found, split=short(found.split, options["longest_source"]))
    batches = evaluation_batches(found.split, 1)
    decoding = decode(params["decoder"], found.kernels, found.steps, batches, context)
    pairs = paired(found, params["decoder"], options, batches, decoding, context)
    decided = [pair for pair in pairs if pair is not None]
    samples = [Sample("exact_decided", len(decided) / len(pairs), "fraction", "higher", "search")]
    if decided:
        samples += samples_of(decided, TOLERANCE[params["dtype"]])
        samples += bleu_samples(found, pairs)
    searched = found.kernels.resolved.get("decoder/beam_select", params["decoder"]["name"])
    return TrialResult(
        samples=samples,
        items=items_of(pairs, TOLERANCE[params["dtype"]]),
        kernel_impl=searched,
        resolved=found.kernels.resolved,
        artifact=found.artifact,
        notes={
            "artifact_digest": found.digest,
            "sentences": len(pairs),
            "exact": options["exact"],
            "kernels": found.model.notes,
        },
    )


def short(split: Split, longest: int | None) -> Split:
    """The pairs whose source has at most `longest` tokens. DataError where there are none."""
    if longest is None:
        return split
    kept = np.flatnonzero(split.source_ids.lengths <= longest)
    if not len(kept):
        raise DataError(
            f"exact_search: no sentence of {split.name} has {longest} source tokens or fewer, the "
            f"shortest has {int(split.source_ids.lengths.min())}; raise "
            "evaluate.options.longest_source"
        )
    return replace(
        split,
        sources=[split.sources[i] for i in kept.tolist()],
        targets=[split.targets[i] for i in kept.tolist()],
        source_ids=split.source_ids.take(kept),
        target_ids=split.target_ids.take(kept),
    )


def paired(
    found: Ready,
    decoder: Mapping[str, Any],
    options: Mapping[str, Any],
    batches: Sequence[Any],
    decoding: Decoding,
    context: TrialContext,
) -> list[Pair | None]:
    """In the order of the split; None where the space was too large to decide."""
    exact = type(registry().get("decoder", options["exact"], found.kernels.backend.name))
    searcher, timer = exact(found.kernels), found.kernels.backend.timer()
    objective = {name: decoder[name] for name in ("max_length", "alpha", "penalty")}
    pairs: list[Pair | None] = [None] * len(batches)
    for number, batch in enumerate(batches):
        timer.start()
        try:
            decoded = searcher.decode(
                found.steps, batch, **objective, max_expansions=options["max_expansions"]
            )
        except TooManyExpansionsError:
            timer.stop()
            continue
        seconds, place = timer.stop(), int(batch.indices[0])
        search, best = decoding.hypotheses[place], decoded[0][0]
        pairs[place] = Pair(
            search,
            best,
            _score(found, batch, search, decoder),
            _score(found, batch, best, decoder),
            decoding.seconds[number],
            seconds,
            decoded.notes["expansions"],
        )
        context.report((number + 1) / len(batches), f"exact search, {number + 1} of {len(batches)}")
    return pairs


def _score(found: Ready, one: Any, string: Hypothesis, decoder: Mapping[str, Any]) -> float:
    """Of one string of one sentence, EOS left out where it was cut off."""
    targets, lengths = pad_strings([string.tokens], found.steps.eos_id)
    lengths = lengths - (not string.finished)
    scores: np.ndarray = score_sequences(
        found.steps, one, targets, lengths, backend=found.kernels.backend
    )
    divisor = length_penalty(
        max(1, string.length), penalty=decoder["penalty"], alpha=decoder["alpha"]
    )
    return float(scores[0]) / divisor


def samples_of(decided: Sequence[Pair], tolerance: float) -> list[Sample]:
    """Means over the decided sentences; `score_gap_missed` over those that were missed alone."""
    missed = [pair.missed(tolerance) for pair in decided]
    ended = [pair for pair in decided if pair.exact.finished == pair.search.finished]
    gaps = [pair.gap for pair in ended]
    lost = [pair.gap for pair in ended if pair.missed(tolerance)]
    search_s = sum(pair.search_s for pair in decided)
    exact_s = sum(pair.exact_s for pair in decided)
    empty = [not pair.exact.tokens for pair in decided]
    told: list[tuple[str, float, str, str]] = [
        ("missed", float(np.mean(missed)), "fraction", "lower"),
        ("exact_worse", float(sum(p.worse(tolerance) for p in decided)), "sentences", "lower"),
        ("exact_time", exact_s, "s", "lower"),
        ("search_time", search_s, "s", "lower"),
        ("times_search", exact_s / search_s, "1", "none"),
        ("expansions", float(np.mean([p.expansions for p in decided])), "prefixes", "lower"),
        ("exact_empty", float(np.mean(empty)), "fraction", "none"),
    ]
    told += [("score_gap", float(np.mean(gaps)), "nats", "lower")] if gaps else []
    told += [("score_gap_missed", float(np.mean(lost)), "nats", "lower")] if lost else []
    return [Sample(name, value, unit, way, "search") for name, value, unit, way in told]  # type: ignore[arg-type]


def bleu_samples(found: Ready, pairs: Sequence[Pair | None]) -> list[Sample]:
    """Of the decided sentences: is the string that the model likes best the better translation?"""
    kept = [i for i, pair in enumerate(pairs) if pair is not None]
    decided = [pair for pair in pairs if pair is not None]
    split = replace(found.split, targets=[found.split.targets[i] for i in kept])
    told = {"bleu": [p.search for p in decided], "exact_bleu": [p.exact for p in decided]}
    return [
        Sample(name, _bleu(found, split, strings), "BLEU", "higher", "search")
        for name, strings in told.items()
    ]


def _bleu(found: Ready, split: Split, strings: list[Hypothesis]) -> float:
    return float(score(Decoding(strings), split, found.vocabulary, found.kernels).corpus.score)


def items_of(pairs: Sequence[Pair | None], tolerance: float) -> dict[str, list[Any]]:
    """A sentence each: was it decided, was it missed, the gap (0 where it was not decided)."""
    return {
        "decided": [int(pair is not None) for pair in pairs],
        "missed": [int(pair is not None and pair.missed(tolerance)) for pair in pairs],
        "gaps": [pair.gap if pair is not None else 0.0 for pair in pairs],
    }
