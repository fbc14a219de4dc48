"""Transcribe a split with a trained recogniser by the config's decoder: CER, WER, time (E15)."""

from __future__ import annotations

from dataclasses import dataclass, field

from seqbench.data.speech import SpeechCorpus, SpeechSplit, evaluation_batches
from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Kernels, Sample, TrialResult
from seqbench.models.error_rate import ErrorCounts
from seqbench.models.speech_recogniser import SpeechRecogniser
from seqbench.registry import registry

from .labelling import Search, search_of, signature_of
from .speech import load_speech, make_recogniser
from .translation import kernels_for


@dataclass(slots=True)
class Transcripts:
    """Texts in the order of the split; seconds that a user waits for them.

    search_s : of these, the part that begins at the logits
    """

    texts: list[str] = field(default_factory=list)
    seconds: float = 0.0
    search_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Errors:
    """Edits a text: of characters, spaces among them, of letters alone, of words."""

    characters: ErrorCounts
    letters: ErrorCounts
    words: ErrorCounts


def run(case: Case, context: TrialContext) -> TrialResult:
    """One trained model on one split."""
    params = case.params
    corpus = load_speech(params)
    split = getattr(corpus, params["evaluate"]["split"]).head(params["evaluate"]["num_sentences"])
    kernels = kernels_for(params["backend"]["name"], params["backend"]["impl"])
    model = make_recogniser(params, kernels, corpus, grad=False)
    bundle = context.artifacts.load(context.trial.needs[0])
    model.parameters.load(bundle.params)
    model.load()
    search = search_of(params["decoder"], kernels, corpus)
    found = transcribe(model, search, corpus, split, params["evaluate"]["batch_size"], context)
    errors = errors_of(found.texts, list(split.texts), kernels)
    audio_s = float(split.lengths.sum()) / corpus.sample_rate
    return TrialResult(
        samples=samples_of(found, errors, audio_s),
        items={
            "hypotheses": found.texts,
            "references": list(split.texts),
            "character_edits": errors.characters.edits.tolist(),
            "characters": errors.characters.reference_lengths.tolist(),
            "word_edits": errors.words.edits.tolist(),
            "words": errors.words.reference_lengths.tolist(),
        },
        kernel_impl=kernels.resolved[f"decoder/{params['decoder']['name']}"],
        resolved=kernels.resolved,
        signature=signature_of(params["decoder"]),
        artifact=context.trial.needs[0],
        notes={"artifact_digest": bundle.digest},
    )


def transcribe(
    model: SpeechRecogniser,
    search: Search,
    corpus: SpeechCorpus,
    split: SpeechSplit,
    batch_size: int,
    context: TrialContext,
) -> Transcripts:
    """The text of every utterance; features are in the time."""
    found = Transcripts([""] * len(split))
    timer, capacity = model.backend.timer(), int(split.lengths.max())
    batches = evaluation_batches(corpus, split, batch_size)
    for number, batch in enumerate(batches):
        timer.start()
        logits, lengths = model.logits(batch, capacity=capacity)
        heard_s = timer.stop()
        timer.start()
        labels = search(logits, lengths)
        searched_s = timer.stop()
        found.search_s += searched_s
        found.seconds += heard_s + searched_s
        for index, ids in zip(batch.indices.tolist(), labels, strict=True):
            found.texts[index] = corpus.decode(ids)
        context.report((number + 1) / len(batches), f"heard {number + 1} of {len(batches)}")
    return found


def errors_of(hypotheses: list[str], references: list[str], kernels: Kernels) -> Errors:
    def rate(name: str):
        return type(registry().get("metric", name, kernels.backend.name))(kernels)

    without = [[text.replace(" ", "") for text in side] for side in (hypotheses, references)]
    return Errors(
        rate("cer").counts(hypotheses, references),
        rate("cer").counts(*without),
        rate("wer").counts(hypotheses, references),
    )


def samples_of(found: Transcripts, errors: Errors, audio_s: float) -> list[Sample]:
    whole = float((errors.characters.edits == 0).mean())
    return [
        Sample("cer", errors.characters.rate, "fraction", "lower", "transcribe"),
        Sample("letter_error_rate", errors.letters.rate, "fraction", "lower", "transcribe"),
        Sample("wer", errors.words.rate, "fraction", "lower", "transcribe"),
        Sample("exact", whole, "fraction", "higher", "transcribe"),
        Sample("transcribe_time", found.seconds, "s", "lower", "transcribe"),
        Sample("search_time", found.search_s, "s", "lower", "transcribe"),
        Sample("times_real_time", audio_s / found.seconds, "1", "higher", "transcribe"),
    ]
