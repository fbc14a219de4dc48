"""What the tasks of speech refuse, and how their counts become samples."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.experiments.tasks import detect_triggers, transcribe
from seqbench.experiments.tasks.speech import acoustic_config, load_speech
from seqbench.experiments.tasks.triggers import load_recordings
from seqbench.interfaces import UnknownNameError
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
    found = transcribe.Transcripts(["a bc", "xy"], seconds=2.0)
    values = {s.metric: s.value for s in transcribe.samples_of(found, errors, 5.0)}
    assert values["cer"] == pytest.approx(3 / 6)
    assert values["letter_error_rate"] == pytest.approx(1 / 5)
    assert values["wer"] == 1.0
    assert values["exact"] == 0.0
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
