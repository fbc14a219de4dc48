"""One-hot vectors: what they hold, and what is refused."""

import numpy as np
import pytest

from seqbench.interfaces import DtypeError, RangeError, ShapeError
from seqbench.kernels.losses import NoParams
from seqbench.kernels.one_hot import ONE_HOT, OneHotDims, OneHotInputs
from seqbench.testing.reference import reference

IDS = np.array([[2, 0], [1, 7], [2, 9]], np.int32)
LENGTHS = np.array([3, 1], np.int32)


def one_hot(ids=IDS, lengths=LENGTHS, vocab_size=4):
    return reference(ONE_HOT)(NoParams(), OneHotInputs(ids, lengths, vocab_size)).one_hot


def test_a_one_a_token_and_nothing_past_a_length():
    found = one_hot()
    assert found.shape == (3, 2, 4)
    assert found[:, 0].argmax(axis=1).tolist() == [2, 1, 2]
    assert found[:, 1].tolist() == [[1, 0, 0, 0], [0] * 4, [0] * 4]
    assert found.sum() == 4


def test_a_plan_forgets_the_last_batch():
    plan = reference(ONE_HOT).plan(OneHotDims(3, 2, 4), "float64")
    plan.load(NoParams())
    plan.forward(OneHotInputs(IDS, LENGTHS, 4))
    again = plan.forward(OneHotInputs(IDS * 0 + 3, np.array([1, 2], np.int32), 4)).one_hot
    assert again.sum() == 3
    assert again[:, :, 3].tolist() == [[1, 1], [0, 1], [0, 0]]


@pytest.mark.parametrize("bad", [-1, 4])
def test_an_id_outside_the_vocabulary(bad):
    ids = IDS.copy()
    ids[1, 0] = bad
    message = f"one_hot: one of the ids is {bad}, expected 0 to 3; encode with the vocabulary"
    with pytest.raises(RangeError, match=message):
        one_hot(ids)


def test_other_refusals():
    with pytest.raises(ShapeError, match=r"ids have shape \(3,\), expected \(T, B\); add the"):
        one_hot(IDS[:, 0])
    with pytest.raises(RangeError, match="vocab_size is 0, expected at least 1; give the size"):
        one_hot(vocab_size=0)
    with pytest.raises(RangeError, match="one_hot: a length is 4, expected 0 to T = 3"):
        one_hot(lengths=np.array([4, 1], np.int32))
    with pytest.raises(DtypeError, match="ids are float64, expected int32; encode the tokens"):
        one_hot(IDS.astype("float64"))
