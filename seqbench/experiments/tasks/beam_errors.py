"""Error analysis against the beam's width, and what widening wins by whose fault it was (E07)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqbench.data.batching import evaluation_batches
from seqbench.experiments.child import TrialContext
from seqbench.experiments.search_options import beam_errors_options
from seqbench.interfaces import Case, Sample, TrialResult
from seqbench.models.bleu_score import Smoothing
from seqbench.models.bleu_sentences import sentence_scores
from seqbench.models.error_analysis import ErrorAnalysis, Verdict
from seqbench.models.widening import Widening, mean_where, verdicts_in_order, widening

from .decoding import Ready, ready
from .translate import (
    Bleu,
    Decoding,
    analyse,
    cost_samples,
    decode,
    exact_samples,
    items_of,
    quality_samples,
    score,
)


def run(case: Case, context: TrialContext) -> TrialResult:
    """Decode with the narrow beam and with the case's, judge both, compare them by sentence."""
    params = case.params
    options = beam_errors_options(params["evaluate"]["options"])
    found = ready(case, context)
    batches = evaluation_batches(found.split, params["evaluate"]["batch_size"])
    narrow = _searched(found, batches, _narrow(params["decoder"], options), context)
    wide = _searched(found, batches, params["decoder"], context)
    compared = widening(
        narrow.verdicts,
        wide.verdicts,
        (narrow.sentence_bleu, wide.sentence_bleu),
        (narrow.log_probs, wide.log_probs),
    )
    exact = exact_samples(
        params, found.kernels, found.steps, batches[: options["exact_batches"]], wide.found, context
    )
    samples = quality_samples(wide.bleu, wide.found, wide.errors) + cost_samples(wide.found)
    samples += [*rate_samples(wide.verdicts), *gain_samples(compared), *exact]
    return TrialResult(
        samples=samples,
        items=items_of(wide.bleu, wide.found) | gain_items(compared),
        kernel_impl=found.kernels.resolved["decoder/beam_select"],
        resolved=found.kernels.resolved,
        signature=wide.bleu.corpus.signature,
        artifact=found.artifact,
        notes={
            "artifact_digest": found.digest,
            "pieces": wide.found.pieces,
            "kernels": found.model.notes,
        },
    )


def _narrow(decoder: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    return {**decoder, "width": options["baseline_width"], "n_best": 1}


class _Searched:
    """One search over the split: outputs, scores, verdicts in the order of the split."""

    def __init__(
        self, found: Decoding, bleu: Bleu, errors: ErrorAnalysis, batches: Sequence[Any]
    ) -> None:
        self.found, self.bleu, self.errors = found, bleu, errors
        self.verdicts = verdicts_in_order(errors, [batch.indices for batch in batches])
        self.sentence_bleu = sentence_scores(
            bleu.statistics, Smoothing("exp", None), effective_order=True
        )
        self.log_probs = np.array([h.log_prob for h in found.hypotheses])


def _searched(
    found: Ready, batches: list[Any], decoder: Mapping[str, Any], context: TrialContext
) -> _Searched:
    decoding = decode(decoder, found.kernels, found.steps, batches, context)
    errors = analyse(
        decoder, found.kernels, found.steps, batches, decoding, found.split, found.vocabulary
    )
    bleu = score(decoding, found.split, found.vocabulary, found.kernels)
    return _Searched(decoding, bleu, errors, batches)


def rate_samples(verdicts: Sequence[Verdict]) -> list[Sample]:
    """Of all sentences, unlike `search_errors`, whose whole shrinks as more come out right."""
    count = len(verdicts)
    return [
        Sample(
            "search_error_rate", verdicts.count("search") / count, "fraction", "lower", "decode"
        ),
        Sample("model_error_rate", verdicts.count("model") / count, "fraction", "none", "decode"),
    ]


def gain_samples(compared: Widening) -> list[Sample]:
    """What the wider beam won where the narrow one was at fault and elsewhere; none of none."""
    kinds = {"at_fault": compared.at_fault, "elsewhere": compared.elsewhere}
    samples = []
    for kind, chosen in kinds.items():
        told = [
            (f"gain_{kind}", mean_where(compared.gains, chosen), "BLEU", "higher"),
            (f"nats_{kind}", mean_where(compared.log_prob_gains, chosen), "nats", "none"),
            (f"mended_{kind}", mean_where(compared.mended, chosen), "fraction", "higher"),
            (f"sentences_{kind}", float(chosen.sum()), "sentences", "none"),
        ]
        samples += [
            Sample(metric, value, unit, direction, "decode")  # type: ignore[arg-type]
            for metric, value, unit, direction in told
            if value is not None
        ]
    return samples


def gain_items(compared: Widening) -> dict[str, list[Any]]:
    """What intervals over sentences are made of: the gain, and whose fault it was."""
    return {
        "gains": compared.gains.tolist(),
        "at_fault": compared.at_fault.astype(int).tolist(),
        "elsewhere": compared.elsewhere.astype(int).tolist(),
    }
