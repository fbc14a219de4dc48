"""Caption a split with a trained model: BLEU, captions that are exactly right, speed."""

from __future__ import annotations

import numpy as np

from seqbench.data.captioned import CaptionCorpus, CaptionSplit, evaluation_batches
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Sample, TrialResult

from .captioning import load_captioned, make_captioner
from .translate import Bleu, Decoding, cost_samples, decode, items_of, score
from .translation import kernels_for


def run(case: Case, context: TrialContext) -> TrialResult:
    """One decoder setting on one split with the artifact that the trial needs."""
    params = case.params
    corpus = load_captioned(params)
    split = getattr(corpus, params["evaluate"]["split"]).head(params["evaluate"]["num_sentences"])
    kernels = kernels_for(params["backend"]["name"], params["backend"]["impl"])
    model = make_captioner(params, kernels, corpus, grad=False)
    bundle = context.artifacts.load(context.trial.needs[0])
    model.parameters.load(bundle.params)
    model.load()
    vocabulary = corpus.vocabulary
    steps = model.step_model(vocabulary.bos_id, vocabulary.eos_id)
    batches = evaluation_batches(split, params["evaluate"]["batch_size"], params["dtype"])
    decoding = decode(params["decoder"], kernels, steps, batches, context)
    bleu = score(decoding, split, vocabulary, kernels)
    right = exact_matches(decoding, split, corpus)
    return TrialResult(
        samples=quality_samples(bleu, decoding, right, split, corpus) + cost_samples(decoding),
        items=items_of(bleu, decoding) | {"correct": right.astype(int).tolist()},
        kernel_impl=kernels.resolved["feature/conv2d"],
        resolved=kernels.resolved,
        signature=bleu.corpus.signature,
        artifact=context.trial.needs[0],
        notes={"artifact_digest": bundle.digest},
    )


def exact_matches(decoding: Decoding, split: CaptionSplit, corpus: CaptionCorpus) -> np.ndarray:
    """(N,) bool: captions that end and are the reference, word for word."""
    vocabulary = corpus.vocabulary
    found = [
        h.finished and tuple(vocabulary.decode(h.tokens)) == tuple(target)
        for h, target in zip(decoding.hypotheses, split.targets, strict=True)
    ]
    return np.array(found, bool)


def quality_samples(
    bleu: Bleu, decoding: Decoding, right: np.ndarray, split: CaptionSplit, corpus: CaptionCorpus
) -> list[Sample]:
    """`exact_match` over all captions, and over those that no training picture has."""
    known = set(corpus.train.targets)
    novel = np.array([target not in known for target in split.targets], bool)
    unfinished = sum(not h.finished for h in decoding.hypotheses)
    samples = [
        Sample("bleu", bleu.corpus.score, "BLEU", "higher", "decode"),
        Sample("exact_match", float(right.mean()), "fraction", "higher", "decode"),
        Sample("novel", float(novel.mean()), "fraction", "none", "decode"),
        Sample("unfinished", float(unfinished), "captions", "lower", "decode"),
    ]
    if novel.any():
        share = float(right[novel].mean())
        samples.append(Sample("exact_match_novel", share, "fraction", "higher", "decode"))
    return samples
