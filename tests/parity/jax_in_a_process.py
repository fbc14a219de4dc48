"""The JAX peer's tests, for a process of their own: see test_jax_plugin.py."""

from __future__ import annotations

import os
import subprocess
import sys

import jax
import numpy as np
import pytest

import seqbench
from seqbench.testing import cases, reference
from seqbench.testing.conformance import BackendConformance
from seqbench.testing.trees import on_device


class TestJax(BackendConformance):
    backend = "jax"


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("size", ["tiny", "padded"])
def test_a_cell_is_what_the_shared_text_is(name, size):
    cell = seqbench.get("cell", name, "jax")
    (case,) = cases(cell.contract, sizes=(size,))
    expected = reference(cell.contract)(case.params, case.inputs).output
    params, inputs = on_device((case.params, case.inputs), cell.backend)
    found = cell.backend.to_host(cell(params, inputs).output)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_the_compiled_function_holds_a_scan():
    """What is timed is XLA's loop, not Python's."""
    from seqbench_jax.cells import LSTMPlan

    cell = seqbench.get("cell", "lstm", "jax")
    (case,) = cases(cell.contract, sizes=("tiny",))
    params, inputs = on_device((case.params, case.inputs), cell.backend)
    graded = {"x": inputs.x, "h0": inputs.h0, "c0": inputs.c0}
    weights = {"weight_ih": params.weight_ih, "weight_hh": params.weight_hh, "bias": params.bias}
    traced = jax.make_jaxpr(LSTMPlan.function, static_argnums=3)(
        weights, graded, {"lengths": inputs.lengths}, True
    )
    assert "scan" in str(traced)


THREADS = """
import seqbench
backend = seqbench.get("cell", "rnn", "jax").backend
print(backend.versions()["jax_threads"])
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU alone")
@pytest.mark.parametrize("threads", [1, 2])
def test_it_keeps_to_the_threads_that_are_asked_for(threads):
    """XLA takes one for each CPU of the process: a table's other rows have as many as asked."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-c", THREADS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(threads)]
