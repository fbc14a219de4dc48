"""CTC's loss and its gradient at the logits against torch.nn.functional.ctc_loss."""

import importlib

import numpy as np
import pytest

from seqbench.kernels.ctc import CTC, CTCInputs
from seqbench.kernels.losses import LossOutputs, NoParams
from seqbench.testing.cases import cases
from seqbench.testing.comparing import GRADIENT_TOLERANCES, TOLERANCES, relative_error
from seqbench.testing.running import gradients_of, upstream

pytestmark = pytest.mark.peer("torch")


def implementation(impl_id):
    backend = impl_id.partition(".")[0]
    return importlib.import_module("seqbench").registry().get("loss", "ctc", backend, impl_id)


OURS = pytest.mark.parametrize("impl_id", ["numpy.ctc", "numpy.shared"])


@OURS
@pytest.mark.parametrize(
    ("dtype", "width"), [("float32", 1.0), ("float64", 1.0), ("float64", 5.0), ("float64", 80.0)]
)
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_values_and_gradients(peer, impl_id, dtype, width, zero_infinity):
    """Unequal lengths, an empty labelling, one without an alignment, one sequence without frames.

    Wide logits in float64 alone: torch sums logarithms in the dtype of the logits.
    """
    torch = peer("torch")
    T, V, blank_id = 60, 9, 4
    rng = np.random.default_rng(0)
    logits = width * rng.normal(size=(T, 6, V)).astype(dtype)
    labels = np.delete(np.arange(V), blank_id)
    targets = labels[rng.integers(0, V - 1, (6, 12))].astype(np.int32)
    lengths = np.array([60, 41, 60, 5, 0, 0], np.int32)
    ends = np.array([12, 7, 0, 12, 0, 3], np.int32)
    inputs = CTCInputs(logits, targets, lengths, ends, blank_id, "none", zero_infinity)
    impl = implementation(impl_id)
    plan = impl.plan(CTC.dims(NoParams(), inputs), dtype, grad=True)
    plan.load(NoParams())
    loss = plan.forward(inputs).loss
    found = plan.backward(LossOutputs(None)).inputs.logits
    scores = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.ctc_loss(
        scores.log_softmax(2),
        torch.tensor(targets).long(),
        torch.tensor(lengths).long(),
        torch.tensor(ends).long(),
        blank=blank_id,
        reduction="none",
        zero_infinity=zero_infinity,
    )
    expected.backward(torch.ones_like(expected))
    assert relative_error(loss, expected.detach().numpy()) <= TOLERANCES[dtype]
    theirs = scores.grad.numpy()
    if not zero_infinity:
        assert np.isinf(loss[[3, 5]]).all()
        assert np.isnan(found[:5, 3]).all()
        assert np.isnan(theirs[:5, 3]).all()
    assert relative_error(found, theirs) <= GRADIENT_TOLERANCES[dtype]


@OURS
def test_the_peer_serves_the_contract(peer, impl_id):
    peer("torch")
    ours, theirs = implementation(impl_id), implementation("torch.ctc")
    for case in cases(CTC, ("tiny", "odd", "one", "step", "padded")):
        outputs, _ = gradients_of(ours, case, LossOutputs(None))
        d_outputs = upstream(case, outputs)
        outputs, gradients = gradients_of(ours, case, d_outputs)
        expected, wanted = gradients_of(theirs, case, d_outputs)
        assert relative_error(outputs.loss, expected.loss) <= 1e-10, case
        assert relative_error(gradients.inputs.logits, wanted.inputs.logits) <= 1e-10, case
