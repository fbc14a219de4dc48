"""A language model one step at a time: what greedy, beam, exact search and sampling drive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqbench.data.vocabulary import Sentence, Vocabulary
from seqbench.interfaces import Array

from .language_model import LanguageModel
from .recurrent import State


@dataclass(frozen=True, slots=True)
class Prompts:
    """B beginnings to continue: ids (T, B) int32, lengths (B,) int32, each in [0, T]; host arrays.

    What is searched for is what follows; a length of 0 begins at the beginning.
    """

    ids: np.ndarray
    lengths: np.ndarray

    @classmethod
    def empty(cls, count: int) -> Prompts:
        """`count` times nothing: whole texts."""
        return cls(np.zeros((0, count), np.int32), np.zeros(count, np.int32))

    @classmethod
    def encode(cls, vocabulary: Vocabulary, beginnings: Sequence[Sentence]) -> Prompts:
        """What is unknown becomes UNK."""
        return cls(*vocabulary.encode_batch(beginnings))

    @property
    def size(self) -> int:
        return int(self.ids.shape[1])


@dataclass(slots=True)
class LanguageState:
    """K hypotheses of B texts.

    hidden : the parts of the state, (layers, K, B, H) each
    pending : (B,) int32 device array, the token to read first where `prompted` (B,) bool; None
        after the first step
    """

    hidden: State
    pending: Array | None = None
    prompted: Array | None = None


class LanguageSteps:
    """StepModel over a LanguageModel; see `seqbench.interfaces.StepModel`.

    start_id : what is read before the first token, the corpus's `start_id`; drivers know it as
        `bos_id`. A model of continuous text begins after EOS.
    """

    def __init__(self, model: LanguageModel, start_id: int, eos_id: int) -> None:
        self._model, self._backend = model, model.backend
        self.vocab_size = model.vocab_size
        self.bos_id, self.eos_id = start_id, eos_id
        self.dtype = model.config.dtype

    def start(self, batch: Prompts, width: int) -> LanguageState:
        """The state after all but the last token of each prompt, which the first step reads."""
        device, xp = self._backend.to_device, self._backend.xp
        lengths, steps = batch.lengths, batch.ids.shape[0]
        state = self._model.zero_state(batch.size)
        last = np.full(batch.size, self.bos_id, np.int32)
        if steps:
            first = np.full((1, batch.size), self.bos_id, np.int32)
            inside = np.arange(steps)[:, None] < lengths
            ids = np.where(inside, batch.ids, self.bos_id).astype(np.int32)
            inputs = np.concatenate([first, ids[:-1]])  # start, w1 .. w(n - 1)
            _, state, _ = self._model.forward(device(inputs), device(lengths), state)
            last = np.where(lengths > 0, ids[lengths - 1, np.arange(batch.size)], last)
        hidden = tuple(xp.repeat(part[:, None], width, axis=1) for part in state)
        return LanguageState(hidden, device(last.astype(np.int32)), device(lengths > 0))

    def step(self, state: LanguageState, tokens: Array) -> tuple[Array, LanguageState]:
        xp = self._backend.xp
        K, B = tokens.shape
        if state.pending is not None and state.prompted is not None:
            tokens = xp.where(state.prompted[None, :], state.pending[None, :], tokens)
            state.pending = state.prompted = None
        layers, _, _, H = state.hidden[0].shape
        flat = tuple(part.reshape(layers, K * B, H) for part in state.hidden)
        ones = xp.ones(K * B, dtype=xp.int32)
        features, after, _ = self._model.forward(tokens.reshape(1, K * B), ones, flat)
        state.hidden = tuple(part.reshape(layers, K, B, H) for part in after)
        return self._model.logits(features[0]).reshape(K, B, self.vocab_size), state

    def reorder(self, state: LanguageState, parents: Array) -> LanguageState:
        columns = self._backend.xp.arange(parents.shape[1])[None, :]
        state.hidden = tuple(part[:, parents, columns] for part in state.hidden)
        return state

    def state_bytes(self, width: int, batch: int) -> int:
        config = self._model.config
        row = (
            4 * self._model.num_parts * config.hidden_size
            + 2 * config.embedding_size
            + 2 * self.vocab_size
        )
        return width * batch * row * np.dtype(self.dtype).itemsize
