"""The tuned CTC kernels: rescues forced and counted, windows, ties."""

import numpy as np
import pytest
from seqbench_numpy import ctc as tuned
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.ctc_beam import CTCBeam
from seqbench_numpy.ctc_greedy import CTCGreedy

from seqbench.interfaces import UnsupportedError
from seqbench.kernels.ctc import CTC, CTCInputs
from seqbench.kernels.ctc_beam import CTC_BEAM, CTCBeamInputs, CTCBeamParams
from seqbench.kernels.ctc_greedy import CTC_GREEDY
from seqbench.kernels.losses import LossOutputs, NoParams
from seqbench.testing.checks import checks_for
from seqbench.testing.comparing import require_equal
from seqbench.testing.reference import reference

BACKEND = NumpyBackend()
LOSS, BEAM = tuned.CTC(CTC, BACKEND), CTCBeam(CTC_BEAM, BACKEND)
GREEDY = CTCGreedy(CTC_GREEDY, BACKEND)


@pytest.mark.parametrize("impl", [LOSS, GREEDY, BEAM], ids=lambda i: i.impl_id)
def test_conforms(impl):
    for check in checks_for(impl):
        assert check(impl).ran


def run(impl, inputs, dtype="float64"):
    plan = impl.plan(CTC.dims(NoParams(), inputs), dtype, grad=True)
    plan.load(NoParams())
    outputs = plan.forward(inputs)
    return (outputs, plan.backward(LossOutputs(None))), plan


def inputs_of(T, B, V, L, width, seed=0):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2 * L, T + 1, B).astype(np.int32)
    target_lengths = rng.integers(0, L + 1, B).astype(np.int32)
    targets = rng.integers(1, V, (B, L)).astype(np.int32)
    logits = width * rng.normal(size=(T, B, V))
    return CTCInputs(logits, targets, lengths, target_lengths, reduction="none")


@pytest.mark.parametrize("width", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("window", [1, 8, 100])
@pytest.mark.parametrize("span", [0, tuned.SPAN])
def test_windows_of_any_length_give_the_same(monkeypatch, window, span, width):
    """Of logits over the span and, by their nats, within it."""
    monkeypatch.setattr(tuned, "WINDOW", window)
    monkeypatch.setattr(tuned, "WINDOW_NATS", 27 * window if window < 100 else 220)
    monkeypatch.setattr(tuned, "SPAN", span)
    inputs = inputs_of(37, 6, 7, 9, width)
    found, _ = run(LOSS, inputs)
    expected, _ = run(reference(CTC), inputs)
    require_equal("ctc", found, expected, 1e-10)


def test_ordinary_logits_need_no_rescue():
    _, plan = run(LOSS, inputs_of(200, 4, 30, 20, 1.0))
    assert plan.notes == {"rescued": 0}


@pytest.mark.parametrize("best", [0, 1, "alternating"])
def test_logits_as_far_apart_as_the_span_need_no_rescue(best):
    """Blanks, or labels, or each in turn have all of the probability: masses move the most."""
    inputs = inputs_of(400, 3, 5, 40, 0.0)
    high = np.arange(400) % 2 if best == "alternating" else best
    chosen = (np.arange(5) > 0) == np.broadcast_to(high, 400)[:, None, None]  # (T, 1, V)
    inputs.logits[...] = np.where(chosen, tuned.SPAN / 2, -tuned.SPAN / 2)
    found, plan = run(LOSS, inputs)
    expected, _ = run(reference(CTC), inputs)
    assert plan.notes == {"rescued": 0}
    require_equal("far apart", found, expected, 1e-10)


def test_five_thousand_frames_need_no_rescue():
    found, plan = run(LOSS, inputs_of(5000, 2, 9, 30, 2.0))
    expected, _ = run(reference(CTC), inputs_of(5000, 2, 9, 30, 2.0))
    assert plan.notes == {"rescued": 0}
    require_equal("long", found, expected, 1e-10)


def test_no_frames_can_only_say_nothing():
    inputs = CTCInputs(
        np.zeros((0, 2, 3)), np.array([[1], [1]], np.int32), *np.array([[0, 0], [0, 1]], np.int32)
    )
    ((outputs, gradients), _), expected = run(LOSS, inputs), reference(CTC)(NoParams(), inputs)
    assert outputs.loss == expected.loss == np.inf
    assert gradients.inputs.logits.shape == (0, 2, 3)


def test_what_underflows_is_rescued_and_counted():
    wide = inputs_of(300, 3, 20, 15, 60.0)
    found, plan = run(LOSS, wide)
    expected, _ = run(reference(CTC), wide)
    assert plan.notes["rescued"] > 0
    require_equal("rescued", found, expected, 1e-10)


def test_without_the_certificate_wide_logits_go_wrong(monkeypatch):
    """The rescue is needed, not ornamental."""
    monkeypatch.setattr(
        tuned.CTCPlan, "_disagree", lambda self, total, T: np.zeros(total[0].shape[1], bool)
    )
    wide = inputs_of(300, 3, 20, 15, 60.0)
    (outputs, _), _ = run(LOSS, wide)
    (expected, _), _ = run(reference(CTC), wide)
    assert not np.allclose(outputs.loss, expected.loss, rtol=1e-10)


def test_no_backward_without_grad():
    inputs = inputs_of(20, 2, 5, 3, 1.0)
    plan = LOSS.plan(CTC.dims(NoParams(), inputs), "float64")
    plan.load(NoParams())
    plan.forward(inputs)
    with pytest.raises(UnsupportedError, match="grad=False and has no gradient"):
        plan.backward(LossOutputs(None))
    held = LOSS.plan(CTC.dims(NoParams(), inputs), "float64", grad=True).nbytes
    assert 0 < plan.nbytes < held


def beams(impl, logits, width, n_best=1):
    T, B, _ = logits.shape
    inputs = CTCBeamInputs(logits, np.full(B, T, np.int32), width, n_best)
    plan = impl.plan(CTC_BEAM.dims(CTCBeamParams(), inputs), "float64")
    plan.load(CTCBeamParams())
    return plan.forward(inputs), plan


def test_equal_candidates_keep_their_order():
    """Whole numbers as logits: many candidates are equal."""
    logits = np.zeros((3, 4, 4))
    found, _ = beams(BEAM, logits, 6, 6)
    assert (found.labels == found.labels[:1]).all()
    expected, _ = beams(reference(CTC_BEAM), logits[:1], 3, 3)
    found, _ = beams(BEAM, logits[:1], 3, 3)
    np.testing.assert_array_equal(found.labels, expected.labels[:, :, :1])


def test_a_beam_that_underflows_is_rescued_and_counted():
    logits = 300 * np.random.default_rng(0).normal(size=(30, 2, 5))
    found, plan = beams(BEAM, logits, 8, 8)
    expected, _ = beams(reference(CTC_BEAM), logits, 8, 8)
    assert plan.notes["rescued"] > 0
    require_equal("beam", found, expected, 1e-10)
