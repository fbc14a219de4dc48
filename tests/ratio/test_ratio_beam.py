"""Beam search of one sentence with a GRU decoder against plain torch, float32.

16 steps, hidden and embedding size 256, a vocabulary of 10,000. Ours includes what a search costs
beyond its steps: encoding five words, tracing the hypotheses.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from torch_beam import TorchBeam

from seqbench.data.batch import TranslationBatch
from seqbench.models.configuration import EncoderDecoderConfig

pytestmark = pytest.mark.peer("torch")

AT_MOST = {1: 0.75, 3: 0.6, 10: 0.6, 100: 0.45, 1000: 0.4}
VOCAB, SIZE, STEPS = 10_000, 256, 16
BOS, EOS = 1, 2


@pytest.fixture(scope="module")
def model():
    registry = importlib.import_module("seqbench").registry()
    config = EncoderDecoderConfig(
        cell="gru", embedding_size=SIZE, hidden_size=SIZE, attention="none", context="initial"
    )
    made = registry.get("model", "encoder_decoder")(config, 50, VOCAB, grad=False)
    made.initialise(0)
    return made


@pytest.fixture(scope="module")
def batch():
    words, length = np.zeros((5, 1), np.int32), np.array([5], np.int32)
    return TranslationBatch(words, length, words, words, length, np.array([0]))


@pytest.mark.parametrize("width", AT_MOST)
def test_beam(width, model, batch, compare, torch_on_one_thread):
    torch = torch_on_one_thread
    steps = model.step_model(BOS, EOS)
    initial = torch.tensor(steps.start(batch, 1).hidden[0][0, 0])
    weights = {n: torch.from_numpy(model.parameters[n]) for n in model.parameters.shapes}
    theirs = TorchBeam(torch, weights, BOS, EOS)
    decoder = importlib.import_module("seqbench").get("decoder", "beam")

    def ours():
        return decoder.decode(steps, batch, width=width, max_length=STEPS)

    found = ours().sentences[0][0].tokens
    assert theirs.search(initial, width, STEPS)[0][: len(found)] == list(found)  # the same search
    compare(
        "decoder/beam",
        f"K{width} V{VOCAB} H{SIZE}",
        ("numpy.beam", ours),
        ("torch", lambda: theirs.search(initial, width, STEPS)),
        at_most=AT_MOST[width],
    )
