"""The three scores against the same attention written with torch and differentiated by it."""

import pytest
from seqbench_numpy.attention import AdditiveAttention
from seqbench_numpy.backend import NumpyBackend

from seqbench.kernels.attention import ADDITIVE, DOT, GENERAL
from seqbench.testing.cases import cases
from seqbench.testing.comparing import relative_error
from seqbench.testing.reference import reference
from seqbench.testing.running import forward_of, gradients_of, upstream
from seqbench.testing.trees import named_arrays

pytestmark = pytest.mark.peer("torch")

TUNED = AdditiveAttention(ADDITIVE, NumpyBackend())


def scores(torch, name, params, queries, memory):
    if name == "dot":
        return torch.einsum("qba,xba->qbx", queries, memory)
    if name == "general":
        return torch.einsum("qbc,ca,xba->qbx", queries, params["weight"], memory)
    projected = queries @ params["weight_query"].T + params["bias"]
    keys = memory @ params["weight_key"].T
    return (torch.tanh(projected[:, None] + keys[None]) @ params["v"]).transpose(1, 2)


def attend(torch, name, params, queries, memory, lengths):
    positions = torch.arange(memory.shape[0])
    outside = positions[None] >= torch.tensor(lengths)[:, None]  # (B, Tx)
    masked = scores(torch, name, params, queries, memory).masked_fill(outside, -torch.inf)
    weights = torch.softmax(masked, dim=-1).nan_to_num(0)  # a zero length is all -inf
    return torch.einsum("qbx,xba->qba", weights, memory), weights


@pytest.mark.parametrize("size", ["odd", "padded"])
@pytest.mark.parametrize(
    "impl",
    [reference(ADDITIVE), TUNED, reference(DOT), reference(GENERAL)],
    ids=lambda i: f"{i.contract.name}-{i.impl_id}",
)
def test_as_torch(peer, impl, size):
    torch = peer("torch")
    case = cases(impl.contract, (size,))[0]
    outputs = forward_of(impl, case)
    d_outputs = upstream(case, outputs)
    _, gradients = gradients_of(impl, case, d_outputs)
    leaves = {n: torch.tensor(a, requires_grad=True) for n, a in named_arrays(case.params)}
    queries = torch.tensor(case.inputs.queries, requires_grad=True)
    memory = torch.tensor(case.inputs.memory, requires_grad=True)
    name, lengths = impl.contract.name, case.inputs.lengths
    context, weights = attend(torch, name, leaves, queries, memory, lengths)
    assert relative_error(outputs.context, context.detach().numpy()) < 1e-12
    assert relative_error(outputs.weights, weights.detach().numpy()) < 1e-12
    # softmax of nothing has no gradient in torch: leave that sentence out of its loss
    real = torch.tensor(lengths > 0)
    loss = (context * torch.tensor(d_outputs.context))[:, real].sum()
    loss = loss + (weights * torch.tensor(d_outputs.weights))[:, real].sum()
    loss.backward()
    leaves |= {"queries": queries, "memory": memory}
    found = dict(named_arrays(gradients.params)) | dict(named_arrays(gradients.inputs))
    for field, leaf in leaves.items():
        expected = leaf.grad.nan_to_num(0).numpy()
        assert relative_error(found[field], expected) < 1e-10, field
