"""CTC's loss and decoders: by hand, at the edges, and what they refuse."""

import math
from dataclasses import replace

import numpy as np
import pytest

from seqbench.interfaces import DtypeError, RangeError, ShapeError
from seqbench.kernels.ctc import CTC, CTCInputs
from seqbench.kernels.ctc_beam import CTC_BEAM, CTCBeamInputs, CTCBeamParams
from seqbench.kernels.ctc_greedy import (
    CTC_GREEDY,
    CTCGreedyInputs,
    CTCGreedyParams,
    collapse,
)
from seqbench.kernels.losses import LossOutputs, NoParams
from seqbench.testing.reference import reference


def int32(*values):
    return np.array(values, np.int32)


def ctc_inputs(**changes):
    """Two frames of even odds over a blank and two labels; the labelling 1."""
    given = {
        "logits": np.zeros((2, 1, 3)),
        "targets": int32([1]),
        "lengths": int32(2),
        "target_lengths": int32(1),
    }
    return CTCInputs(**(given | changes))


def loss(**changes):
    return float(reference(CTC)(NoParams(), ctc_inputs(**changes)).loss)


def gradient(**changes):
    inputs = ctc_inputs(**changes)
    plan = reference(CTC).plan(CTC.dims(NoParams(), inputs), "float64", grad=True)
    plan.load(NoParams())
    plan.forward(inputs)
    return plan.backward(LossOutputs(None)).inputs.logits


def test_by_hand():
    assert loss() == pytest.approx(-math.log(3 / 9))  # 1 1, _ 1, 1 _
    assert loss(targets=int32([1, 2]), target_lengths=int32(2)) == pytest.approx(math.log(9))
    assert loss(lengths=int32(1)) == pytest.approx(math.log(3))


def test_the_edges_of_both_lengths():
    assert loss(target_lengths=int32(0)) == pytest.approx(2 * math.log(3))  # two blanks
    assert loss(lengths=int32(0), target_lengths=int32(0)) == 0
    assert loss(lengths=int32(0)) == math.inf
    repeated = {"targets": int32([1, 1]), "target_lengths": int32(2)}
    assert loss(**repeated) == math.inf  # a blank must part them: three frames
    assert loss(**repeated, logits=np.zeros((3, 1, 3)), lengths=int32(3)) == pytest.approx(
        3 * math.log(3)
    )


def test_what_has_no_alignment_has_no_gradient_unless_asked():
    impossible = {"lengths": int32(1), "targets": int32([1, 2]), "target_lengths": int32(2)}
    found = gradient(**impossible)
    assert np.isnan(found[0]).all()
    assert (found[1] == 0).all()  # behind the length
    assert loss(**impossible, zero_infinity=True) == 0
    assert (gradient(**impossible, zero_infinity=True) == 0).all()


def test_a_forbidden_label_is_no_alignment():
    logits = np.zeros((2, 1, 3))
    logits[:, :, 1] = -math.inf
    assert loss(logits=logits) == math.inf
    assert (gradient(logits=logits, zero_infinity=True) == 0).all()
    assert np.isfinite(gradient(logits=logits, targets=int32([2]))).all()


def test_reductions():
    two = {
        "logits": np.zeros((2, 2, 3)),
        "targets": int32([1, 2], [1, 1]),
        "lengths": int32(2, 2),
        "target_lengths": int32(2, 1),
    }
    each = reference(CTC)(NoParams(), ctc_inputs(**two, reduction="none")).loss
    np.testing.assert_allclose(each, [math.log(9), math.log(3)])
    assert loss(**two) == pytest.approx(math.log(27))
    assert loss(**two, reduction="token_mean") == pytest.approx(math.log(27) / 3)
    nobody = {"lengths": int32(0, 0), "target_lengths": int32(0, 0), "reduction": "token_mean"}
    assert loss(**(two | nobody)) == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_and_wide_stays_finite(dtype):
    rng = np.random.default_rng(0)
    T, L = 5000, 60
    inputs = CTCInputs(
        rng.uniform(-80, 80, (T, 1, 30)).astype(dtype),
        rng.integers(1, 30, (1, L)).astype(np.int32),
        int32(T),
        int32(L),
    )
    plan = reference(CTC).plan(CTC.dims(NoParams(), inputs), dtype, grad=True)
    plan.load(NoParams())
    assert np.isfinite(plan.forward(inputs).loss)
    found = plan.backward(LossOutputs(None)).inputs.logits
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=2), 0, atol=1e-5)  # softmax and shares are one each


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"logits": np.zeros((2, 3))}, ShapeError, r"shape \(2, 3\), expected \(T, B, V\)"),
        ({"logits": np.zeros((2, 1, 3), int)}, DtypeError, "logits are int64, expected a floating"),
        ({"targets": int32(1)}, ShapeError, r"targets are \(1,\), expected \(B, L\) with B = 1"),
        ({"targets": np.ones((1, 1))}, DtypeError, "targets are float64, expected int32"),
        ({"targets": int32([0])}, RangeError, "one of the targets is 0, the blank, expected label"),
        ({"targets": int32([3])}, RangeError, "one of the targets is 3, expected 0 to 2"),
        ({"targets": int32([-1])}, RangeError, "one of the targets is -1, expected 0 to 2"),
        ({"lengths": int32(3)}, RangeError, "a length is 3, expected 0 to T = 2"),
        ({"lengths": int32(2).astype("int64")}, DtypeError, "lengths are int64, expected int32"),
        ({"target_lengths": int32(2)}, RangeError, "a target length is 2, expected 0 to L = 1"),
        ({"target_lengths": np.ones(1)}, DtypeError, "target_lengths are float64, expected int32"),
        ({"blank_id": 3}, RangeError, "blank_id is 3, expected 0 to V - 1 = 2"),
        ({"blank_id": -1}, RangeError, "blank_id is -1, expected 0 to V - 1 = 2"),
        ({"reduction": "mean"}, RangeError, "'mean', expected one of sum, token_mean, none"),
        ({"logits": np.full((2, 1, 3), np.nan)}, RangeError, "logits holds NaN or .inf, expected"),
        ({"logits": np.full((2, 1, 3), np.inf)}, RangeError, "logits holds NaN or .inf, expected"),
        (
            {"logits": np.full((2, 1, 3), -np.inf)},
            RangeError,
            "holds nothing but -inf, expected nu",
        ),
    ],
)
def test_ctc_refuses(changes, error, message):
    with pytest.raises(error, match=message):
        loss(**changes)


def test_padding_may_be_anything():
    logits = np.zeros((4, 1, 3))
    logits[2:] = np.nan
    padded = {"logits": logits, "targets": int32([1, 0, 99])}
    assert loss(**padded) == loss()
    assert (gradient(**padded)[2:] == 0).all()


def test_arrays_that_are_not_contiguous():
    logits = np.random.default_rng(0).normal(size=(3, 4, 2))
    turned = logits.transpose(1, 2, 0)  # (T, B, V) = (4, 2, 3)
    given = {
        "targets": int32([1], [2]),
        "lengths": int32(4, 3),
        "target_lengths": int32(1, 1),
    }
    assert loss(logits=turned, **given) == loss(logits=turned.copy(), **given)


def test_collapse_by_hand():
    """a a _ a b b: the blank keeps the two a apart."""
    path = np.array([1, 1, 0, 1, 2, 2])[:, None]
    labels, lengths = collapse(path, np.ones((6, 1), bool), 0, xp=np)
    assert labels.tolist() == [[1, 1, 2, 0, 0, 0]]
    assert lengths.tolist() == [3]
    labels, lengths = collapse(path, np.arange(6)[:, None] < 3, 0, xp=np)
    assert (labels[0, :1].tolist(), lengths.tolist()) == ([1], [1])


SEARCHES = [
    (CTC_GREEDY, CTCGreedyParams, CTCGreedyInputs),
    (CTC_BEAM, CTCBeamParams, CTCBeamInputs),
]


def searched(contract, params, inputs, **changes):
    given = {"logits": np.zeros((2, 1, 3)), "lengths": int32(2)} | changes
    return reference(contract)(params(), inputs(**given))


@pytest.mark.parametrize("search", SEARCHES, ids=lambda s: s[0].name)
def test_ties_go_to_the_lowest_id(search):
    """Even odds: the blank first; with a blank of 2 label 0, each prefix before its extensions."""
    found = searched(*search)
    if search[0] is CTC_GREEDY:
        assert found.label_lengths.tolist() == [0]
        assert searched(*search, blank_id=2).labels[0, 0] == 0
    else:  # 1 and 2 have three alignments each, the empty labelling one
        assert found.labels[0, 0].tolist() == [1, 0]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda s: s[0].name)
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"logits": np.zeros((2, 3))}, ShapeError, r"expected \(T, B, V\)"),
        ({"logits": np.zeros((2, 1, 3), int)}, DtypeError, "are int64, expected a floating"),
        ({"lengths": int32(3)}, RangeError, "a length is 3, expected 0 to T = 2"),
        ({"blank_id": 3}, RangeError, "blank_id is 3, expected 0 to V - 1 = 2"),
        ({"logits": np.full((2, 1, 3), np.nan)}, RangeError, "logits holds NaN or .inf, expected"),
    ],
)
def test_searches_refuse(search, changes, error, message):
    with pytest.raises(error, match=message):
        searched(*search, **changes)


AUTOMATON = {
    "bonus": np.zeros((2, 3)),
    "next_state": np.zeros((2, 3), np.int32),
    "final": np.zeros(2),
}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"width": 0}, RangeError, "width is 0, expected at least 1"),
        ({"width": 2, "n_best": 3}, RangeError, "n_best is 3, expected 1 to the width 2"),
        ({"n_best": 0}, RangeError, "n_best is 0, expected 1 to the width"),
        (AUTOMATON | {"final": None}, ShapeError, "given in part, expected all three or none"),
        (AUTOMATON | {"final": np.zeros(3)}, ShapeError, r"final is \(3,\), expected \(2,\)"),
        (AUTOMATON | {"next_state": np.zeros((2, 3))}, DtypeError, "next_state is float64"),
        (
            AUTOMATON | {"next_state": np.full((2, 3), 2, np.int32)},
            RangeError,
            "a next_state is 2, expected 0 to G - 1 = 1",
        ),
    ],
)
def test_the_beam_refuses(changes, error, message):
    with pytest.raises(error, match=message):
        searched(*SEARCHES[1], **changes)


def test_an_empty_batch():
    empty = {"logits": np.zeros((2, 0, 3)), "lengths": np.zeros(0, np.int32)}
    assert searched(*SEARCHES[0], **empty).labels.shape == (0, 2)
    assert searched(*SEARCHES[1], **empty).labels.shape == (0, 1, 2)
    labels = np.zeros((0, 1), np.int32)
    inputs = replace(ctc_inputs(**empty), targets=labels, target_lengths=empty["lengths"])
    assert reference(CTC)(NoParams(), inputs).loss == 0
