"""Best path and prefix beams against fast-ctc-decode: the same labellings."""

import importlib

import numpy as np
import pytest

from seqbench.interfaces import UnsupportedError
from seqbench.kernels.ctc_beam import CTC_BEAM, CTCBeamInputs, CTCBeamParams
from seqbench.kernels.ctc_greedy import CTC_GREEDY, CTCGreedyInputs, CTCGreedyParams

pytestmark = pytest.mark.peer("fast_ctc_decode")


def get(name, backend):
    return importlib.import_module("seqbench").registry().get("decoder", name, backend)


def batch(blank_id, width=2.0, T=40, B=12, V=8):
    rng = np.random.default_rng(blank_id)
    lengths = rng.integers(0, T + 1, B).astype(np.int32)
    return (width * rng.normal(size=(T, B, V))).astype("float32"), lengths


@pytest.mark.parametrize("blank_id", [0, 3, 7])
def test_best_path(peer, blank_id):
    peer("fast_ctc_decode")
    inputs = CTCGreedyInputs(*batch(blank_id), blank_id)
    ours = get("ctc_greedy", "numpy")(CTCGreedyParams(), inputs)
    theirs = get("ctc_greedy", "fast_ctc_decode")(CTCGreedyParams(), inputs)
    np.testing.assert_array_equal(ours.label_lengths, theirs.label_lengths)
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    assert theirs.scores is None
    assert CTC_GREEDY.key == "decoder/ctc_greedy"


@pytest.mark.parametrize("width", [1, 4, 20])
@pytest.mark.parametrize("blank_id", [0, 3])
def test_prefix_beams(peer, blank_id, width):
    """Wide enough apart that float32 does not decide."""
    peer("fast_ctc_decode")
    inputs = CTCBeamInputs(*batch(blank_id), width, 1, blank_id)
    ours = get("ctc_beam", "numpy")(CTCBeamParams(), inputs)
    theirs = get("ctc_beam", "fast_ctc_decode")(CTCBeamParams(), inputs)
    np.testing.assert_array_equal(ours.label_lengths, theirs.label_lengths)
    np.testing.assert_array_equal(ours.labels, theirs.labels)


def test_what_the_peer_has_not_is_refused(peer):
    peer("fast_ctc_decode")
    impl = get("ctc_beam", "fast_ctc_decode")
    inputs = CTCBeamInputs(*batch(0), 4, 2)
    with pytest.raises(UnsupportedError, match="tells one labelling and takes no language model"):
        impl(CTCBeamParams(), inputs)
    dims = CTC_BEAM.dims(CTCBeamParams(), inputs)
    assert "float64" in impl.supports(dims, "float64")
