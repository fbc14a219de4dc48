"""Spoken digits from stand-in recordings, the embedded sounds, and the batches of both."""

from __future__ import annotations

import hashlib
import math
import os

import numpy as np
import pytest

from seqbench.data import fsdd_files
from seqbench.data.bits import Bits, Purpose
from seqbench.data.speech import evaluation_batches, make_batch, training_batches
from seqbench.data.spoken_digits import NAMES, draw_strings, load_digit_files, load_fsdd
from seqbench.data.tones import LETTERS, WORDS, load_tones
from seqbench.data.triggers import TRIGGER, load_triggers, recording
from seqbench.data.triggers import evaluation_batches as trigger_batches
from seqbench.data.wav import write_wav
from seqbench.interfaces import DataError, UnknownNameError, UsageError

GOLDEN = {
    "tones train": "b0fefe651e796e4e028c9892fab73be925093d3927e11cc7d0a2d4f28d213493",
    "tones valid": "6cd4dc5d7e31dda125d61ccc3975fbb0a769f42784b3e7c1f8a455b63bb1e790",
    "tones test": "542e6db2e681017f9197921dc91dd924e18f8733e05d3d89f47b9e734d28b789",
    "triggers train": "49926ba14b4bc900607ac5dcd04a1889c88aee8b9a7d5d982e630f5d33ca1030",
    "triggers valid": "787cf5f5cbebcecf795cb01db366543121f03f4db18a934acf4d01221aa81d70",
    "triggers test": "9044d81820ba05d9521f493fb92b45dafe791b05fd5ea178f2b5c51858600f26",
}
SMALL = {"num_train": 20, "num_valid": 10, "num_test": 10}


def digest(signals, labels):
    content = hashlib.sha256()
    for signal, label in zip(signals, labels, strict=True):
        content.update((signal * 32768).astype("<i2").tobytes())
        content.update(str(label).encode())
    return content.hexdigest()


@pytest.fixture(scope="module")
def tones():
    return load_tones(**SMALL)


@pytest.fixture(scope="module")
def triggers():
    return load_triggers(**SMALL)


def test_the_generators_are_frozen(tones, triggers):
    """A change here is another data set: give it another name."""
    found = {f"tones {s.name}": digest(s.recordings, s.texts) for s in tones.splits}
    for split in (triggers.train, triggers.valid, triggers.test):
        found[f"triggers {split.name}"] = digest(split.signals, split.events)
    assert found == GOLDEN


def test_noise_is_all_that_another_level_changes():
    quiet, loud = (load_tones(num_train=1, num_valid=1, num_test=2, noise=n) for n in (0.0, 0.1))
    assert list(quiet.test.texts) == list(loud.test.texts)
    for index in range(2):
        over = loud.test.signal(index) - quiet.test.signal(index)
        assert 0.09 < over.std() < 0.11
        assert abs(over.mean()) < 0.01


@pytest.mark.parametrize("noise", [-0.1, math.inf, math.nan])
def test_a_noise_that_is_none_is_told(noise):
    with pytest.raises(UsageError, match=r"tones: noise is .*, expected at least 0; 0.02 is hard"):
        load_tones(noise=noise)


def test_a_smaller_split_is_the_start_of_a_larger(tones, triggers):
    less = load_tones(num_train=5, num_valid=3, num_test=4)
    assert list(less.test.texts) == list(tones.test.texts[:4])
    np.testing.assert_array_equal(less.train.signal(4), tones.train.signal(4))
    assert list(load_triggers(num_test=3).test.events) == list(triggers.test.events[:3])


def test_every_letter_is_a_label(tones):
    assert set("".join(WORDS)) == set(LETTERS)
    for split in tones.splits:
        for text in split.texts:
            assert tones.decode(tones.encode(text)) == text


def test_a_character_without_a_label_is_told(tones):
    with pytest.raises(DataError, match=r"tones: 'x' of 'axe' is none of the labels"):
        tones.encode("axe")


@pytest.mark.parametrize("load", [load_tones, load_triggers])
def test_generated_data_have_a_size(load):
    with pytest.raises(UsageError, match=r"num_test is None, expected at least 1"):
        load(num_train=1, num_valid=1, num_test=None)


def test_triggers_are_rare_and_lie_inside(triggers):
    split = triggers.train
    for signal, events in zip(split.signals, split.events, strict=True):
        assert sorted(events) == list(events)
        assert all(0 < event < signal.size for event in events)
    steps = sum(split.lengths) / 160  # of 20 ms
    assert 0.001 < sum(map(len, split.events)) / steps < 0.01


def test_what_ends_at_an_event_is_loud_and_then_it_is_still():
    """The trigger's last sound is before the event, a silence of 0.15 s or more behind it."""
    for index in range(30):
        signal, events = recording(1, index)
        for event in events:
            before = np.abs(signal[event - 400 : event - 100]).mean()
            after = np.abs(signal[event + 50 : event + 1000]).mean()
            assert before > 2 * after
    assert len(TRIGGER) == 3


# -- digits ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Two speakers, all digits, takes 0 to 9; a take is as long as its number and digit say."""
    (tmp_path / "digits").mkdir()
    for speaker in ("ann", "bob"):
        for digit in range(10):
            for take in range(10):
                count = 100 + 10 * digit + take
                value = (digit + 1) / 20 * (-1 if speaker == "bob" else 1)
                path = tmp_path / "digits" / f"{digit}_{speaker}_{take}.wav"
                write_wav(path, np.full(count, value), 8000)
    return tmp_path


def what_is_heard(split, index):
    """(speaker's sign, digit, take) of each recording of an utterance, from its samples."""
    heard = []
    for number in split.utterances[index]:
        samples = split.recordings[number]
        digit = round(abs(float(samples[0])) * 20) - 1
        heard.append((np.sign(samples[0]), digit, samples.size - 100 - 10 * digit))
    return heard


def test_strings_are_of_one_speaker_and_say_their_text(folder):
    corpus = load_digit_files(root=folder, num_train=40)
    assert len(corpus.train) == 40
    for split, takes in (
        (corpus.train, {7, 8, 9}),
        (corpus.valid, {5, 6}),
        (corpus.test, {*range(5)}),
    ):
        for index in range(len(split)):
            heard = what_is_heard(split, index)
            assert 3 <= len(heard) <= 5
            assert len({speaker for speaker, _, _ in heard}) == 1
            assert {take for _, _, take in heard} <= takes
            assert split.texts[index] == " ".join(NAMES[digit] for _, digit, _ in heard)
            assert split.signal(index).size == split.lengths[index]


def test_one_pass_has_every_recording_once(folder):
    test = load_digit_files(root=folder).test
    used = [number for string in test.utterances for number in string]
    assert sorted(used) == list(range(100))


def test_a_speaker_left_out_is_tested_alone(folder):
    corpus = load_digit_files(root=folder, leave_out="bob")
    signs = {
        split.name: {s for i in range(len(split)) for s, _, _ in what_is_heard(split, i)}
        for split in corpus.splits
    }
    assert signs == {"train": {1.0}, "valid": {1.0}, "test": {-1.0}}
    with pytest.raises(UnknownNameError, match=r"no speaker named 'eve'; installed: ann, bob"):
        load_digit_files(root=folder, leave_out="eve")


def test_seeds_draw_other_strings(folder):
    one, other = (load_digit_files(root=folder, seed=seed).test.texts for seed in (0, 1))
    assert one != other
    assert one == load_digit_files(root=folder, seed=0).test.texts


@pytest.mark.parametrize("count", range(1, 40))
def test_a_pass_is_cut_into_threes_to_fives(count):
    strings = draw_strings([list(range(count))], Bits(count, Purpose.DIGIT_STRINGS), None)
    assert sorted(n for s in strings for n in s) == list(range(count))
    if count >= 3:
        assert all(3 <= len(s) <= 5 for s in strings)


def test_bad_folders_are_told(folder, tmp_path):
    with pytest.raises(DataError, match=r"digits: no recordings in .*nowhere"):
        load_digit_files(root=folder, folder="nowhere")
    (folder / "digits" / "seven.wav").write_bytes(b"")
    with pytest.raises(DataError, match=r"seven\.wav .* has another name, expected \{digit\}_"):
        load_digit_files(root=folder)


def test_two_sample_rates_are_told(folder):
    write_wav(folder / "digits" / "0_ann_0.wav", np.zeros(100), 16000)
    with pytest.raises(DataError, match=r"sample rates \[8000, 16000\], expected one; resample"):
        load_digit_files(root=folder)


def test_a_speaker_without_training_takes_is_told(tmp_path):
    write_wav(tmp_path / "0_ann_0.wav", np.zeros(10), 8000)
    with pytest.raises(DataError, match=r"no take for the valid split, expected some of range\(5"):
        load_digit_files(root=tmp_path, folder=".")


# -- batches -----------------------------------------------------------------------------------


def test_a_batch_is_padded_and_time_major(tones):
    batch = make_batch(tones, tones.test, np.array([2, 0]))
    assert batch.signal.shape == (max(tones.test.lengths[[2, 0]]), 2)
    assert batch.lengths.tolist() == tones.test.lengths[[2, 0]].tolist()
    np.testing.assert_array_equal(batch.signal[: batch.lengths[1], 1], tones.test.signal(0))
    assert (batch.signal[batch.lengths[1] :, 1] == 0).all()
    assert tones.decode(batch.targets[1, : batch.target_lengths[1]]) == tones.test.texts[0]


def test_batches_hold_everything_once_and_depend_on_the_epoch(tones):
    first, second = (training_batches(tones, batch_size=6, seed=3, epoch=epoch) for epoch in (0, 1))
    for batches in (first, second, evaluation_batches(tones, tones.train, 6)):
        assert sorted(i for b in batches for i in b.indices.tolist()) == list(range(20))
    again = training_batches(tones, batch_size=6, seed=3, epoch=0)
    assert [b.indices.tolist() for b in again] == [b.indices.tolist() for b in first]
    assert [b.indices.tolist() for b in second] != [b.indices.tolist() for b in first]
    with pytest.raises(UsageError, match=r"batch_size is 0, expected at least 1"):
        training_batches(tones, batch_size=0, seed=0, epoch=0)


def test_trigger_batches_keep_their_events(triggers):
    for batch in trigger_batches(triggers.test, 4):
        assert list(batch.events) == [triggers.test.events[i] for i in batch.indices]
        assert batch.lengths.tolist() == triggers.test.lengths[batch.indices].tolist()


# -- the real recordings -----------------------------------------------------------------------


@pytest.mark.data
def test_fsdd():
    corpus = load_fsdd(num_train=None, num_valid=None, num_test=None)
    used = [sum(len(u) for u in split.utterances) for split in corpus.splits]
    assert used == [720, 80, 200]  # four speakers, ten digits, takes 7 to 24, 5 and 6, 0 to 4
    assert corpus.sample_rate == 8000
    assert corpus.name == "fsdd"
    held_out = load_fsdd(leave_out="theo", num_train=None)
    assert sum(len(u) for u in held_out.test.utterances) == 50
    assert sum(len(u) for u in held_out.train.utterances) == 540


@pytest.mark.data
def test_files_beside_the_data_set_are_not_read(tmp_path):
    """A full copy of the origin has more speakers and takes; the data set is what is checked."""
    target = tmp_path / fsdd_files.FOLDER
    target.parent.mkdir(parents=True)
    target.mkdir()
    source = os.path.join(os.environ["SEQBENCH_DATA"], fsdd_files.FOLDER)
    for name in os.listdir(source):
        os.symlink(os.path.join(source, name), target / name)
    write_wav(target / "3_lucas_0.wav", np.zeros(9), 8000)
    assert len(load_fsdd(root=tmp_path, num_test=None).test.recordings) == 200


@pytest.mark.data
def test_a_damaged_recording_is_told(tmp_path):
    source = os.path.join(os.environ["SEQBENCH_DATA"], fsdd_files.FOLDER)
    target = tmp_path / fsdd_files.FOLDER
    target.mkdir(parents=True)
    for name in os.listdir(source):
        if name != "3_george_7.wav":
            os.symlink(os.path.join(source, name), target / name)
    with pytest.raises(DataError, match=r"fsdd: .*3_george_7\.wav is missing, expected it under"):
        load_fsdd(root=tmp_path)
    write_wav(target / "3_george_7.wav", np.zeros(9), 8000)
    with pytest.raises(DataError, match=r"one of .*3_george_0\.wav to 3_george_24\.wav is damaged"):
        load_fsdd(root=tmp_path)
