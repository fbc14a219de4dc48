"""Every contract has a workload: seeded, valid, of the sizes and dtype asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqbench.interfaces import SharedText, UnsupportedError, named_arrays
from seqbench.kernels.gru import GRU
from seqbench.kernels.optimizers import ADAM
from seqbench.measure.gate import correctness_gate
from seqbench.measure.host_arrays import HOST
from seqbench.measure.workloads import default_sizes, draw
from seqbench.registry import registry

KEYS = sorted(registry().contracts())
SMALL = {"T": 16, "B": 4, "V": 300, "N": 300, "Tx": 16, "Tq": 8, "E": 16, "D": 8, "H": 8, "A": 8}
SIZES = {
    "loss/ctc": {"T": 100, "V": 9},
    "feature/stft": {"N": 9000},
    "feature/log_mel": {"N": 9000},
}


def contract_of(key):
    return registry().contract(*key.split("/", 1))


def small(key, **more):
    sizes = default_sizes(contract_of(key))
    return {n: min(size, SMALL.get(n, size)) for n, size in sizes.items()} | SIZES.get(key, {})


@pytest.mark.parametrize("key", KEYS)
def test_every_contract_has_one_and_passes_its_own_gate(key):
    contract = contract_of(key)
    work = draw(contract, small(key))
    contract.validate(work.params, work.inputs)
    floating = {str(a.dtype) for _, a in named_arrays(work) if a.dtype.kind == "f"}
    assert floating <= {"float32"}
    assert all(a.flags.c_contiguous for _, a in named_arrays(work))
    impl = SharedText(contract, HOST)
    report = correctness_gate(impl, work.params, work.inputs, "float32", work.d_outputs)
    slack = {"d_inputs.logits"} if key == "loss/ctc" else set()  # sums of logarithms in float32
    assert {r.split(": ")[1].split(" ")[0] for r in report.reasons} <= slack, report.reasons


@pytest.mark.parametrize("key", KEYS)
def test_sizes_are_those_of_the_dims(key):
    contract = contract_of(key)
    sizes = small(key)
    work = draw(contract, sizes)
    dims = contract.dims(work.params, work.inputs)._asdict()
    for name, size in sizes.items():
        assert dims.get(name, size) == size
    assert set(sizes) & set(dims)


def test_the_same_seed_draws_the_same():
    one, same, other = (draw(GRU, {"T": 3, "B": 2}, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.inputs.x, same.inputs.x)
    assert np.array_equal(one.d_outputs.output, same.d_outputs.output)
    assert not np.array_equal(one.inputs.x, other.inputs.x)


def test_a_gradient_flows_through_what_is_graded_alone():
    work = draw(contract_of("attention/dot"), small("attention/dot"))
    assert work.d_outputs.weights is None
    assert work.d_outputs.context.shape == (8, 4, 8)
    assert draw(ADAM, {"N": 5}).d_outputs is None


def test_a_size_that_a_kernel_lacks_is_told():
    told = r"workload: optimizer/adam has no size T, expected one of N; leave kernel\.sizes\.T out"
    with pytest.raises(UnsupportedError, match=told.replace(r"kernel\.", "")):
        draw(ADAM, {"T": 4})


def test_a_contract_without_a_workload_is_told():
    strange = replace(ADAM, name="strange")
    with pytest.raises(
        UnsupportedError, match="no workload for optimizer/strange: write a builder"
    ):
        draw(strange)
