"""From text to one-hot vectors."""

import numpy as np
import pytest

from seqbench.data.vocabulary import UNK_ID
from seqbench.interfaces import DataError
from seqbench.registry import registry


@pytest.fixture
def features():
    return registry().get("feature", "vocabulary", "numpy")


def test_words_to_one_hot_vectors(features):
    vocabulary = features.build(["b a", "a"], level="word")
    found, lengths = features.one_hot(vocabulary, ["a b", "", "q"])
    assert found.shape == (2, 3, 6)
    assert found.dtype == np.float32
    assert lengths.tolist() == [2, 0, 1]
    assert found.sum(axis=(0, 2)).tolist() == [2, 0, 1]
    assert found[:, 0].argmax(axis=1).tolist() == [4, 5]
    assert found[0, 2].argmax() == UNK_ID


def test_characters_min_count_and_max_size(features):
    vocabulary = features.build(["aab", "abc"], level="character", min_count=2)
    assert vocabulary.to_list()[4:] == ["a", "b"]
    assert len(features.build(["aab"], level="character", max_size=5)) == 5
    found, _ = features.one_hot(vocabulary, ["ab"], dtype="float64")
    assert found.dtype == np.float64
    assert found.argmax(axis=2)[:, 0].tolist() == [4, 5]


def test_there_is_a_sentence(features):
    with pytest.raises(DataError, match="one_hot: there is no sentence, expected at least one"):
        features.one_hot(features.build(["a"]), [])
