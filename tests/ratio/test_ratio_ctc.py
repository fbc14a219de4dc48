"""CTC beside its peers: loss and gradient against torch, searches against fast-ctc-decode.

The peer's searches get probabilities that are already made, blank first, and tell no score; ours
start from logits. Wide logits (normal times 10) are those on which torch slows down.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from ratio_table import RatioRow

from seqbench.kernels.ctc import CTCDims, CTCInputs
from seqbench.kernels.ctc_beam import CTCBeamDims, CTCBeamInputs, CTCBeamParams
from seqbench.kernels.ctc_greedy import CTCGreedyDims, CTCGreedyInputs, CTCGreedyParams
from seqbench.kernels.losses import LossOutputs, NoParams

T, B, V, L = 200, 32, 50, 40
LOSS_AT_MOST = {1.0: 0.25, 10.0: 0.23}
BEAM_AT_MOST = {10: 0.5, 100: 0.2}


def logits(width=1.0):
    return (width * np.random.default_rng(0).normal(size=(T, B, V))).astype("float32")


def get(kind, name):
    return importlib.import_module("seqbench").registry().get(kind, name, "numpy")


def told(table, group, size, peer, seconds, at_most):
    row = RatioRow(group, size, f"numpy.{group.rpartition('/')[2]}", peer, *seconds)
    table.rows.append(row)
    table.at_most[group] = at_most


@pytest.mark.peer("torch")
@pytest.mark.parametrize("width", LOSS_AT_MOST)
def test_loss_and_gradient(width, peer, in_pairs, ratio_table):
    torch = peer("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    targets = rng.integers(1, V, (B, L)).astype(np.int32)
    lengths, ends = np.full(B, T, np.int32), np.full(B, L, np.int32)
    inputs = CTCInputs(logits(width), targets, lengths, ends)
    plan = get("loss", "ctc").plan(CTCDims(T, B, V, L), "float32", grad=True)
    scores = torch.tensor(inputs.logits, requires_grad=True)
    theirs = [torch.tensor(a).long() for a in (targets, lengths, ends)]

    def ours() -> None:
        plan.load(NoParams())
        plan.forward(inputs)
        plan.backward(LossOutputs(None))

    def torchs() -> None:
        scores.grad = None
        loss = torch.nn.functional.ctc_loss(scores.log_softmax(2), *theirs, reduction="sum")
        loss.backward()

    seconds = in_pairs(ours, torchs)
    torch.set_num_threads(before)
    assert plan.notes == {"rescued": 0}
    size = f"B{B} T{T} L{L} V{V} x{width:g}"
    group = "loss/ctc" if width == 1 else "wide/ctc"
    told(ratio_table, group, size, "torch.ctc", seconds, LOSS_AT_MOST[width])


def probabilities():
    exps = np.exp(logits())
    return np.ascontiguousarray((exps / exps.sum(axis=2, keepdims=True)).transpose(1, 0, 2))


@pytest.mark.peer("fast_ctc_decode")
def test_greedy(peer, in_pairs, ratio_table):
    library = peer("fast_ctc_decode")
    probs, alphabet = probabilities(), [chr(0x4E00 + v) for v in range(V)]
    inputs = CTCGreedyInputs(logits(), np.full(B, T, np.int32))
    plan = get("decoder", "ctc_greedy").plan(CTCGreedyDims(T, B, V), "float32")
    plan.load(CTCGreedyParams())
    seconds = in_pairs(
        lambda: plan.forward(inputs), lambda: [library.viterbi_search(p, alphabet) for p in probs]
    )
    told(ratio_table, "decoder/ctc_greedy", f"B{B} T{T} V{V}", "fast_ctc_decode", seconds, 0.85)


@pytest.mark.peer("fast_ctc_decode")
@pytest.mark.parametrize("width", BEAM_AT_MOST)
def test_beam(width, peer, in_pairs, ratio_table):
    """A quarter of the batch at width 100: the peer takes 5 s for all of it."""
    library = peer("fast_ctc_decode")
    some = B if width < 100 else B // 4
    probs, alphabet = probabilities()[:some], [chr(0x4E00 + v) for v in range(V)]
    inputs = CTCBeamInputs(
        np.ascontiguousarray(logits()[:, :some]), np.full(some, T, np.int32), width
    )
    plan = get("decoder", "ctc_beam").plan(CTCBeamDims(T, some, V, width), "float32")
    plan.load(CTCBeamParams())
    seconds = in_pairs(
        lambda: plan.forward(inputs),
        lambda: [
            library.beam_search(p, alphabet, beam_size=width, beam_cut_threshold=0.0) for p in probs
        ],
    )
    size = f"B{some} T{T} V{V} K{width}"
    group = f"K{width}/ctc_beam"
    told(ratio_table, group, size, "fast_ctc_decode", seconds, BEAM_AT_MOST[width])
