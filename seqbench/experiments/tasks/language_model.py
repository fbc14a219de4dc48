"""Evaluate a trained language model: perplexity, bits and cost a character (A06, E11).

It also writes a few texts (A07) by the config's decoder; they stand in the row's notes.
"""

from __future__ import annotations

from typing import Any

from seqbench.data.text_corpus import TextCorpus, TextSplit
from seqbench.data.unknown_words import unknown_words
from seqbench.experiments.artifacts import Bundle
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import ArtifactError, Case, Kernels, Sample, TrialResult
from seqbench.models.generating import decoder_settings, generate, text_of
from seqbench.models.language_model import LanguageModel
from seqbench.models.language_scoring import TextScore, score_split
from seqbench.models.language_steps import LanguageSteps
from seqbench.models.spelling import spelling_bits
from seqbench.registry import registry

from .language import load_text, make_language_model, model_options
from .translation import kernels_for


def run(case: Case, context: TrialContext) -> TrialResult:
    """One split, with the artifact that the trial needs."""
    params, evaluate = case.params, case.params["evaluate"]
    corpus = load_text(params)
    split = corpus.split(evaluate["split"]).head(evaluate["num_sentences"])
    kernels = kernels_for(params["backend"]["name"], params["backend"]["impl"])
    model = make_language_model(params, kernels, corpus, grad=False)
    bundle = context.artifacts.load(context.trial.needs[0])
    check_vocabulary(bundle, corpus)
    model.parameters.load(bundle.params)
    model.load()
    timer = kernels.backend.timer()
    timer.start()
    score = score_split(
        model,
        corpus,
        split,
        batch_size=evaluate["batch_size"],
        window=model_options(params)["window"],
    )
    seconds = timer.stop()
    context.report(0.9, f"perplexity {score.perplexity:.1f}")
    written, rate = write_texts(case, kernels, model, corpus)
    return TrialResult(
        samples=[
            *samples_of(score, split, seconds),
            *character_samples(model, corpus, split, score, seconds),
            rate,
        ],
        items={"log_probs": score.log_probs.tolist(), "num_tokens": score.num_tokens.tolist()},
        kernel_impl=kernels.resolved[f"cell/{params['cell']['name']}"],
        resolved=kernels.resolved,
        signature=signature_of(corpus, evaluate["batch_size"]),
        artifact=context.trial.needs[0],
        notes={
            "artifact_digest": bundle.digest,
            "data_sha256": corpus.data_hash,
            "data_facts": dict(corpus.facts),
            "kernels": model.notes,
            **written,
        },
    )


def write_texts(
    case: Case, kernels: Kernels, model: LanguageModel, corpus: TextCorpus
) -> tuple[dict[str, Any], Sample]:
    """What the model writes after `decoder.options.prompt`, as notes, and how fast."""
    section, vocabulary = case.params["decoder"], corpus.vocabulary
    decoder = registry().get("decoder", section["name"], kernels.backend.name)
    decoder = type(decoder)(kernels)  # on the same kernels, so that the row names them
    steps = LanguageSteps(model, corpus.start_id, vocabulary.eos_id)
    prompt = section["options"].get("prompt", "")
    settings = decoder_settings(section, case.seed)
    timer = kernels.backend.timer()
    timer.start()
    found = generate(decoder, section["name"], steps, vocabulary, prompt, settings)
    rate = sum(h.length for h in found[0]) / timer.stop()
    sample = Sample("written_tokens_per_s", rate, "token/s", "higher", "write")
    texts = [text_of(hypothesis, vocabulary, prompt) for hypothesis in found[0]]
    return {"texts": texts, "writing": found.notes}, sample


def check_vocabulary(bundle: Bundle, corpus: TextCorpus) -> None:
    """The ids must mean what they meant in training."""
    if bundle.meta["vocabulary"] != corpus.vocabulary.to_list():
        raise ArtifactError(
            f"language_model: the artifact was trained on another text ({corpus.name}: "
            f"{bundle.meta['data_sha256'][:12]}, here {corpus.data_hash[:12]}), expected the same "
            "vocabulary; train again with another SEQBENCH_CACHE"
        )


def signature_of(corpus: TextCorpus, batch_size: int) -> str:
    """How the numbers came about: the level, what counts, and what a line knows of the last."""
    parts: dict[str, Any] = {
        "level": corpus.level,
        "eos": "counted",
        "unk": "counted",
        "context": f"carried in {batch_size} columns" if corpus.continuous else "sentence",
        "vocabulary": len(corpus.vocabulary),
        "data": corpus.data_hash[:12],
    }
    return "|".join(f"{name}:{value}" for name, value in parts.items())


def character_samples(
    model: LanguageModel, corpus: TextCorpus, split: TextSplit, score: TextScore, seconds: float
) -> list[Sample]:
    """What words and characters can be compared by: the whole text's bits, and costs a character.

    FLOP are of one forward pass over every token, without padding.
    """
    characters = split.num_characters
    spelled = score.bits_per_character + spelling_bits(corpus, split.unknown) / characters
    flops = model.flops(split.num_tokens, 1, grad=False) / characters
    strange = unknown_words(split, corpus.vocabulary)
    return [
        Sample("bits_per_character_spelled", spelled, "bit", "lower", "evaluate"),
        Sample("unknown_words", strange, "fraction", "lower", "evaluate"),
        Sample("time_per_character", seconds / characters, "s/character", "lower", "evaluate"),
        Sample("flops_per_character", flops, "FLOP/character", "lower", "evaluate"),
    ]


def samples_of(score: TextScore, split: TextSplit, seconds: float) -> list[Sample]:
    tokens = split.num_tokens
    return [
        Sample("perplexity", score.perplexity, "1", "lower", "evaluate"),
        Sample("nll", score.nll, "nats/token", "lower", "evaluate"),
        Sample("bits_per_character", score.bits_per_character, "bit", "lower", "evaluate"),
        Sample("unknown_tokens", split.unknown_fraction, "fraction", "none", "evaluate"),
        Sample("num_tokens", float(tokens), "tokens", "none", "evaluate"),
        Sample("tokens_per_s", tokens / seconds, "token/s", "higher", "evaluate"),
    ]
