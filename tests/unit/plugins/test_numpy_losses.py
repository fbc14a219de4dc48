"""The tuned softmax cross-entropy: blocks with gaps, no upstream, an upstream."""

import numpy as np
import pytest
from seqbench_numpy import losses
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.losses import SoftmaxCrossEntropy

from seqbench.interfaces import UnsupportedError
from seqbench.kernels.losses import SOFTMAX_CROSS_ENTROPY, LossOutputs
from seqbench.testing.cases import cases
from seqbench.testing.checks import checks_for
from seqbench.testing.comparing import GRADIENT_TOLERANCES, TOLERANCES, require_equal
from seqbench.testing.reference import reference
from seqbench.testing.running import forward_of, gradients_of, planned, upstream
from seqbench.testing.trees import cast

IMPL = SoftmaxCrossEntropy(SOFTMAX_CROSS_ENTROPY, NumpyBackend())


def test_conforms():
    for check in checks_for(IMPL):
        assert check(IMPL).ran


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 3, 100])
@pytest.mark.parametrize("given", [False, True])
def test_blocks_with_and_without_gaps(monkeypatch, dtype, rows, given):
    exact = reference(SOFTMAX_CROSS_ENTROPY)
    for case in cases(SOFTMAX_CROSS_ENTROPY, dtype=dtype):
        size = case.inputs.logits.shape[2] * np.dtype(dtype).itemsize
        monkeypatch.setattr(losses, "BLOCK_BYTES", rows * size)
        expected = forward_of(exact, case.cast("float64"))
        d_outputs = upstream(case, expected) if given else LossOutputs(None)
        _, gradients = gradients_of(exact, case.cast("float64"), cast(d_outputs, "float64"))
        outputs, actual = gradients_of(IMPL, case.filled(float("nan")), d_outputs)
        require_equal("forward", outputs, expected, TOLERANCES[dtype])
        require_equal("gradient", actual, gradients, GRADIENT_TOLERANCES[dtype])


def test_no_backward_without_grad():
    case = cases(SOFTMAX_CROSS_ENTROPY, ("tiny",))[0]
    plan = planned(IMPL, case)
    plan.forward(case.inputs)
    with pytest.raises(UnsupportedError, match="grad=False and has no gradient"):
        plan.backward(LossOutputs(None))
    assert 0 < plan.plan.nbytes < planned(IMPL, case, grad=True).plan.nbytes
