"""Decode a split with a trained model: BLEU, error analysis, speed and memory (E01)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqbench.data.batching import evaluation_batches
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Sample, TrialResult
from seqbench.models.error_analysis import BeamErrorAnalysis, ErrorAnalysis, merged
from seqbench.models.hypotheses import Hypothesis
from seqbench.models.true_search_errors import TrueSearchErrors
from seqbench.registry import registry

from .decoding import ready
from .scored import bucket_samples, chosen, first_words, options_of, precision_samples


@dataclass(slots=True)
class Decoding:
    """What decoding a split yields; lists are in the order of the split."""

    hypotheses: list[Hypothesis]
    seconds: list[float] = field(default_factory=list)  # one a batch
    peak_bytes: int = 0
    pieces: int = 0


def run(case: Case, context: TrialContext) -> TrialResult:
    """One decoder setting on one split with the artifact that the trial needs."""
    params = case.params
    scoring = options_of(params)
    found = ready(case, context)
    kernels, steps, vocabulary = found.kernels, found.steps, found.vocabulary
    split = chosen(found.split, scoring)
    batches = evaluation_batches(split, params["evaluate"]["batch_size"])
    decoding = decode(params["decoder"], kernels, steps, batches, context)
    errors = analyse(params["decoder"], kernels, steps, batches, decoding, split, vocabulary)
    bleu = score(decoding, split, vocabulary, kernels, scoring.kept)
    samples = quality_samples(bleu, decoding, errors) + cost_samples(decoding)
    samples += bucket_samples(split, scoring) + precision_samples(bleu.corpus, scoring)
    samples += exact_samples(params, kernels, steps, batches, decoding, context)
    return TrialResult(
        samples=samples,
        items=items_of(bleu, decoding),
        kernel_impl=_timed(params["decoder"]["name"], kernels.resolved),
        resolved=kernels.resolved,
        signature=bleu.corpus.signature,
        artifact=found.artifact,
        notes={
            "pieces": decoding.pieces,
            "artifact_digest": found.digest,
            "kernels": found.model.notes,
        },
    )


def _timed(decoder: str, resolved: dict[str, str]) -> str:
    """The decoder's own kernel, or its name where it has none."""
    return resolved.get("decoder/beam_select", decoder)


def decode(
    settings: Any, kernels: Any, steps: Any, batches: list[Any], context: TrialContext
) -> Decoding:
    """The best hypothesis of every sentence, with each batch timed."""
    decoder = registry().get("decoder", settings["name"], kernels.backend.name)
    decoder = type(decoder)(kernels)  # on the same kernels, so that the row names them
    options = {
        name: settings[name] for name in ("max_length", "alpha", "penalty", "memory_limit_bytes")
    }
    options |= own_options(settings)
    count = sum(batch.size for batch in batches)
    decoding = Decoding(hypotheses=[None] * count)  # type: ignore[list-item]
    probe, timer = kernels.backend.memory(), kernels.backend.timer()
    probe.reset()
    for number, batch in enumerate(batches):
        timer.start()
        found = decoder.decode(steps, batch, **options)
        decoding.seconds.append(timer.stop())
        decoding.pieces += found.notes.get("pieces", 1)
        for index, n_best in zip(batch.indices, found, strict=True):
            decoding.hypotheses[index] = n_best[0]
        context.report((number + 1) / len(batches), f"decoded {number + 1} of {len(batches)}")
    decoding.peak_bytes = probe.peak_bytes()
    return decoding


def own_options(settings: Any) -> dict[str, Any]:
    """What one decoder alone is told."""
    if settings["name"] == "greedy":
        return {}
    if settings["name"].startswith("exact_"):
        return {"width": settings["width"], "n_best": settings["n_best"], **settings["options"]}
    return {name: settings[name] for name in ("width", "stop", "n_best")}


def analyse(
    settings: Any,
    kernels: Any,
    steps: Any,
    batches: list[Any],
    decoding: Decoding,
    split: Any,
    vocabulary: Any,
) -> ErrorAnalysis:
    """A31 over the split: is the search at fault or the model?"""
    judge = BeamErrorAnalysis(kernels)
    found = []
    for batch in batches:
        references = [[vocabulary.encode(split.targets[index]).tolist()] for index in batch.indices]
        found.append(
            judge.analyse(
                steps,
                batch,
                [decoding.hypotheses[index] for index in batch.indices],
                references,
                max_length=settings["max_length"],
                unk_id=vocabulary.unk_id,
                alpha=settings["alpha"],
                penalty=settings["penalty"],
            )
        )
    return merged(found)


def exact_samples(
    params: Any,
    kernels: Any,
    steps: Any,
    batches: list[Any],
    decoding: Decoding,
    context: TrialContext,
) -> list[Sample]:
    """A31's true rate by A30, where `evaluate.options.max_expansions` asks for it.

    Sentences whose space is too large for that many expanded prefixes stay undecided.
    """
    limit = params["evaluate"]["options"].get("max_expansions")
    if limit is None:
        return []
    judge, decoder = TrueSearchErrors(kernels), params["decoder"]
    found: list[bool | None] = []
    for number, batch in enumerate(batches):
        context.report((number + 1) / len(batches), f"exact search, {number + 1} of {len(batches)}")
        found += judge.analyse(
            steps,
            batch,
            [decoding.hypotheses[index] for index in batch.indices],
            max_length=decoder["max_length"],
            alpha=decoder["alpha"],
            penalty=decoder["penalty"],
            max_expansions=limit,
        )
    decided = [missed for missed in found if missed is not None]
    samples = [
        Sample("exact_decided", len(decided) / len(found), "fraction", "none", "decode"),
    ]
    if decided:
        rate = sum(decided) / len(decided)
        samples.append(Sample("true_search_errors", rate, "fraction", "lower", "decode"))
    return samples


@dataclass(frozen=True, slots=True)
class Bleu:
    """The corpus score and the statistics of each sentence."""

    corpus: Any
    statistics: Any


def score(
    decoding: Decoding, split: Any, vocabulary: Any, kernels: Any, kept: float | None = None
) -> Bleu:
    """BLEU against the references as they are, rare words kept; of outputs cut to `kept`."""
    metric = type(registry().get("metric", "bleu", kernels.backend.name))(kernels)
    outputs = first_words([vocabulary.decode(h.tokens) for h in decoding.hypotheses], kept)
    stats = metric.statistics(outputs, [split.targets])
    counts = (
        stats.matches,
        stats.totals,
        stats.hypothesis_lengths,
        stats.reference_lengths,
    )
    return Bleu(metric.from_statistics(*counts), stats)


def quality_samples(bleu: Bleu, decoding: Decoding, errors: ErrorAnalysis) -> list[Sample]:
    score = bleu.corpus
    wrong = len(errors.rows) - errors.num_correct
    unfinished = sum(not h.finished for h in decoding.hypotheses)
    mean_log_prob = float(np.mean([h.log_prob for h in decoding.hypotheses]))
    return [
        Sample("bleu", score.score, "BLEU", "higher", "decode"),
        Sample("length_ratio", score.sys_len / max(1, score.ref_len), "1", "none", "decode"),
        Sample("search_errors", errors.search_error_fraction, "fraction", "lower", "decode"),
        Sample("model_errors", errors.model_error_fraction, "fraction", "none", "decode"),
        Sample("wrong", wrong / len(errors.rows), "fraction", "lower", "decode"),
        Sample("unknown_reference", float(errors.num_unknown_word), "sentences", "none", "decode"),
        Sample("unfinished", float(unfinished), "sentences", "lower", "decode"),
        Sample("mean_log_prob", mean_log_prob, "nats", "higher", "decode"),
    ]


def cost_samples(decoding: Decoding) -> list[Sample]:
    tokens = sum(h.length for h in decoding.hypotheses)
    seconds = sum(decoding.seconds)
    return [
        Sample("tokens_per_s", tokens / seconds, "token/s", "higher", "decode"),
        Sample("decode_time", seconds, "s", "lower", "decode"),
        Sample("peak_memory", float(decoding.peak_bytes), "B", "lower", "decode"),
    ]


def items_of(bleu: Bleu, decoding: Decoding) -> dict[str, list[Any]]:
    """What intervals are made of afterwards: BLEU counts and lengths, log P, a sentence each."""
    statistics = bleu.statistics
    return {
        "bleu_matches": np.asarray(statistics.matches).tolist(),
        "bleu_totals": np.asarray(statistics.totals).tolist(),
        "hypothesis_lengths": np.asarray(statistics.hypothesis_lengths).tolist(),
        "reference_lengths": np.asarray(statistics.reference_lengths).tolist(),
        "log_probs": [h.log_prob for h in decoding.hypotheses],
    }
