"""Ten updates against torch.optim, and the global norm against clip_grad_norm_."""

import numpy as np
import pytest
from seqbench_numpy.backend import NumpyBackend
from seqbench_numpy.optimizers import Adam

from seqbench.kernels.clipping import clip_by_global_norm
from seqbench.kernels.optimizers import ADAGRAD, ADAM, SGD
from seqbench.testing.reference import reference

pytestmark = pytest.mark.peer("torch")

N, STEPS = 100, 10


@pytest.mark.parametrize(
    ("impl", "theirs", "options", "their_options"),
    [
        (reference(ADAM), "Adam", {}, {}),
        (reference(ADAM), "AdamW", {"weight_decay": 0.1}, {"weight_decay": 0.1}),
        (reference(ADAM), "Adam", {"beta1": 0.5, "beta2": 0.9}, {"betas": (0.5, 0.9)}),
        (Adam(ADAM, NumpyBackend()), "Adam", {}, {}),
        (Adam(ADAM, NumpyBackend()), "AdamW", {"weight_decay": 0.1}, {"weight_decay": 0.1}),
        (reference(ADAGRAD), "Adagrad", {}, {}),
        (reference(SGD), "SGD", {}, {}),
        (reference(SGD), "SGD", {"momentum": 0.9}, {"momentum": 0.9}),
    ],
)
def test_updates(peer, impl, theirs, options, their_options):
    torch = peer("torch")
    contract, rng = impl.contract, np.random.default_rng(0)
    weight = rng.normal(size=N)
    slots = len(contract.Params.__dataclass_fields__) - 1
    params = contract.Params(weight.copy(), *(np.zeros(N) for _ in range(slots)))
    plan = impl.plan(contract.Dims(N), "float64")
    plan.load(params)
    leaf = torch.tensor(weight, requires_grad=True)
    optimizer = getattr(torch.optim, theirs)([leaf], lr=0.05, **their_options)
    for step in range(1, STEPS + 1):
        gradient = rng.normal(size=N)
        leaf.grad = torch.tensor(gradient)
        optimizer.step()
        plan.forward(contract.Inputs(gradient, step, 0.05, **options))
    np.testing.assert_allclose(params.weight, leaf.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_global_norm(peer, max_norm):
    torch = peer("torch")
    gradient = np.random.default_rng(1).normal(size=N)
    leaf = torch.zeros(N, dtype=torch.float64, requires_grad=True)
    leaf.grad = torch.tensor(gradient)
    expected = torch.nn.utils.clip_grad_norm_([leaf], max_norm)
    norm = clip_by_global_norm(gradient, max_norm, xp=np)
    np.testing.assert_allclose(norm, expected.numpy(), rtol=1e-12)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-12)
