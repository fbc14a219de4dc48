"""Prefix beam search on the device beyond the suite's sizes: wide beams, many labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emulated import implementation, made
from emulated_runtime import EmulatedRuntime
from emulator import emulation
from seqbench_cupy.backend import CupyBackend
from seqbench_cupy.ctc_beam import (
    labels_looked_at,
    prefix_threads,
    shared_bytes,
    sortable,
    trie_bytes,
)
from seqbench_cupy.runtime import DeviceProperties

import seqbench
from seqbench.interfaces import UnsupportedError
from seqbench.kernels.ctc_beam import CTCBeamDims, CTCBeamInputs, CTCBeamParams
from seqbench.testing.comparing import require_equal
from seqbench.testing.reference import reference

IMPL = implementation("decoder/ctc_beam")
EXACT = reference(IMPL.contract)


def case(T, B, V, K, *, n_best=None, spread=2.0, states=0, seed=0, lengths=None):
    """`states` > 0: a language model of as many states that forbids some labels."""
    rng = np.random.default_rng(seed)
    ends = np.full(B, T) if lengths is None else np.array(lengths)
    inputs = CTCBeamInputs(
        spread * rng.normal(size=(T, B, V)), ends.astype(np.int32), K, n_best or K, V // 2
    )
    if not states:
        return inputs
    bonus = rng.normal(size=(states, V))
    bonus[rng.random((states, V)) < 0.1] = -np.inf
    next_state = rng.integers(0, states, (states, V)).astype(np.int32)
    return replace(inputs, bonus=bonus, next_state=next_state, final=rng.normal(size=states))


def require_same(inputs, tolerance=1e-10):
    exact = EXACT(CTCBeamParams(), inputs)
    require_equal("labellings", IMPL(CTCBeamParams(), inputs), exact, tolerance)
    return exact


@pytest.mark.parametrize("states", [0, 3])
@pytest.mark.parametrize(
    ("T", "B", "V", "K"),
    [
        (1, 1, 1, 1),
        (9, 3, 2, 31),
        (31, 2, 5, 33),
        (33, 2, 29, 10),
        (12, 1, 300, 7),
        (8, 1, 40, 200),
    ],
)
def test_any_size(T, B, V, K, states):
    require_same(case(T, B, V, K, states=states, seed=T))


@pytest.mark.parametrize(("V", "K"), [(40, 10), (64, 16), (500, 3), (1000, 12)])
def test_only_the_best_labels_are_looked_at(V, K):
    """Flat distributions: prefixes with many children of their own in the beam."""
    assert labels_looked_at(K, V) < V
    require_same(case(20, 2, V, K, spread=0.3, seed=V))
    require_same(case(20, 1, V, K, spread=4.0, seed=V))


def test_equal_labels_in_many_frames():
    """Whole logits: of equal ranks the lowest candidate wins, whether all are looked at or not."""
    inputs = case(6, 2, 90, 9, seed=4)
    rounded = np.round(inputs.logits[:1])
    require_same(replace(inputs, logits=np.broadcast_to(rounded, (6, 2, 90)).copy()))


def test_long_sequences_and_unequal_lengths():
    """Repeated labels, peaked as a trained model's; masses of e^-300."""
    inputs = case(400, 3, 6, 8, n_best=3, spread=6.0, lengths=(400, 0, 123))
    exact = require_same(inputs)
    assert exact.label_lengths[0].min() > 50
    assert (exact.labels[1] == inputs.blank_id).all()


def test_float32():
    """A beam of few, far apart: float64 inside whatever the logits are."""
    inputs = case(30, 2, 7, 6, spread=4.0, seed=2)
    inputs = replace(inputs, logits=inputs.logits.astype(np.float32))
    exact = EXACT(CTCBeamParams(), replace(inputs, logits=inputs.logits.astype(np.float64)))
    require_equal("labellings", IMPL(CTCBeamParams(), inputs), exact, 1e-5)


def test_in_any_order():
    inputs = case(6, 2, 40, 10, seed=5)
    for order in ("reverse", "random", "warp_greedy"):
        with emulation(order=order, seed=3, shadow=True):
            require_same(inputs)


def test_memory_is_known_beforehand():
    """The trie is all that grows with T and K; the rest is scores, results and the best labels."""
    dims = CTCBeamDims(180, 128, 1000, 10)
    plan = IMPL.plan(dims, "float32")
    T, B, _, K = dims
    assert trie_bytes(dims) == 8 * T * B * K
    rest = T * B * (8 + 4 * labels_looked_at(K, 1000)) + B * K * (4 * T + 4 + 2 * 4)
    assert plan.nbytes == trie_bytes(dims) + rest


def test_launches():
    assert [sortable(k) for k in (1, 2, 3, 10, 64, 65)] == [1, 2, 4, 16, 64, 128]
    assert [prefix_threads(n) for n in (2, 256, 257, 10**6)] == [64, 64, 96, 512]
    assert shared_bytes(300) == 300 * 152 + 512 * 12
    assert labels_looked_at(10, 39) == 39
    assert labels_looked_at(10, 40) == 20


def test_what_a_block_cannot_hold_is_refused():
    registry = seqbench.registry()
    spec = next(iter(registry.implementations("decoder", "ctc_beam", "cupy")))
    small = CupyBackend(EmulatedRuntime(DeviceProperties(shared_bytes=48 * 1024)))
    impl = made(registry, "decoder", "ctc_beam", spec, small)
    with pytest.raises(UnsupportedError, match="width 300: prefixes take 53792 bytes of a block's"):
        impl.plan(CTCBeamDims(10, 1, 30, 300), "float32")
    assert impl.supports(CTCBeamDims(10, 1, 30, 250), "float32") is None
    assert "32-bit" in IMPL.supports(CTCBeamDims(1 << 24, 1, 30, 500), "float32")
