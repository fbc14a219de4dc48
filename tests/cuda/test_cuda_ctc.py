"""CTC on the device beyond the suite's sizes: many states, long and wide sequences, odd lengths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emulated import implementation, made
from emulated_runtime import EmulatedRuntime
from emulator import emulation
from seqbench_cupy.backend import CupyBackend
from seqbench_cupy.ctc import MAX_THREADS, MassLaunch, mass_launch
from seqbench_cupy.runtime import DeviceProperties

import seqbench
from seqbench.interfaces import UnsupportedError
from seqbench.kernels.ctc import CTCDims, CTCInputs
from seqbench.kernels.ctc_greedy import CTCGreedyInputs, CTCGreedyParams
from seqbench.kernels.losses import LossOutputs, NoParams
from seqbench.testing.comparing import GRADIENT_TOLERANCES, TOLERANCES, require_equal
from seqbench.testing.reference import reference
from seqbench.testing.trees import cast

IMPL, GREEDY = implementation("loss/ctc"), implementation("decoder/ctc_greedy")


def case(lengths, label_lengths, *, V=5, width=1.0, seed=0, reduction="none", **options):
    """Labels repeat often: V is small; the blank is the last id."""
    rng = np.random.default_rng(seed)
    B, T, L = len(lengths), max(lengths), max(label_lengths)
    return CTCInputs(
        width * rng.normal(size=(T, B, V)),
        rng.integers(0, V - 1, (B, L)).astype(np.int32),
        np.array(lengths, np.int32),
        np.array(label_lengths, np.int32),
        blank_id=V - 1,
        reduction=reduction,
        **options,
    )


def both(inputs, dtype):
    """(loss, gradient) of the device in `dtype` and of the shared text in float64."""
    found = []
    inputs = cast(inputs, dtype)
    for impl, name in ((IMPL, dtype), (reference(IMPL.contract), "float64")):
        given = cast(inputs, name)
        plan = impl.plan(impl.contract.dims(NoParams(), given), name, grad=True)
        plan.load(NoParams())
        outputs = plan.forward(given)
        upstream = np.linspace(-1, 2, outputs.loss.size).astype(name).reshape(outputs.loss.shape)
        found.append((outputs, plan.backward(LossOutputs(upstream))))
    return found


def require_same(inputs, dtype="float32"):
    device, exact = both(inputs, dtype)
    require_equal("loss", device[0], exact[0], TOLERANCES[dtype])
    require_equal("gradient", device[1], exact[1], GRADIENT_TOLERANCES[dtype])
    return exact[0].loss


@pytest.mark.parametrize("L", [0, 1, 15, 16, 31, 33, 255, 256, 520])
def test_any_number_of_states(L):
    """One to four states a thread; the second utterance uses fewer than its axis has."""
    frames = 2 * L + 3
    require_same(case([frames, frames // 2 + 1, 0], [L, L // 3, L], width=2.0, seed=L))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_eight_states_a_thread(dtype):
    """L = 1100 in few frames has no alignment; 20 labels on the same axis have."""
    loss = require_same(case([30, 30], [20, 1100], V=40, zero_infinity=True), dtype)
    assert loss[0] > 0
    assert loss[1] == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_and_wide(dtype):
    """Masses fall to e^-200000: no window of doubles holds them, and the shared text's logarithms
    lose digits there (5e-10 against long double, ours 2e-14)."""
    device, exact = both(case([2500, 1999], [40, 3], width=80.0, seed=3), dtype)
    assert exact[0].loss.max() > 5e4
    require_equal("loss", device[0], exact[0], TOLERANCES[dtype])
    require_equal("gradient", device[1], exact[1], max(2e-9, GRADIENT_TOLERANCES[dtype]))


def test_five_thousand_frames():
    require_same(case([5000], [9], V=4, seed=4))


def test_what_has_no_alignment():
    inputs = case([0, 0, 2, 3, 3], [0, 1, 3, 2, 2])
    inputs.targets[3], inputs.targets[4] = 1, (0, 1, 1)  # a a needs three frames, a b two
    inputs.logits[:, 4, 0] = -np.inf  # and here the label cannot be
    loss = require_same(inputs)
    assert loss[0] == 0
    assert np.isinf(loss[[1, 2, 4]]).all()
    assert np.isfinite(loss[3])
    assert (require_same(replace(inputs, zero_infinity=True))[[1, 2, 4]] == 0).all()


def test_nothing_stays_nothing():
    """Twenty frames that allow the first label alone, not even the blank: the rest waits, empty."""
    inputs = case([60, 60], [31, 31], V=4, seed=7)
    inputs.targets[:] = (2, *[0, 1] * 15)
    inputs.logits[:20, :, (0, 1, 3)] = -np.inf
    assert np.isfinite(require_same(inputs)).all()


def test_masks_as_large_negative_logits():
    """-1e9 is finite: the only alignment goes through it, the loss says so."""
    inputs = case([4], [2], width=1.0)
    inputs.logits[1, 0, :4] = -1e9
    inputs.logits[1, 0, 4] = 0.0
    inputs.targets[0] = (0, 0)
    inputs.logits[2, 0, :] = (-1e9, 0, 0, 0, -1e9)
    device, exact = both(inputs, "float64")
    require_equal("loss", device[0], exact[0], 1e-10)


def test_beyond_the_exponents_the_gradient_says_so():
    inputs = case([1, 3], [1, 1], V=2)
    inputs.logits[0, 0] = (-1e12, 0.0)
    device, exact = both(inputs, "float64")
    require_equal("loss", device[0], exact[0], 1e-10)
    gradient = device[1].inputs.logits
    assert np.isnan(gradient[0, 0]).all()
    assert np.isfinite(gradient[:, 1]).all()


@pytest.mark.parametrize("reduction", ["sum", "token_mean"])
def test_reductions(reduction):
    require_same(case([7, 5, 0], [3, 0, 0], reduction=reduction))
    require_same(case([7], [0], reduction=reduction), "float64")


def test_the_launch_covers_the_states():
    for L in (0, 1, 15, 16, 255, 256, 511, 512, 1023, 1024, 2047):
        launch = mass_launch(L, DeviceProperties())
        assert launch.threads % 32 == 0
        assert launch.threads <= MAX_THREADS
        assert launch.threads * launch.states >= 2 * L + 1
        assert launch.shared_bytes <= DeviceProperties().shared_bytes
    assert mass_launch(0, DeviceProperties()) == MassLaunch(32, 1, 96)


@pytest.mark.parametrize(
    ("L", "shared_bytes", "says"),
    [(2048, 232448, "L up to 2047"), (800, 48 * 1024, "bytes of a block's 49152")],
)
def test_too_many_states_are_refused(L, shared_bytes, says):
    registry = seqbench.registry()
    spec = next(iter(registry.implementations("loss", "ctc", "cupy")))
    properties = DeviceProperties(shared_bytes=shared_bytes)
    impl = made(registry, "loss", "ctc", spec, CupyBackend(EmulatedRuntime(properties)))
    with pytest.raises(UnsupportedError, match=says):
        impl.plan(CTCDims(3000, 1, 30, L), "float32")
    assert impl.supports(CTCDims(3000, 1, 30, 700), "float32") is None


@pytest.mark.parametrize("T", [0, 1, 31, 33, 1000, 2500])
def test_best_path_of_any_length(T):
    """Several chunks of frames, repeats across their edges."""
    rng = np.random.default_rng(T)
    lengths = np.array([T, T // 2, 0], np.int32)
    logits = np.round(rng.normal(size=(T, 3, 4)))  # equal logits as well
    inputs = CTCGreedyInputs(logits, lengths, blank_id=2)
    exact = reference(GREEDY.contract)(CTCGreedyParams(), inputs)
    with emulation(order="random", seed=T, shadow=True):
        found = GREEDY(CTCGreedyParams(), inputs)
    require_equal("best path", found, exact, 1e-10)
