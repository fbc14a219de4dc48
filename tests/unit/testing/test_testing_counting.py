"""Operations counted by hand sums."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pytest

from seqbench.kernels.gru import GRU
from seqbench.kernels.optimizers import ADAM
from seqbench.measure.workloads import draw
from seqbench.testing.counting import CountingBackend, Counts, count_operations


@dataclass(frozen=True)
class In:
    a: np.ndarray
    b: np.ndarray
    ids: np.ndarray


class Dims(NamedTuple):
    N: int


def counted(text, backward=None) -> Counts:
    """Of `text(a (4, 3), b (3, 5), ids (6,), xp, backend)`."""

    def forward(params, inputs, cache, *, backend):
        return text(inputs.a, inputs.b, inputs.ids, backend.xp, backend)

    contract = replace(
        ADAM,
        dims=lambda p, i: Dims(1),
        cache=lambda d, dtype, *, backend: backend.xp.zeros(3) + 1,
        forward=forward,
        in_place=False,
    )
    inputs = In(np.ones((4, 3)), np.ones((3, 5)), np.arange(6, dtype=np.int32))
    return count_operations(contract, None, inputs)


@pytest.mark.parametrize(
    ("text", "flops", "transcendentals", "whole"),
    [
        (lambda a, b, ids, xp, be: a @ b, 2 * 4 * 3 * 5, 0, 0),
        (lambda a, b, ids, xp, be: xp.matmul(a, b, out=xp.empty((4, 5))), 120, 0, 0),
        (lambda a, b, ids, xp, be: a.dot(b), 120, 0, 0),
        (lambda a, b, ids, xp, be: xp.einsum("ij,jk->ik", a, b), 120, 0, 0),
        (lambda a, b, ids, xp, be: a * a + a, 24, 0, 0),
        (lambda a, b, ids, xp, be: xp.exp(a), 12, 12, 0),
        (lambda a, b, ids, xp, be: xp.logaddexp(a, a), 48, 24, 0),
        (lambda a, b, ids, xp, be: a.sum(axis=0), 12, 0, 0),
        (lambda a, b, ids, xp, be: a.max(), 12, 0, 0),
        (lambda a, b, ids, xp, be: a.argmax(), 12, 0, 0),
        (lambda a, b, ids, xp, be: xp.mean(a, axis=0), 15, 0, 0),
        (lambda a, b, ids, xp, be: a.cumsum(axis=0), 12, 0, 0),
        (lambda a, b, ids, xp, be: xp.where(ids > 2, ids, 0), 0, 0, 6),
        (lambda a, b, ids, xp, be: a[ids[:2]].copy().astype("float32"), 0, 0, 0),
        (lambda a, b, ids, xp, be: xp.arange(5) + 1, 0, 0, 5),
        (lambda a, b, ids, xp, be: xp.sort(ids), 0, 0, int(6 * np.log2(6))),
        (lambda a, b, ids, xp, be: be.scatter_add(xp.zeros((6, 3)), ids[:4], a), 12, 0, 0),
        (lambda a, b, ids, xp, be: xp.fft.rfft(xp.zeros((2, 8))), 2 * 60, 0, 0),
    ],
)
def test_by_hand(text, flops, transcendentals, whole):
    assert counted(text) == Counts(flops, transcendentals, whole)


def test_in_place_operations_count_and_stay_in_place():
    def text(a, b, ids, xp, backend):
        view = a[:2]
        view += 1
        xp.tanh(a, out=a)
        assert type(view) is type(a)
        assert a.base is not None

    assert counted(text) == Counts(6 + 12, 12, 0)


def test_results_are_the_plain_ones():
    """Counting changes no number."""
    work = draw(GRU, {"T": 3, "B": 2, "I": 4, "H": 5}, "float64")
    backend = CountingBackend()
    cache = GRU.cache(GRU.Dims(3, 2, 4, 5), "float64", backend=backend)
    found = []

    def forward(params, inputs, cache, *, backend):
        found.append(GRU.forward(params, inputs, cache, backend=backend))
        return found[0]

    count_operations(replace(GRU, forward=forward), work.params, work.inputs)
    from seqbench.measure.host_arrays import HOST

    cache = GRU.cache(GRU.Dims(3, 2, 4, 5), "float64", backend=HOST)
    plain = GRU.forward(work.params, work.inputs, cache, backend=HOST)
    assert np.array_equal(found[0].output, plain.output)


def test_what_is_given_stays_as_it_was():
    work = draw(ADAM, {"N": 5}, "float64")
    before = work.params.weight.copy()
    counts = count_operations(ADAM, work.params, work.inputs)
    assert np.array_equal(work.params.weight, before)
    assert counts.flops == ADAM.flops(ADAM.Dims(5), False)
