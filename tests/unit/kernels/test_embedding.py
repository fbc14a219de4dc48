import numpy as np
import pytest

from seqbench.interfaces import DtypeError, RangeError, ShapeError
from seqbench.kernels._ids import one_hot
from seqbench.kernels.embedding import (
    GATHER,
    ONE_HOT,
    EmbeddingInputs,
    EmbeddingOutputs,
    EmbeddingParams,
)
from seqbench.testing.checks import checks_for
from seqbench.testing.reference import reference

WEIGHT = np.arange(6.0).reshape(3, 2)
IDS = np.array([[2], [0], [2]], np.int32)
BOTH = pytest.mark.parametrize("contract", [GATHER, ONE_HOT], ids=lambda c: c.name)


@BOTH
def test_conforms(contract):
    impl = reference(contract)
    for check in checks_for(impl):
        assert check(impl).ran


@BOTH
def test_rows_of_repeated_ids_add_up(contract):
    plan = reference(contract).plan(contract.Dims(3, 1, 3, 2), "float64", grad=True)
    plan.load(EmbeddingParams(WEIGHT))
    rows = plan.forward(EmbeddingInputs(IDS)).rows
    np.testing.assert_array_equal(rows[:, 0], [[4, 5], [0, 1], [4, 5]])
    upstream = np.array([[[1.0, 2.0]], [[10.0, 20.0]], [[100.0, 200.0]]])
    gradient = plan.backward(EmbeddingOutputs(upstream)).params.weight
    np.testing.assert_array_equal(gradient, [[10, 20], [0, 0], [101, 202]])
    nothing = plan.backward(EmbeddingOutputs(None)).params.weight
    np.testing.assert_array_equal(nothing, np.zeros((3, 2)))


def test_one_hot():
    batch = one_hot(IDS, 3, "float32", xp=np)
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch[:, 0], [[0, 0, 1], [1, 0, 0], [0, 0, 1]])


@pytest.mark.parametrize(
    ("weight", "ids", "error", "message"),
    [
        (WEIGHT, IDS + 1, RangeError, "one of the ids is 3, expected 0 to 2"),
        (WEIGHT, IDS - 1, RangeError, "one of the ids is -1, expected 0 to 2"),
        (WEIGHT, IDS * 1.0, DtypeError, "ids are float64, expected int32"),
        (WEIGHT, IDS[0], ShapeError, r"ids have shape \(1,\), expected \(T, B\)"),
        (WEIGHT[0], IDS, ShapeError, r"weight has shape \(2,\), expected \(V, E\)"),
    ],
)
def test_refuses(weight, ids, error, message):
    with pytest.raises(error, match=message):
        GATHER.validate(EmbeddingParams(weight), EmbeddingInputs(ids))
