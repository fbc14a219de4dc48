from dataclasses import replace

import numpy as np
import pytest

from seqbench.interfaces import RangeError, ShapeError, UnknownNameError
from seqbench.kernels.clipping import clip_by_global_norm, clip_by_value
from seqbench.kernels.optimizers import ADAGRAD, ADAM, SGD
from seqbench.kernels.schedules import Decay, learning_rate
from seqbench.testing.cases import cases
from seqbench.testing.checks import checks_for
from seqbench.testing.reference import reference
from seqbench.testing.running import planned
from seqbench.testing.trees import named_arrays

OPTIMIZERS = pytest.mark.parametrize("contract", [ADAM, ADAGRAD, SGD], ids=lambda c: c.name)


@OPTIMIZERS
def test_conforms(contract):
    impl = reference(contract)
    for check in checks_for(impl):
        assert check(impl).ran


@OPTIMIZERS
def test_updates_its_params_in_place_and_leaves_the_gradient(contract):
    case = cases(contract, ("tiny",))[0]
    plan = planned(reference(contract), case)
    plan.forward(case.inputs)
    assert plan.outputs.weight is plan.params.weight
    before, after = dict(named_arrays(case.params)), dict(named_arrays(plan.params))
    assert all((before[name] != after[name]).any() for name in before)
    np.testing.assert_array_equal(plan.inputs.gradient, case.inputs.gradient)


@pytest.mark.parametrize(("contract", "first"), [(ADAM, 0.01), (ADAGRAD, 0.01), (SGD, 0.02)])
def test_the_first_step_from_rest_by_hand(contract, first):
    """Adam and AdaGrad move every weight by the rate, SGD by the rate times the gradient."""
    zero = np.zeros(3)
    slots = [zero.copy() for _ in contract.Params.__dataclass_fields__]
    gradient = np.array([2.0, -2.0, 2.0])
    out = reference(contract)(contract.Params(*slots), contract.Inputs(gradient, 1, 0.01))
    np.testing.assert_allclose(out.weight, -first * np.sign(gradient), rtol=1e-6)


def test_sgd_momentum_by_hand():
    params = SGD.Params(np.zeros(1), np.zeros(1))
    for step in (1, 2):
        reference(SGD)(params, SGD.Inputs(np.ones(1), step, 1.0, momentum=0.5))
    assert params.weight[0] == -2.5  # 1, then 0.5 + 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"step": 0}, RangeError, "step is 0, expected at least 1"),
        ({"beta1": 1.0}, RangeError, "beta1 is 1.0, expected at least 0 and below 1"),
        ({"gradient": np.zeros(7)}, ShapeError, r"gradient is \(7,\), expected \(8,\)"),
    ],
)
def test_refuses(changes, error, message):
    case = cases(ADAM, ("tiny",))[0]
    with pytest.raises(error, match=message):
        ADAM.validate(case.params, replace(case.inputs, **changes))


def test_refuses_parameters_that_are_not_flat():
    case = cases(ADAM, ("tiny",))[0]
    square = replace(case.params, weight=np.zeros((2, 4)))
    with pytest.raises(ShapeError, match=r"weight has shape \(2, 4\), expected \(N,\)"):
        ADAM.validate(square, case.inputs)


def test_global_norm():
    gradient = np.array([3.0, 4.0], np.float32)
    assert clip_by_global_norm(gradient, np.inf, xp=np) == 5
    np.testing.assert_array_equal(gradient, [3, 4])
    assert clip_by_global_norm(gradient, 1.0, xp=np) == 5
    np.testing.assert_allclose(gradient, [0.6, 0.8], rtol=1e-6)
    assert gradient.dtype == np.float32
    zero = np.zeros(2)
    assert clip_by_global_norm(zero, 1.0, xp=np) == 0
    np.testing.assert_array_equal(zero, 0)


def test_clip_by_value():
    gradient = np.array([-3.0, 0.5, 4.0])
    clip_by_value(gradient, 1.0, xp=np)
    np.testing.assert_array_equal(gradient, [-1, 0.5, 1])


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("constant", {}, [2, 2, 2, 2, 2, 2]),
        ("constant", {"warmup_steps": 4}, [0.5, 1, 1.5, 2, 2, 2]),
        ("inverse_sqrt", {"warmup_steps": 1}, [2 / n**0.5 for n in range(1, 7)]),
        ("exponential", {"decay": Decay(2, 0.25)}, [2, 1, 0.5, 0.25, 0.125, 0.0625]),
        ("step", {"decay": Decay(2, 0.1)}, [2, 2, 0.2, 0.2, 0.02, 0.02]),
        ("halving", {"decay": Decay(2, hold=3)}, [2, 2, 2, 1, 1, 0.5]),
    ],
)
def test_schedules_by_hand(name, options, expected):
    rates = [learning_rate(name, step, base=2.0, **options) for step in range(1, 7)]
    assert rates == pytest.approx(expected)


def test_schedules_refuse():
    with pytest.raises(UnknownNameError, match="no schedule named 'steps'; did you mean 'step'"):
        learning_rate("steps", 1, base=1.0)
    with pytest.raises(RangeError, match="step is 0, expected at least 1"):
        learning_rate("constant", 0, base=1.0)
