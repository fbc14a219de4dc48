"""The tuned gather and Adam, and the tanh that the tuned kernels share."""

import numpy as np
import pytest
from seqbench_numpy import _fastmath, _scatter, optimizers
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.embedding import gather_columns, gather_product
from seqbench_numpy.optimizers import Adam

from seqbench.interfaces import UnsupportedError
from seqbench.kernels.embedding import GATHER, EmbeddingOutputs
from seqbench.kernels.optimizers import ADAM
from seqbench.testing.cases import cases
from seqbench.testing.checks import checks_for
from seqbench.testing.comparing import require_equal
from seqbench.testing.reference import reference
from seqbench.testing.running import forward_of, planned

ADAM_IMPL = Adam(ADAM, NumpyBackend())
GATHERS = [make(GATHER, NumpyBackend()) for make in (gather_columns, gather_product)]


@pytest.mark.parametrize("impl", [*GATHERS, ADAM_IMPL], ids=lambda i: i.impl_id)
def test_conforms(impl):
    for check in checks_for(impl):
        assert check(impl).ran


@pytest.mark.parametrize("add", [_scatter.add_by_columns, _scatter.add_by_product])
def test_scatter_adds_to_what_is_there(add):
    out = np.ones((4, 2))
    add(out, np.array([3, 0, 3], np.int32), np.array([[1.0, 2], [3, 4], [5, 6]]))
    np.testing.assert_array_equal(out, [[4, 5], [1, 1], [1, 1], [7, 9]])


def test_columns_say_where_scipy_has_no_such_loop(monkeypatch):
    monkeypatch.setattr(_scatter, "csc_matvecs", None)
    with pytest.raises(UnsupportedError, match="no csc_matvecs; choose numpy"):
        GATHERS[0].plan(GATHER.Dims(1, 1, 1, 1))
    GATHERS[1].plan(GATHER.Dims(1, 1, 1, 1))


def test_no_backward_of_a_gather_without_grad():
    case = cases(GATHER, ("tiny",))[0]
    plan = planned(GATHERS[0], case)
    plan.forward(case.inputs)
    with pytest.raises(UnsupportedError, match="no buffer for the gradient"):
        plan.backward(EmbeddingOutputs(None))


def test_adam_in_chunks(monkeypatch):
    case = cases(ADAM, ("odd",))[0]
    monkeypatch.setattr(optimizers, "CHUNK_BYTES", 8 * 10)
    plan = planned(ADAM_IMPL, case)
    plan.forward(case.inputs)
    exact = planned(reference(ADAM), case)
    exact.forward(case.inputs)
    require_equal("params", plan.params, exact.params, 1e-12)
    assert forward_of(ADAM_IMPL, case).weight.shape == (129,)


def test_adam_has_no_gradient():
    plan = ADAM_IMPL.plan(ADAM.Dims(3))
    with pytest.raises(UnsupportedError, match="adam has no gradient"):
        plan.backward(None)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-15)])
@pytest.mark.parametrize("way", [_fastmath.tanh_, _fastmath.tanh_by_exp])
def test_tanh(dtype, tolerance, way):
    x = np.concatenate([np.linspace(-15, 15, 40_000), [0, 1e-30, 1e3, -1e3, np.inf, -np.inf]])
    x = x.astype(dtype)
    expected = np.tanh(x.astype("float64"))
    way(x)
    assert x.dtype == dtype
    assert abs(x - expected).max() <= tolerance


def test_tanh_keeps_nan():
    x = np.full(3, np.nan)
    _fastmath.tanh_by_exp(x)
    assert np.isnan(x).all()


@pytest.mark.parametrize(
    ("simd", "expected"),
    [
        ({"X86_V2", "X86_V3"}, "exp"),
        ({"SSE2", "AVX2"}, "exp"),
        ({"X86_V2", "X86_V3", "X86_V4"}, "numpy"),
        ({"SSE2", "AVX512_SKX"}, "numpy"),
        ({"NEON"}, "numpy"),
    ],
)
def test_choice_of_tanh(simd, expected):
    assert _fastmath.choose_tanh(simd) == expected
