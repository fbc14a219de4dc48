"""Sums by id, look-ups and optimizers at the sizes where their launches and packs change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emulated import backend, implementations
from seqbench_cupy.embedding import gather
from seqbench_cupy.packs import pack_width
from seqbench_cupy.scatter import add_rows, order_of, parts

from seqbench.kernels.optimizers import AdamInputs, AdamParams
from seqbench.testing.comparing import require_equal
from seqbench.testing.reference import reference

TILES_OF_ONE_RUN = 12 * 32 + 5
"""More tiles than a block that adds parts has warps."""


def scattered(out, ids, rows):
    device = backend().to_device(out)
    backend().scatter_add(device, backend().to_device(ids), backend().to_device(rows))
    return backend().to_host(device)


def expected_sum(out, ids, rows):
    expected = out.astype("float64")
    np.add.at(expected, ids, rows.astype("float64"))
    return expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 3, 4, 33, 132, 300])
@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 65, TILES_OF_ONE_RUN])
@pytest.mark.parametrize("vocab", [1, 3, 40])
def test_rows_of_equal_ids_add_up(dtype, size, count, vocab):
    """A run in one tile, over one border, over many; columns past a warp; packs and none."""
    rng = np.random.default_rng(count + size)
    out = rng.normal(size=(vocab, size)).astype(dtype)
    rows = rng.normal(size=(count, size)).astype(dtype)
    ids = rng.integers(0, vocab, count).astype(np.int32)
    found = scattered(out, ids, rows)
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    require_equal("out", found, expected_sum(out, ids, rows), tolerance)
    np.testing.assert_array_equal(scattered(out, ids, rows), found)


def test_more_axes_and_other_integers():
    rng = np.random.default_rng(0)
    out, rows = rng.normal(size=(5, 2, 3)), rng.normal(size=(40, 2, 3))
    ids = rng.integers(0, 5, 40)
    require_equal("out", scattered(out, ids, rows), expected_sum(out, ids, rows), 1e-12)


def test_negative_ids_are_left_out_upstream_scales_and_extra_damps():
    rng = np.random.default_rng(1)
    count, size = 100, 5
    ids = rng.integers(-1, 3, count).astype(np.int32)
    rows, extra = rng.normal(size=(count, size)), rng.random(count)
    out = rng.normal(size=(3, size))
    device, runtime = backend().to_device, backend().runtime
    given, on_device = device(out), device(ids)
    scratch = parts(lambda shape: runtime.empty(shape, np.dtype("float64")), count, size)
    options = {"scale": -0.5, "upstream": device(np.array([3.0])), "damping": 0.25}
    order = order_of(runtime, on_device)
    kept = device(rows), scratch
    add_rows(runtime, given, on_device, order, *kept, extra=device(extra), **options)
    for id in range(3):
        met = ids == id
        out[id] += -1.5 * rows[met].sum(axis=0) / (1 + 0.25 * extra[met].sum())
    require_equal("out", backend().to_host(given), out, 1e-12)


def misaligned(array):
    """The same numbers, one number past a border of packs."""
    room = backend().to_device(np.zeros(array.size + 1, array.dtype))
    view = room[1:].reshape(array.shape)
    view[...] = backend().to_device(array)
    return view


def test_an_array_off_the_border_of_packs_is_served_number_by_number():
    rng = np.random.default_rng(2)
    weight = rng.normal(size=(6, 8)).astype(np.float32)
    ids = rng.integers(0, 6, 50).astype(np.int32)
    there = misaligned(weight)
    rows = backend().runtime.empty((50, 8), np.dtype("float32"))
    assert pack_width("float32", 8, there, rows) == 1
    gather(backend().runtime, there, backend().to_device(ids), rows)
    np.testing.assert_array_equal(backend().to_host(rows), weight[ids])


@pytest.mark.parametrize("size", [1, 2, 31, 33, 64, 129, 1000])
def test_rows_of_any_size_are_gathered(size):
    """Fewer threads than a warp a row, a warp, a warp several times."""
    rng = np.random.default_rng(size)
    weight = rng.normal(size=(7, size)).astype(np.float32)
    ids = rng.integers(0, 7, 300).astype(np.int32)
    rows = backend().runtime.empty((300, size), np.dtype("float32"))
    gather(backend().runtime, backend().to_device(weight), backend().to_device(ids), rows)
    np.testing.assert_array_equal(backend().to_host(rows), weight[ids])


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("count", [1, 3, 4, 5, 1023])
def test_what_is_left_of_the_packs_is_updated_once(count, aligned):
    rng = np.random.default_rng(count)
    weight, m, gradient = rng.normal(size=(3, count)).astype(np.float32)
    v = (weight * weight).astype(np.float32)
    impl = next(i for i in implementations() if i.contract.key == "optimizer/adam")
    place = backend().to_device if aligned else misaligned
    held = AdamParams(*(place(a) for a in (weight, m, v)))
    inputs = AdamInputs(gradient, 3, 0.01, weight_decay=0.1)
    plan = impl.plan(impl.contract.dims(held, inputs), "float32")
    plan.load(held)
    plan.forward(replace(inputs, gradient=place(gradient)))
    exact = AdamParams(*(a.astype("float64") for a in (weight, m, v)))
    exact_inputs = replace(inputs, gradient=gradient.astype("float64"))
    reference(impl.contract)(exact, exact_inputs)
    for name in ("weight", "m", "v"):
        found = backend().to_host(getattr(held, name))
        require_equal(name, found, getattr(exact, name), 1e-5)
