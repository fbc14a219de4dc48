"""Recurrent cells on the device beyond the suite's sizes: tiles, groups, replays, both tiers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emulated import backend, implementation, kind_of
from emulated_runtime import EmulatedRuntime
from emulator import emulation
from seqbench_cupy.backend import CupyBackend
from seqbench_cupy.recurrence import TILE_ROWS
from seqbench_cupy.recurrence_steps import CHUNK
from seqbench_cupy.runtime import DeviceProperties

import seqbench
from seqbench.interfaces import UnsupportedError
from seqbench.kernels._cell import CellDims, CellInputs
from seqbench.models.stacked import Stacked
from seqbench.testing.cases import InputCase, random_cell_inputs, random_params
from seqbench.testing.comparing import GRADIENT_TOLERANCES, TOLERANCES, require_equal
from seqbench.testing.reference import reference
from seqbench.testing.running import forward_of, gradients_of, planned, upstream
from seqbench.testing.trees import cast, tree_map

CELLS = (
    *("rnn", "gru", "gru_reset_before", "gru_simplified"),
    *("lstm", "lstm_peephole", "lstm_peephole_full", "lstm_coupled"),
)
IMPLEMENTATIONS = [(n, f"cupy.{n}{tail}") for tail in ("", "_persistent") for n in CELLS]


def case(name: str, T: int, B: int, I: int, H: int, dtype: str = "float64") -> InputCase:
    """Unequal lengths, one of them zero where there are three sequences."""
    contract = implementation(f"cell/{name}").contract
    rng = np.random.default_rng(3)
    dims = CellDims(T, B, I, H)
    lengths = rng.integers(0, T + 1, B).astype(np.int32)
    if B >= 3:
        lengths[:3] = T, 0, 1
    params = tree_map(lambda a: a / max(1.0, H**0.5 / 2), random_params(contract, dims, rng))
    inputs = random_cell_inputs(contract, dims, rng, lengths)
    return InputCase(f"cell/{name}", "own", params, inputs).cast(dtype)


def require_reference(impl, given: InputCase) -> None:
    exact, wide = reference(impl.contract), given.cast("float64")
    d_outputs = upstream(given, forward_of(exact, wide))
    expected = gradients_of(exact, wide, cast(d_outputs, "float64"))
    actual = gradients_of(impl, given, d_outputs)
    require_equal("forward", actual[0], expected[0], TOLERANCES[given.dtype])
    require_equal("gradient", actual[1], expected[1], GRADIENT_TOLERANCES[given.dtype])
    inference = forward_of(impl, given)
    require_equal("forward without grad", inference, actual[0], 0.0)


@pytest.mark.parametrize(("name", "impl_id"), IMPLEMENTATIONS)
def test_several_tiles_of_units_and_sequences(name, impl_id):
    """Two of each, and more than one tile deep."""
    given = case(name, 2, TILE_ROWS + 1, 3, 33)
    require_reference(implementation(f"cell/{name}", impl_id), given)


@pytest.mark.parametrize("H", [1, 31, 65])
@pytest.mark.parametrize("impl_id", ["cupy.lstm", "cupy.lstm_persistent"])
def test_odd_hidden_sizes(impl_id, H):
    require_reference(implementation("cell/lstm", impl_id), case("lstm", 3, 3, 2, H))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("impl_id", ["cupy.gru", "cupy.gru_persistent"])
def test_narrow_dtypes_over_several_tiles(impl_id, dtype):
    pytest.importorskip("ml_dtypes")
    given = case("gru", 4, 3, 3, 40, dtype)
    require_reference(implementation("cell/gru", impl_id), given)


@pytest.mark.parametrize("name", CELLS)
def test_both_tiers_give_the_same_bits(name):
    """They add the same numbers in the same order."""
    given = case(name, 3, 3, 2, 35, "float32")
    steps, persistent = (
        implementation(f"cell/{name}", f"cupy.{name}{tail}") for tail in ("", "_persistent")
    )
    d_outputs = upstream(given, forward_of(steps, given))
    one, other = (gradients_of(impl, given, d_outputs) for impl in (steps, persistent))
    require_equal("persistent", other, one, 0.0)


@pytest.mark.parametrize("steps", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_a_graph_is_replayed_until_the_steps_are_enough(steps):
    """One plan for all of them; the backward pass has one step more."""
    impl = implementation("cell/lstm")
    longest = case("lstm", 2 * CHUNK, 2, 2, 3)
    plan = planned(impl, longest, grad=True)
    plan.forward(longest.inputs)
    for _ in range(2):  # captured, then replayed alone
        given = case("lstm", steps, 2, 2, 3)
        plan.load(given.params)
        outputs = plan.forward(given.inputs)
        require_equal("forward", outputs, forward_of(reference(impl.contract), given), 1e-10)
        d_outputs = upstream(given, outputs)
        _, expected = gradients_of(reference(impl.contract), given, d_outputs)
        require_equal("gradient", plan.backward(d_outputs), expected, 1e-10)


def test_steps_past_the_end_of_a_plan_leave_at_once():
    """Seventeen steps are two graphs of sixteen: the bounds of every array are watched."""
    with emulation(shadow=True):
        require_reference(implementation("cell/lstm"), case("lstm", CHUNK + 1, 2, 2, 3))


def test_a_graph_is_captured_once_a_plan_and_pass(monkeypatch):
    runtime, captured = backend().runtime, []
    right = runtime.capture
    monkeypatch.setattr(runtime, "capture", lambda launches: captured.append(1) or right(launches))
    given = case("lstm", 5, 2, 2, 3)
    plan = planned(implementation("cell/lstm"), given, grad=True)
    for steps in (5, 2, 4):
        inputs = replace(given.inputs, x=given.inputs.x[:steps], lengths=np.full(2, steps, "int32"))
        plan.backward(upstream(given, plan.forward(inputs)))
    assert len(captured) == 2


@pytest.mark.parametrize("order", ["reverse", "random", "warp_greedy"])
@pytest.mark.parametrize("name", ["lstm", "gru_reset_before", "lstm_peephole_full"])
def test_groups_of_sequences_in_any_order(name, order):
    """Several groups, of which the last has fewer sequences; blocks wait for each other."""
    given = case(name, 2, 2 * TILE_ROWS + 3, 2, 9)
    with emulation(order=order, seed=5):
        require_reference(implementation(f"cell/{name}", f"cupy.{name}_persistent"), given)


def test_fewer_groups_than_tiles():
    """A small device: a block goes through several tiles of sequences each step."""
    given = case("lstm", 2, 2 * TILE_ROWS + 3, 2, 9)
    impl = on_device("lstm", DeviceProperties(multiprocessors=2))
    plan = impl.plan(impl.contract.dims(given.params, given.inputs), "float64")
    assert plan.notes["grid"] == (2, 2)
    require_reference(impl, given)


def test_what_does_not_fit_the_chip_is_told():
    impl = on_device("lstm", DeviceProperties(name="small", shared_bytes=48 * 1024))
    reason = impl.supports(CellDims(5, 4, 3, 512), "float32")
    assert "8 units of H = 512 in float32 take" in reason
    assert "expected at most 49152 on small; take the implementation without" in reason
    with pytest.raises(UnsupportedError, match="H = 2048 in bfloat16"):
        implementation("cell/lstm", "cupy.lstm_persistent").plan(
            CellDims(5, 4, 3, 2048), "bfloat16"
        )


def on_device(name: str, properties: DeviceProperties):
    served = seqbench.registry().contract("cell", name)
    made = kind_of(implementation(f"cell/{name}", f"cupy.{name}_persistent"))
    return made(served, CupyBackend(EmulatedRuntime(properties)))


class KernelsOf:
    """What a composition asks for its cells: the plugin's on the emulator, or NumPy's text."""

    def __init__(self, made) -> None:
        self.made, self.backend = made, made("lstm").backend

    def get(self, kind: str, name: str):
        assert kind == "cell"
        return self.made(name)


def stacked_both_ways(contract, stack):
    """(outputs, gradients) of a stack on drawn numbers, always the same."""
    dims, rng = CellDims(5, 3, 2, 4), np.random.default_rng(8)
    params = tuple(
        contract.Params(**{k: rng.normal(0, 0.5, s) for k, s in shapes.items()})
        for shapes in stack.shapes(dims)
    )
    states = [rng.normal(size=(stack.num_parts, 3, 4)) for _ in contract.state]
    inputs = CellInputs(rng.normal(size=(5, 3, 2)), np.array([5, 0, 2], np.int32), *states)
    plan = stack.plan(dims, "float64", grad=True)
    plan.load(params)
    outputs = plan.forward(inputs)
    return outputs, plan.backward(tree_map(lambda a: rng.normal(size=a.shape), outputs))


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_stacked_both_ways_as_on_numpy(name):
    contract = implementation(f"cell/{name}").contract
    found = []
    for made in (
        lambda n: implementation(f"cell/{n}"),
        lambda n: reference(implementation(f"cell/{n}").contract),
    ):
        found.append(
            stacked_both_ways(contract, Stacked(KernelsOf(made), name, bidirectional=True))
        )
    require_equal("stacked, both ways", found[0], found[1], 1e-10)


def test_a_plan_names_its_tier():
    dims = CellDims(5, 4, 3, 8)
    assert implementation("cell/lstm").plan(dims).notes == {"tier": "steps"}
    persistent = implementation("cell/lstm", "cupy.lstm_persistent").plan(dims)
    assert persistent.notes["tier"] == "persistent"


def test_backward_of_an_inference_plan_is_refused():
    given = case("lstm", 2, 2, 2, 3)
    plan = planned(implementation("cell/lstm"), given)
    outputs = plan.forward(given.inputs)
    with pytest.raises(UnsupportedError, match="made with grad=False"):
        plan.backward(outputs)
