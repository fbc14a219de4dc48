"""Labelled corpora, their files, folds and batches; what is wrong with them is told."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from seqbench.data.classification import (
    _fold,
    _held_out,
    load_classification,
    load_mr,
    parse_line,
)
from seqbench.data.classification_files import DATASETS
from seqbench.data.labelled import build_labelled
from seqbench.data.labelled_batching import (
    evaluation_batches,
    make_batch,
    shuffled_words,
    training_batches,
    validate_batch,
)
from seqbench.data.opinions import load_opinions
from seqbench.interfaces import DataError, RangeError, ShapeError, UsageError

ITEMS = [(("a",) * (1 + n % 5), n % 2) for n in range(40)]


SPLIT_ITEMS = {"train": ITEMS, "valid": ITEMS[:3], "test": ITEMS[:5]}


def corpus(**changes):
    items = SPLIT_ITEMS | changes
    return build_labelled("toy", "here", ("no", "yes"), items, min_count=1, max_length=4)


def test_sentences_are_cut_to_the_maximum_and_strings_stay():
    made = corpus()
    assert made.train.ids.lengths.max() == 4
    assert len(made.train.sentences[4]) == 5


def test_the_hash_sees_labels_and_words():
    assert corpus().data_hash == corpus().data_hash
    assert corpus().data_hash != corpus(train=[(("a",), 1), *ITEMS[1:]]).data_hash


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_out_of_range_is_told(label):
    message = rf"the label of valid sentence 1 is {label}, expected 0 to 1"
    with pytest.raises(RangeError, match=message):
        corpus(valid=[(("a",), 0), (("b",), label)])


def test_empty_splits_and_sentences_are_told():
    with pytest.raises(DataError, match="the valid split is empty"):
        corpus(valid=[])
    with pytest.raises(DataError, match="test sentence 1 is empty"):
        corpus(test=[(("a",), 0), ((), 1)])


def test_groups_are_cut_with_their_sentences_and_are_part_of_the_hash():
    told = {"test": list("abcde")}
    made = build_labelled(
        "toy", "here", ("no", "yes"), SPLIT_ITEMS, min_count=1, max_length=4, groups=told
    )
    assert made.test.head(2).groups == ("a", "b")
    assert made.train.groups == ()
    assert made.data_hash != corpus().data_hash


def test_a_sentence_without_a_group_is_told():
    with pytest.raises(DataError, match=r"4 groups for 5 sentences, expected one each"):
        build_labelled(
            "toy",
            "here",
            ("no", "yes"),
            SPLIT_ITEMS,
            min_count=1,
            max_length=4,
            groups={"test": list("abcd")},
        )


def test_training_batches_hold_every_sentence_once_and_repeat_themselves():
    split = corpus().train
    first = training_batches(split, 2, batch_size=7, seed=3, epoch=1)
    again = training_batches(split, 2, batch_size=7, seed=3, epoch=1)
    other = training_batches(split, 2, batch_size=7, seed=3, epoch=2)
    order = np.concatenate([b.indices for b in first])
    assert sorted(order) == list(range(40))
    assert order.tolist() == np.concatenate([b.indices for b in again]).tolist()
    assert order.tolist() != np.concatenate([b.indices for b in other]).tolist()


def test_evaluation_batches_have_the_labels_of_their_sentences():
    split = corpus().train
    for batch in evaluation_batches(split, 2, 6):
        assert batch.labels.tolist() == [ITEMS[i][1] for i in batch.indices]
        assert batch.ids.shape[0] == batch.lengths.max()


def test_shuffled_words_are_the_same_words_in_another_order():
    split = load_opinions(num_train=50, num_valid=1, num_test=1).train
    batch = make_batch(split, np.arange(50), 2)
    mixed = shuffled_words(batch, 3)
    for column, length in enumerate(batch.lengths.tolist()):
        before, after = batch.ids[:, column], mixed.ids[:, column]
        assert sorted(after[:length]) == sorted(before[:length])
        assert (after[length:] == before[length:]).all()
        assert (after != before).any() == (len(set(before[:length].tolist())) > 1)
    assert (shuffled_words(batch, 3).ids == mixed.ids).all()
    alike = make_batch(corpus().train, np.arange(40), 2)
    assert (shuffled_words(alike, 3).ids == alike.ids).all()


def test_the_order_hangs_on_the_sentence_and_not_on_its_batch():
    split = load_opinions(num_train=20, num_valid=1, num_test=1).train
    whole = shuffled_words(make_batch(split, np.arange(20), 2), 0)
    other = shuffled_words(make_batch(split, np.array([7, 3]), 2), 0)
    for column, index in enumerate([7, 3]):
        length = int(other.lengths[column])
        assert (other.ids[:length, column] == whole.ids[:length, index]).all()
    again = shuffled_words(make_batch(split, np.arange(20), 2), 1)
    assert (again.ids != whole.ids).any()


def test_a_batch_of_nothing_is_a_batch():
    batch = make_batch(corpus().train, np.zeros(0, np.int64), 2)
    assert batch.size == 0


def test_batches_are_checked():
    batch = make_batch(corpus().train, np.arange(3), 2)
    with pytest.raises(RangeError, match=r"one of the labels is 7, expected 0 to 1"):
        validate_batch(replace(batch, labels=np.array([0, 7, 1], np.int32)), 9, 2)
    with pytest.raises(RangeError, match=r"one of the ids is 4, expected 0 to 3"):
        validate_batch(batch, 4, 2)
    with pytest.raises(ShapeError, match=r"labels are \(2,\), expected \(B,\) = \(3,\)"):
        validate_batch(replace(batch, labels=batch.labels[:2]), 9, 2)


def test_folds_part_the_sentences_by_class():
    found = [_fold(ITEMS, fold) for fold in range(10)]
    assert sum(len(tenth) for _, tenth in found) == len(ITEMS)
    rest, tenth = found[3]
    assert tenth == [ITEMS[i] for i in (6, 7, 26, 27)]  # lines 3 and 13 of each class
    assert len(rest) == 36
    with pytest.raises(UsageError, match="fold is -1"):
        _fold(ITEMS, -1)


def test_a_tenth_is_held_out_by_the_seed():
    train, valid = _held_out(ITEMS, 0)
    assert (len(train), len(valid)) == (36, 4)
    assert _held_out(ITEMS, 0) == (train, valid)
    assert _held_out(ITEMS, 1)[1] != valid


def test_lines_are_read_by_the_format_of_their_file():
    assert parse_line("good film\t1", DATASETS["sst2"], 0) == (("good", "film"), 1)
    assert parse_line("4 so good", DATASETS["sst5"], 0) == (("so", "good"), 4)
    assert parse_line("dull stuff", DATASETS["mr"], 0) == (("dull", "stuff"), 0)
    with pytest.raises(DataError, match=r"has the label '7', expected 0 to 5 before the sentence"):
        parse_line("7 what ?", DATASETS["trec"], 0)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match=r"mr: .*mr.neg.dev.txt is missing.*SEQBENCH_DATA"):
        load_mr(root=tmp_path)


SIZES = {
    "mr": (7773, 863, 960),
    "subj": (7290, 810, 900),
    "sst2": (6228, 692, 872),
    "sst5": (7690, 854, 1101),
    "trec": (4414, 490, 548),
}


@pytest.mark.data
@pytest.mark.parametrize("name", sorted(SIZES))
def test_the_real_splits(name):
    made = load_classification(name, root=os.environ["SEQBENCH_DATA"])
    assert tuple(len(split) for split in made.splits) == SIZES[name]
    held = [set(map(tuple, split.sentences)) for split in (made.train, made.test)]
    assert len(held[0] & held[1]) < 20  # a few snippets occur twice in the originals
    for split in made.splits:
        assert set(split.labels.tolist()) == set(range(len(made.classes)))


@pytest.mark.data
def test_folds_of_mr_test_on_other_sentences():
    root = os.environ["SEQBENCH_DATA"]
    one, other = (load_mr(root=root, fold=fold, num_test=50) for fold in (0, 1))
    assert not set(one.test.sentences) & set(other.test.sentences)
    assert load_mr(root=root, fold=10, num_test=50).data_hash == one.data_hash
