"""What the tasks of speech refuse, and how their counts become samples."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.data.speech import SpeechCorpus, SpeechSplit
from seqbench.experiments.tasks import detect_triggers, labelling, transcribe
from seqbench.experiments.tasks.speech import acoustic_config, load_speech
from seqbench.experiments.tasks.triggers import load_recordings
from seqbench.interfaces import UnknownNameError, UsageError
from seqbench.models.event_f1 import EventCounts
from seqbench.registry import registry

SIZES = {"num_train": 2, "num_valid": 2, "num_test": 2}


def params(**options):
    model = {"dropout": 0.0, "bidirectional": True, "options": options}
    return {"model": model, "cell": {"name": "gru", "hidden_size": 3}, "dtype": "float32"}


def test_options_go_to_features_and_encoder():
    config = acoustic_config(params(num_mels=20, stride=3, repeats=2), "repeats")
    assert (config.features.num_mels, config.stride, config.hidden_size) == (20, 3, 3)


def test_an_unknown_option_is_told():
    with pytest.raises(UnknownNameError, match=r"no option of this model named 'num_mel'; did you"):
        acoustic_config(params(num_mel=20))
    with pytest.raises(UnknownNameError, match=r"no option of this model named 'repeats'"):
        acoustic_config(params(repeats=2))
    with pytest.raises(UnknownNameError, match=r"no option of this task named 'tolerence'; did"):
        detect_triggers.settings({"tolerence": 3})


def test_another_kind_of_data_is_told():
    with pytest.raises(UnknownNameError, match=r"no data set of speech named 'triggers'; inst"):
        load_speech({"dataset": {"name": "triggers", **SIZES}})
    with pytest.raises(UnknownNameError, match=r"no data set with triggers named 'tones'; inst"):
        load_recordings({"dataset": {"name": "tones", **SIZES}})


def test_errors_by_hand():
    """'a bc' heard for 'ab c': one space gone, one too many; both words wrong, no letter."""
    kernels = registry().kernels("numpy")
    errors = transcribe.errors_of(["a bc", "xy"], ["ab c", "xz"], kernels)
    assert errors.characters.edits.tolist() == [2, 1]
    assert errors.letters.edits.tolist() == [0, 1]
    assert errors.words.edits.tolist() == [2, 1]
    texts = transcribe.Transcripts(["a bc", "xy"], seconds=2.0, search_s=0.5)
    values = {s.metric: s.value for s in transcribe.samples_of(texts, errors, 5.0)}
    assert values["cer"] == pytest.approx(3 / 6)
    assert values["letter_error_rate"] == pytest.approx(1 / 5)
    assert values["wer"] == 1.0
    assert values["exact"] == 0.0
    assert (values["transcribe_time"], values["search_time"]) == (2.0, 0.5)
    assert values["times_real_time"] == 2.5


def test_samples_of_events():
    one = np.array([1, 0])
    counts = EventCounts(one, np.array([1, 1]), np.array([2, 0]))
    listened = detect_triggers.Detections([[3], [4]], [[3, 9], []], [50, 50], 0.1)
    values = {s.metric: s.value for s in detect_triggers.samples_of(counts, listened, 5)}
    assert values["event_precision"] == 0.5
    assert values["event_recall"] == 0.5
    assert values["event_f1"] == 0.5
    assert values["positive_steps"] == pytest.approx(0.1)


# -- decoders of CTC's logits ------------------------------------------------------------------


def section(name="ctc_beam", width=10, **options):
    return {"name": name, "width": width, "options": options}


def spoken(*texts):
    """A corpus of the letters a and b, whose training transcripts are `texts`."""
    split = SpeechSplit("train", [np.zeros(1, np.float32)], [(0,)] * len(texts), texts)
    return SpeechCorpus("made", "a test", 8000, ("a", "b"), split, split, split)


def found(section, probs, corpus=None):
    """The text of one utterance, (T, 3) probabilities of blank, a and b."""
    corpus = corpus or spoken("ab")
    logits = np.log(np.array(probs))[:, None]
    search = labelling.search_of(section, registry().kernels("numpy"), corpus)
    (ids,) = search(logits, np.array([len(probs)], np.int32))
    return corpus.decode(ids)


SPLIT = [[0.4, 0.35, 0.25], [0.4, 0.35, 0.25]]
"""The best path is blank, blank (0.16); the alignments of `a` have 0.4 together."""


def test_the_best_path_and_prefix_beams_part_where_alignments_share_a_text():
    assert found(section("ctc_greedy"), SPLIT) == ""
    assert found(section(width=9), SPLIT) == "a"


def test_where_a_path_is_sure_every_width_writes_it():
    sure = [[0.05, 0.9, 0.05], [0.9, 0.05, 0.05], [0.05, 0.05, 0.9]]
    texts = {found(section(width=width), sure) for width in (1, 2, 4, 10)}
    assert texts == {found(section("ctc_greedy"), sure)} == {"ab"}


def test_a_model_of_the_transcripts_turns_an_even_choice():
    even = [[0.02, 0.49, 0.49], [0.96, 0.02, 0.02]]
    for letter in "ab":
        heard = spoken(*[letter] * 9)
        assert found(section(order=2), even, heard) == letter


def test_a_longer_text_for_a_bonus():
    assert found(section(bonus=5.0), SPLIT) in ("ab", "ba")
    assert found(section(bonus=-5.0), SPLIT) == ""


def test_a_signature_tells_the_search():
    assert labelling.signature_of(section("ctc_greedy")) == "search:best path"
    expected = "search:prefix beams|width:10|order:5|weight:1.0|bonus:0.0"
    assert labelling.signature_of(section(order=5)) == expected


@pytest.mark.parametrize(
    ("chosen", "error", "message"),
    [
        (section(ordr=5), UnknownNameError, r"no option of this decoder named 'ordr'; did you"),
        (section(order=-1), UsageError, r"options.order is -1, expected a whole number of at lea"),
        (section(order=2.5), UsageError, r"options.order is 2.5, expected a whole number"),
        (
            section("ctc_greedy", order=5),
            UsageError,
            r"order 5 and bonus 0.0, expected 0: the best path takes no language model; set dec",
        ),
    ],
)
def test_what_a_decoder_refuses(chosen, error, message):
    with pytest.raises(error, match=message):
        labelling.search_of(chosen, registry().kernels("numpy"), spoken("ab"))
