"""Length buckets and cut outputs: what is chosen and refused, and that planted effects show."""

from __future__ import annotations

import math
import re
from collections import Counter

import numpy as np
import pytest

from seqbench.data.corpus import build_corpus
from seqbench.experiments.plan import make_plans
from seqbench.experiments.resolving import Resolver
from seqbench.experiments.scoring_options import ScoringOptions
from seqbench.experiments.sweep import expand
from seqbench.experiments.tasks.scored import (
    bucket_samples,
    chosen,
    first_words,
    precision_samples,
)
from seqbench.experiments.tasks.translate import Decoding, score
from seqbench.interfaces import DataError, UsageError
from seqbench.models.hypotheses import Hypothesis
from seqbench.registry import registry

BOUNDS = [2, 4]


def corpus(lengths=(1, 2, 3, 4, 5, 9, 2)):
    """Sources of these lengths; the target says the number of the sentence and the same words."""
    pairs = [
        (tuple(f"s{i}" for i in range(n)), (f"t{k}", *(f"w{i}" for i in range(n))))
        for k, n in enumerate(lengths)
    ]
    splits = {"train": pairs, "valid": pairs, "test": pairs}
    return build_corpus("made", "here", splits, min_count=1, max_length=20)


def bucket(number, bounds=BOUNDS):
    return ScoringOptions.of({"length_bounds": bounds, "length_bucket": number})


@pytest.mark.parametrize(("number", "expected"), [(1, [0, 1, 6]), (2, [2, 3]), (3, [4, 5])])
def test_a_bucket_holds_the_sources_of_its_lengths_in_order(number, expected):
    split = corpus().test
    own = chosen(split, bucket(number))
    assert list(own.sources) == [split.sources[i] for i in expected]
    assert list(own.targets) == [split.targets[i] for i in expected]
    for k, i in enumerate(expected):
        assert own.source_ids[k].tolist() == split.source_ids[i].tolist()
        assert own.target_ids[k].tolist() == split.target_ids[i].tolist()
    told = {s.metric: s.value for s in bucket_samples(own, bucket(number))}
    lengths = [len(split.sources[i]) for i in expected]
    assert told == {"sentences": len(expected), "mean_source_length": np.mean(lengths)}


def test_buckets_part_a_split():
    split = corpus().test
    parts = [chosen(split, bucket(k)) for k in (1, 2, 3)]
    together = Counter(target for part in parts for target in part.targets)
    assert together == Counter(split.targets)
    assert chosen(split, ScoringOptions.of({"length_bounds": BOUNDS})) is split
    assert bucket_samples(split, ScoringOptions()) == []


def test_an_empty_bucket_is_told():
    with pytest.raises(DataError, match=r"no sentence of split test has 31 to any number of sou"):
        chosen(corpus().test, bucket(2, [30]))
    with pytest.raises(DataError, match=r"has 10 to 11 source tokens.* lengths are 1 to 9"):
        chosen(corpus().test, bucket(2, [9, 11]))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"length_bounds": [4, 4]}, r"length_bounds is \[4, 4\], expected rising whole numbers"),
        ({"length_bounds": [0, 4]}, r"length_bounds is \[0, 4\], expected rising"),
        ({"length_bounds": 6}, r"length_bounds is 6, expected rising"),
        ({"length_bounds": [2.5]}, r"length_bounds is \[2.5\], expected rising"),
        ({"length_bucket": 1.0, "length_bounds": [3]}, r"length_bucket is 1.0, expected 1 to 2"),
        ({"length_bucket": 3, "length_bounds": [3]}, r"length_bucket is 3, .* is \[3\]; set one"),
        ({"length_bucket": 0}, r"length_bucket is 0, expected 1 to 1"),
        ({"kept": 0.0}, r"kept is 0.0, expected a share above 0 and up to 1; set 1.0"),
        ({"kept": 1.5}, r"kept is 1.5, expected a share"),
        ({"kept": True}, r"kept is True, expected a share"),
        ({"kept": math.nan}, r"kept is nan, expected a share"),
    ],
)
def test_options_without_sense_are_refused(options, told):
    with pytest.raises(UsageError, match=told):
        ScoringOptions.of(options)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["experiment=length_bleu", "evaluate.options.length_bounds=[6]"], "length_bucket is 3"),
        (["experiment=brevity_precision", "evaluate.options.kept=2"], "kept is 2, expected a"),
        (
            ["experiment=length_penalty", "model=captioner"],
            "model.name is 'captioner', expected 'encoder_decoder', the one model that task",
        ),
        (
            ["experiment=model_scaling", "model=language_model"],
            "model.name is 'language_model', expected 'encoder_decoder', the one model that task",
        ),
        (
            ["experiment=length_penalty", "decoder=sampling"],
            "decoder.name is 'sampling', expected a search: the task translate tells search errors",
        ),
        (
            ["experiment=length_bleu", "decoder=ctc_beam"],
            "decoder.name is 'ctc_beam', a decoder of CTC's frames, expected one that writes token",
        ),
        (
            ["experiment=model_scaling", "+workload.options.vocabulary=9"],
            "workload.options is {'vocab_size': 50, 'vocabulary': 9}, expected vocab_size alone",
        ),
        (
            ["experiment=model_scaling", "workload.options.vocab_size=4"],
            "workload.options is {'vocab_size': 4}, expected vocab_size alone, a whole number ab",
        ),
    ],
)
def test_they_are_refused_before_anything_runs(composer, overrides, told):
    with pytest.raises(UsageError, match=re.escape(told)):
        make_plans(expand([*overrides, "size=tiny"], composer), Resolver(registry()))


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.55, 0.7, 0.85, 1.0])
@pytest.mark.parametrize("length", [0, 1, 2, 9, 10, 20, 100])
def test_the_first_words_are_kept_rounded_up(kept, length):
    words = [str(i) for i in range(length)]
    (own,) = first_words([words], kept)
    hundredths = round(kept * 100)
    assert own == words[: -(-hundredths * length // 100)]
    assert first_words([words], None) == [words]


def scored(outputs, references, kept=None):
    """What `score` makes of word lists, through a corpus whose targets the references are."""
    pairs = [(("s",), tuple(r)) for r in references]
    words = [(("s",), tuple(o)) for o in outputs if o]
    made = {"train": pairs + words, "valid": pairs, "test": pairs}
    data = build_corpus("made", "here", made, min_count=1, max_length=99)
    vocabulary = data.target_vocabulary
    found = [
        Hypothesis(tuple(vocabulary.encode(o).tolist()), 0.0, 0.0, True, len(o) + 1)
        for o in outputs
    ]
    options = ScoringOptions(kept=kept)
    kernels = registry().kernels("numpy")
    bleu = score(Decoding(found), data.test, vocabulary, kernels, options.kept)
    return bleu, {s.metric: s.value for s in precision_samples(bleu.corpus, options)}


def precision(outputs, references, n):
    """By counting, in percent."""
    right = total = 0
    for output, reference in zip(outputs, references, strict=True):
        grams, known = (
            Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
            for words in (output, reference)
        )
        right += sum(min(count, known[gram]) for gram, count in grams.items())
        total += sum(grams.values())
    return 100 * right / total


REFERENCES = [list("abcdefgh"), list("klmnopqr"), list("abcdklmn")]
EARLY = [list("abcdexyz"), list("klmnozyx"), list("abcdkzzz")]
"""Right words first: outputs whose first half is more precise than the whole."""


@pytest.mark.parametrize("kept", [0.5, 0.7, 1.0])
def test_precisions_by_counting(kept):
    bleu, told = scored(EARLY, REFERENCES, kept)
    cut = [words[: math.ceil(kept * len(words))] for words in EARLY]
    expected = [precision(cut, REFERENCES, n) for n in range(1, 5)]
    assert [told[f"precision_{n}"] for n in range(1, 5)] == pytest.approx(expected)
    without = math.exp(np.mean(np.log(expected)))
    ratio = sum(map(len, REFERENCES)) / sum(map(len, cut))
    assert told["bleu_without_penalty"] == pytest.approx(without)
    assert told["brevity_penalty"] == pytest.approx(math.exp(1 - ratio))
    assert bleu.corpus.score == pytest.approx(without * math.exp(1 - ratio))
    assert np.sum(bleu.statistics.hypothesis_lengths) == sum(map(len, cut))


def test_nothing_is_told_of_precisions_unless_asked():
    bleu, told = scored(EARLY, REFERENCES)
    assert told == {}
    assert bleu.corpus.sys_len == 24


def test_an_output_of_nothing_has_no_bleu_with_or_without_penalty():
    _, told = scored([[], []], REFERENCES[:2], 1.0)
    assert told["bleu_without_penalty"] == told["brevity_penalty"] == 0.0


@pytest.mark.parametrize(("outputs", "gains"), [(EARLY, True), ([w[::-1] for w in EARLY], False)])
def test_cutting_gains_precision_where_the_beginning_is_better_and_there_alone(outputs, gains):
    references = [w if gains else w[::-1] for w in REFERENCES]
    (half, cut), (whole, full) = (scored(outputs, references, kept) for kept in (0.5, 1.0))
    assert (cut["precision_1"] > full["precision_1"]) == gains
    assert (cut["bleu_without_penalty"] > full["bleu_without_penalty"]) == gains
    assert half.corpus.score < whole.corpus.score
