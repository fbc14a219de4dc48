"""Every model, data set and decoder of conf/ in every experiment: it plans, or is refused in words.

What works is written down here, apart from the specs that the plan goes by.
"""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import replace
from functools import cache

import pytest

from seqbench.data.specs import seqbench_datasets
from seqbench.experiments.composing import initialised, resolved
from seqbench.experiments.plan import make_plans, value_at
from seqbench.experiments.resolving import Resolver
from seqbench.experiments.sweep import Point, expand
from seqbench.experiments.tasks import captioning, classification, language, speech, triggers
from seqbench.experiments.tasks.translation import load_corpus
from seqbench.experiments.taskspecs import TASKS
from seqbench.interfaces import SeqbenchError, UsageError
from seqbench.registry import Registry, registry

EXPERIMENT_OF = {
    "translate": "beam_width_bleu",
    "beam_errors": "beam_errors",
    "exact_search": "exact_search",
    "language_model": "language_model",
    "classify": "sentiment",
    "recall": "recall_by_lag",
    "caption": "captioning",
    "word_vectors": "word_vectors",
    "vector_quality": "glove",
    "debias": "debias",
    "transcribe": "transcription",
    "detect_triggers": "trigger_word",
}
"""One of each task that reads a data set."""

WORDS = {"skipgram_softmax", "skipgram_hs", "skipgram_ns", "cbow_hs", "cbow_ns"}
MODELS = {
    "translate": {"encoder_decoder"},
    "beam_errors": {"encoder_decoder"},
    "exact_search": {"encoder_decoder"},
    "language_model": {"language_model"},
    "classify": {"averaging_classifier", "recurrent_classifier", "dense_classifier"},
    "recall": {"recurrent_classifier"},
    "caption": {"captioner"},
    "word_vectors": WORDS,
    "vector_quality": WORDS | {"glove"},
    "transcribe": {"speech_recogniser"},
    "detect_triggers": {"trigger_word"},
}
MULTI30K = {f"multi30k_{pair}" for pair in ("en_de", "de_en", "en_fr", "fr_en")}
PAIRS = {"grammar", "parallel_files"} | MULTI30K
ENGLISH = {"brown", "text8_prefix", "text8_brown", "planted_words"}
DATASETS = {
    "translate": PAIRS,
    "beam_errors": PAIRS,
    "exact_search": PAIRS,
    "language_model": {"help_topics", "ptb", "wikitext2", "tinyshakespeare", "names"},
    "classify": {"opinions", "signal_words", "mr", "sst2", "sst5", "subj", "trec"},
    "recall": {"recall", "intervals"},
    "caption": {"scenes"},
    "word_vectors": ENGLISH,
    "vector_quality": ENGLISH,
    "debias": {"debias", "planted_bias"},
    "transcribe": {"tones", "fsdd", "digit_files"},
    "detect_triggers": {"triggers"},
}
SEARCHES = {"greedy", "beam", "exact_breadth", "exact_depth"}
DECODERS = {
    "translate": SEARCHES,
    "beam_errors": {"beam"},
    "exact_search": {"beam", "greedy"},
    "caption": SEARCHES,
    "language_model": {"greedy", "beam", "sampling"},
    "transcribe": {"ctc_greedy", "ctc_beam"},
}
WORKS = {"model": MODELS, "dataset": DATASETS, "decoder": DECODERS}
"""By group, then by task; a task that is not there does not read the group."""


@pytest.fixture(scope="module")
def composed():
    """(task's experiment at its first point, options of each group as sections)."""
    with initialised([]) as composer:
        groups = {
            group: {
                name: resolved(composer.compose([f"{group}={name}", "size=tiny"]))[group]
                for name in composer.options(group)
            }
            for group in WORKS
        }
        firsts = {
            task: expand([f"experiment={name}", "size=tiny"], composer)[0].config
            for task, name in EXPERIMENT_OF.items()
        }
    return firsts, groups


@pytest.fixture(scope="module")
def resolver():
    return Resolver(registry())


def fits(task, **chosen):
    return all(task not in WORKS[g] or name in WORKS[g][task] for g, name in chosen.items())


def refusal(config, resolver):
    """What is said against it, None where it plans. Anything else than a UsageError goes on."""
    try:
        (plan,) = make_plans([Point(config, ())], resolver)
    except UsageError as error:
        return str(error)
    assert plan.trials
    return None


@pytest.mark.parametrize("pair", list(itertools.combinations(WORKS, 2)), ids="-".join)
@pytest.mark.parametrize("task", EXPERIMENT_OF)
def test_every_pair_plans_or_is_refused_with_key_value_expectation_and_next_step(
    composed, resolver, task, pair
):
    firsts, groups = composed
    for names in itertools.product(*(groups[group] for group in pair)):
        chosen = dict(zip(pair, names, strict=True))
        config = {**firsts[task], **{g: groups[g][name] for g, name in chosen.items()}}
        config = with_own_model_options(firsts[task], config, chosen)
        said = refusal(config, resolver)
        if fits(task, **chosen):
            assert said is None, (task, chosen, said)
            continue
        assert said is not None, (task, chosen)
        wrong = [g for g, name in chosen.items() if not fits(task, **{g: name})]
        assert any(f"{g}.name is {chosen[g]!r}" in said for g in wrong), said
        assert "expected" in said
        assert re.search(r"; (set (model|dataset|decoder)=\w+|leave `model` out)", said), said


def with_own_model_options(first, config, chosen):
    """The experiment's own settings of its own model, as composing would leave them."""
    if chosen.get("model") == first["model"]["name"]:
        return {**config, "model": first["model"]}
    return config


def test_the_words_say_what_to_do():
    with initialised([]) as composer:

        def said(*overrides):
            with pytest.raises(UsageError) as error:
                make_plans(expand([*overrides, "size=tiny"], composer), Resolver(registry()))
            return str(error.value)

        assert said("experiment=beam_width_bleu", "dataset=tones") == (
            "dataset.name is 'tones', which holds speech, expected sentence pairs (grammar, "
            "multi30k_de_en, multi30k_en_de, multi30k_en_fr, multi30k_fr_en, parallel_files), "
            "which is what task translate reads; set dataset=grammar"
        )
        assert said("experiment=sentiment", "model=captioner") == (
            "model.name is 'captioner', expected one of averaging_classifier, "
            "recurrent_classifier, dense_classifier, which task classify builds; set "
            "model=averaging_classifier, or choose another experiment"
        )
        assert "expected one that writes token after token" in said(
            "experiment=beam_width_bleu", "decoder=ctc_beam"
        )
        assert "attention.name is swept, expected one of" in said(
            "experiment=sentiment", "model=averaging_classifier", "attention=dot,none"
        )
        assert "which holds sentence pairs, expected running text" in said(
            "experiment=language_model", "dataset=grammar"
        )
        assert "exact search over all texts has no end" in said(
            "experiment=language_model", "decoder=exact_depth"
        )
        assert "what is drawn is not searched for" in said(
            "experiment=captioning", "decoder=sampling"
        )


def test_a_sweep_with_one_point_of_no_sense_is_refused_whole():
    with initialised([]) as composer:
        points = expand(["experiment=beam_width_bleu", "dataset=grammar,tones"], composer)
        with pytest.raises(UsageError, match="holds speech, expected sentence pairs"):
            make_plans(points, Resolver(registry()))


def test_a_plugins_data_set_that_does_not_say_what_it_holds_is_taken():
    found = registry()

    class Theirs(Registry):
        def __init__(self):
            self.__dict__.update(found.__dict__)

        def dataset_specs(self):
            specs = dict(found.dataset_specs())
            return specs | {"tones": replace(specs["tones"], holds="")}

    with initialised([]) as composer:
        points = expand(["experiment=beam_width_bleu", "dataset=tones", "size=tiny"], composer)
        assert make_plans(points, Resolver(Theirs()))


def test_every_data_set_of_ours_says_what_it_holds():
    held = {task.holds for task in TASKS.values()}
    for spec in seqbench_datasets():
        assert spec.holds, spec.name
        assert spec.holds in held | {"sequences by lag", "word sets", "plain English", "word lists"}


LOADERS = {
    "running text": language.load_text,
    "labelled sentences": classification.load_labelled,
    "captioned pictures": captioning.load_captioned,
    "speech": speech.load_speech,
    "sounds with triggers": triggers.load_recordings,
}
COUNTED = "word lists"  # planted_bias counts a corpus for half a minute, whatever its size
EMBEDDED = sorted(s.name for s in seqbench_datasets() if s.embedded and s.holds != COUNTED)
REAL = sorted(spec.name for spec in seqbench_datasets() if spec.files)


@cache
def section(name):
    with initialised([]) as composer:
        return resolved(composer.compose([f"dataset={name}", "size=tiny"]))["dataset"]


def check_what_it_holds(name):
    """The loader of each task takes the data sets that say that they hold it, and no others."""
    holds = {spec.name: spec.holds for spec in seqbench_datasets()}[name]
    params = {"dataset": section(name), "dtype": "float32"}
    for kind, load in LOADERS.items():
        if kind == holds:
            load(params)
        else:
            with pytest.raises(SeqbenchError):
                load(params)
    pairs = hasattr(load_corpus(params), "source_vocabulary")
    assert pairs == (holds == "sentence pairs")


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedded_data_set_holds_what_it_says(name):
    check_what_it_holds(name)


@pytest.mark.data
@pytest.mark.parametrize("name", ["mr", "names", "fsdd", "multi30k_en_de", "trec"])
def test_a_real_data_set_holds_what_it_says(name):
    assert name in REAL
    assert os.environ["SEQBENCH_DATA"]
    check_what_it_holds(name)


def test_cell_and_attention_sweep_a_beam_experiment_further():
    """`experiment=beam_width_bleu cell=lstm,gru attention=none,additive -m`."""
    with initialised([]) as composer:
        overrides = ["experiment=beam_width_bleu", "cell=lstm,gru", "attention=none,additive"]
        points = expand([*overrides, "size=tiny"], composer)
        (plan,) = make_plans(points, Resolver(registry()))
    trained = [trial.case.params for trial in plan.trials if trial.builds]
    kinds = [(p["cell"]["name"], p["attention"]["name"]) for p in trained]
    asked = [(cell, attention) for cell in ("lstm", "gru") for attention in ("none", "additive")]
    assert kinds == asked
    builders = {key: trial for trial in plan.trials if (key := trial.builds)}
    cases = [trial for trial in plan.trials if not trial.builds]
    assert len(cases) == 4 * 3
    assert not plan.skips
    for trial in cases:
        params, made_by = trial.case.params, builders[trial.needs[0]].case.params
        assert params["cell"] == made_by["cell"]
        assert params["attention"] == made_by["attention"]
        assert set(trial.case.swept) == {"decoder.width", "cell.name", "attention.name"}
    found = {
        tuple(
            value_at(t.case.params, key) for key in ("cell.name", "attention.name", "decoder.width")
        )
        for t in cases
    }
    assert found == {(*kind, width) for kind in asked for width in (1, 2, 4)}
