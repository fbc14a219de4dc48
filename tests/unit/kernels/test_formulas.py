"""The cost formulas of every contract against what its shared text does, counted.

A formula states what the algorithm asks for at least; the text may do more (masked positions, what
forward made for backward made again). Most agree within FLOP; products dominate in EXACT; the rest
has a band of its own and the reason for it.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

from seqbench.interfaces import arrays_of
from seqbench.measure.host_arrays import HOST
from seqbench.measure.roofline import transcendentals_of
from seqbench.measure.workloads import default_sizes, draw
from seqbench.registry import registry
from seqbench.testing.counting import count_operations

SMALL = {"B": 8, "T": 32, "V": 2000, "N": 2000, "Tx": 40, "Tq": 40, "E": 96, "D": 64}
"""Large enough that products outweigh what is counted a unit, small enough to be quick."""
SIZES = {
    "loss/ctc": {"T": 120, "B": 4},
    "feature/stft": {"N": 16_000},
    "feature/log_mel": {"N": 16_000},
}

BAND = (0.5, 2.0)
EXACT = (0.97, 1.03)

KEYS = sorted(registry().contracts())
PRODUCTS = {
    *(key for key in KEYS if key.startswith("cell/")),
    *("attention/dot", "embedding/one_hot", "feature/conv1d", "feature/conv2d"),
    *("vector_op/cosine_matrix", "vector_op/squared_distance_matrix"),
    *("optimizer/sgd", "optimizer/adagrad", "optimizer/adam"),
}
"""Almost all products of known size, or a known number of operations a weight."""

WHOLE = {
    "feature/one_hot",
    "metric/bleu_stats",
    "metric/edit_distance",
    "vectors/cooccurrence",
}
"""Work on ids: their operations are on whole numbers, and counted."""

MASKED = (
    "the text computes a window of 2 R columns whose masked half the formula leaves out, the loss "
    "beside the gradient, and scales and adds rows one after the other"
)
OBJECTIVE = "the text of forward makes the gradient with the loss, and backward makes both again"
SORTS = "the text sorts all candidates to take the best; the formula asks for one comparison each"

FLOPS: dict[tuple[str, bool], tuple[float, float, str]] = {
    ("decoder/beam_select", False): (0.25, 1.0, SORTS),
    ("decoder/ctc_beam", False): (0.25, 1.0, SORTS),
    ("vectors/cooccurrence", False): (
        0.05,
        0.5,
        "the text sorts the pairs by key, n log n comparisons; counting needs a visit each",
    ),
    ("vectors/skipgram_softmax", False): (0.3, 0.4, OBJECTIVE),
    ("vectors/skipgram_softmax", True): (0.45, 0.6, OBJECTIVE),
    ("vectors/skipgram_hs_update", False): (0.3, 0.7, MASKED),
    **{
        (f"vectors/{name}", grad): (0.15, 0.5, f"{OBJECTIVE}; {MASKED}")
        for name in ("skipgram_ns", "skipgram_hs", "cbow_ns", "cbow_hs")
        for grad in (False, True)
    },
}
"""(kernel, with backward) -> lowest and highest formula / count, and why."""

LINEAR = "sums over paths run in the linear domain where one is careful; the text takes logarithms"
TWICE = "backward of the text takes the nonlinearity again, the formula keeps it"
LOSS_TOO = "an update needs one sigmoid a problem; the text takes the loss's logarithm as well"

TRANSCENDENTALS: dict[tuple[str, bool], tuple[float, float, str]] = {
    ("loss/ctc", False): (0.1, 0.3, LINEAR),
    ("loss/ctc", True): (0.05, 0.2, LINEAR),
    ("decoder/ctc_beam", False): (0.2, 0.5, LINEAR),
    ("attention/additive", True): (0.45, 0.55, TWICE),
    **{
        (f"vectors/{name}{kind}", grad): (0.08, 0.5, f"{LOSS_TOO}; {MASKED}")
        for name in ("skipgram_ns", "skipgram_hs", "cbow_ns", "cbow_hs")
        for kind, grad in (("", False), ("", True), ("_update", False), ("_word2vec", False))
        if f"vectors/{name}{kind}" in KEYS
    },
    ("vectors/skipgram_softmax", True): (0.2, 0.3, OBJECTIVE),
    ("vectors/skipgram_softmax", False): (0.45, 0.55, "softmax and log-sum-exp, one exponential"),
    ("vectors/skipgram_softmax_update", False): (0.45, 0.55, "the loss's exponential as well"),
    ("decoder/sample", False): (0.4, 1.0, "the text draws by logarithms of random numbers too"),
    **{(f"cell/{n}", True): (0.7, 1.0, TWICE) for n in ("lstm", "lstm_coupled")},
}

CASES = [(key, False) for key in KEYS] + [
    (key, True) for key in KEYS if registry().contract(*key.split("/", 1)).backward
]


@functools.cache
def counted(key: str, grad: bool):
    """(contract, dims, counts, workload) of a small workload in float64."""
    contract = registry().contract(*key.split("/", 1))
    sizes = {
        name: min(size, SMALL.get(name, size)) for name, size in default_sizes(contract).items()
    }
    work = draw(contract, sizes | SIZES.get(key, {}), "float64")
    with np.errstate(all="ignore"):
        counts = count_operations(
            contract, work.params, work.inputs, work.d_outputs if grad else None
        )
    return contract, contract.dims(work.params, work.inputs), counts, work


@pytest.mark.parametrize(("key", "grad"), CASES)
def test_flops(key, grad):
    contract, dims, counts, _ = counted(key, grad)
    formula = contract.flops(dims, grad)
    if key == "embedding/gather" and not grad:
        assert (formula, counts.flops) == (dims.T * dims.B, 0)  # an address a token, told as one
        return
    found = formula / (counts.flops + (counts.whole if key in WHOLE else 0))
    low, high = EXACT if key in PRODUCTS else FLOPS.get((key, grad), BAND)[:2]
    assert low <= found <= high, f"formula {formula}, counted {counts}"


@pytest.mark.parametrize(("key", "grad"), CASES)
def test_transcendentals(key, grad):
    """A formula without any says that the text has none."""
    contract, dims, counts, _ = counted(key, grad)
    formula = transcendentals_of(contract, dims, grad)
    if formula == 0 or counts.transcendentals == 0:
        assert (formula, counts.transcendentals) == (0, 0)
        return
    low, high = TRANSCENDENTALS.get((key, grad), BAND)[:2]
    assert low <= formula / counts.transcendentals <= high, f"formula {formula}, counted {counts}"


ROWS_MET = "only the rows that ids name are read, and written, of a larger matrix"
ONE_HOT = "the one-hot batch is neither given nor returned: writing and reading it is the algorithm"
PAIRS = "the pairs of all windows are visited before equal ones are added up"
LOOKED_UP = {
    *(key for key in KEYS if key.startswith("vectors/")),
    *("embedding/gather", "vector_op/bias_direction"),
    *("vector_op/cosine", "vector_op/squared_distance"),
}
BYTES: dict[str, tuple[float, float, str]] = {
    **dict.fromkeys(LOOKED_UP, (0.001, 4.0, ROWS_MET)),
    "embedding/one_hot": (1.0, 10.0, ONE_HOT),
    "vectors/cooccurrence": (0.5, 4.0, PAIRS),
}
"""Kernels whose traffic is not that of their arrays: lowest and highest ratio, and why."""


@pytest.mark.parametrize(("key", "grad"), CASES)
def test_bytes_are_those_of_the_arrays(key, grad):
    """What goes in and comes out once, and as much again with its gradients."""
    contract, dims, _, work = counted(key, grad)
    formula = contract.bytes(dims, grad, 8)
    touched = traffic(contract, work)
    low, high, _ = BYTES.get(key, (0.5, 8.0 if grad else 2.0, ""))
    assert low <= formula / touched <= high, f"formula {formula}, arrays {touched}"


def traffic(contract, work) -> int:
    """Bytes of all arrays of a call."""
    dims = contract.dims(work.params, work.inputs)
    cache = contract.cache(dims, "float64", backend=HOST)
    outputs = contract.forward(work.params, work.inputs, cache, backend=HOST)
    arrays = arrays_of((work.params, work.inputs, outputs))
    return sum(array.nbytes for array in arrays)


@pytest.mark.parametrize("table", [FLOPS, TRANSCENDENTALS])
def test_every_exception_names_a_contract_and_has_a_reason(table):
    assert set(table) <= set(CASES)
    assert all(reason for *_, reason in table.values())
