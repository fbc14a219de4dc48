"""The JAX peer: every conformance check, and that importing the plugin asks for no JAX."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

# Hundreds of shapes are compiled here and run once each: XLA need not optimise them.
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes"
jax = pytest.importorskip("jax")

import seqbench  # noqa: E402 (jax first: without it there is nothing here)
from seqbench.testing import cases, reference  # noqa: E402
from seqbench.testing.conformance import BackendConformance  # noqa: E402
from seqbench.testing.trees import on_device  # noqa: E402

pytestmark = pytest.mark.peer("jax")


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


def test_importing_the_plugin_imports_no_jax():
    code = "import sys, seqbench_jax; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
