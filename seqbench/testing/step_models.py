"""Tiny step models whose numbers a test can know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.interfaces import Array, Backend


@dataclass(frozen=True, slots=True)
class SentenceBatch:
    """B sentences by number: ids (B,) int64, host array."""

    ids: np.ndarray

    @property
    def size(self) -> int:
        return int(self.ids.shape[-1])


def sentences(*ids: int) -> SentenceBatch:
    return SentenceBatch(np.array(ids, np.int64))


class MarkovModel:
    """Logits that depend on the sentence and the last token alone.

    table : (N, V, V) host array; table[n, v] are the logits after token v in sentence n. Its dtype
    is the model's.
    """

    def __init__(self, table: Any, backend: Backend, *, bos_id: int = 0, eos_id: int = 1) -> None:
        table = np.asarray(table)
        self.vocab_size = int(table.shape[2])
        self.bos_id, self.eos_id = bos_id, eos_id
        self.dtype = str(table.dtype)
        self._backend, self._table = backend, backend.to_device(table)

    def start(self, batch: SentenceBatch, width: int) -> Array:
        return self._backend.to_device(batch.ids)

    def step(self, state: Array, tokens: Array) -> tuple[Array, Array]:
        return self._table[state[None, :], tokens], state

    def reorder(self, state: Array, parents: Array) -> Array:
        return state

    def state_bytes(self, width: int, batch: int) -> int:
        return width * batch * self.vocab_size * np.dtype(self.dtype).itemsize


class RecurrentModel:
    """A random tanh RNN over one vector a sentence, so that every prefix has logits of its own.

    `spread` scales the logits: wide ones make log-sum-exp work, narrow ones make close calls.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        vocab_size: int,
        seed: int,
        num_sentences: int = 8,
        hidden_size: int = 5,
        spread: float = 2.0,
        dtype: str = "float64",
        bos_id: int = 0,
        eos_id: int = 1,
    ) -> None:
        rng = np.random.default_rng(seed)

        def draw(*shape: int) -> Array:
            return backend.to_device(rng.normal(size=shape).astype(dtype))

        self.vocab_size, self.dtype = vocab_size, dtype
        self.bos_id, self.eos_id = bos_id, eos_id
        self._backend, self._hidden_size, self._spread = backend, hidden_size, spread
        self._sentence = draw(num_sentences, hidden_size)
        self._embedding = draw(vocab_size, hidden_size)
        self._recurrent = draw(hidden_size, hidden_size)
        self._output = draw(hidden_size, vocab_size)

    def start(self, batch: SentenceBatch, width: int) -> Array:
        vectors = self._sentence[self._backend.to_device(batch.ids)]  # (B, H)
        xp = self._backend.xp
        return xp.broadcast_to(vectors[None], (width, *vectors.shape)).copy()

    def step(self, state: Array, tokens: Array) -> tuple[Array, Array]:
        hidden = self._backend.xp.tanh(state @ self._recurrent + self._embedding[tokens])
        return self._spread * (hidden @ self._output), hidden  # (K, B, V), (K, B, H)

    def reorder(self, state: Array, parents: Array) -> Array:
        return self._backend.xp.take_along_axis(state, parents[:, :, None], axis=0)

    def state_bytes(self, width: int, batch: int) -> int:
        item = np.dtype(self.dtype).itemsize
        return width * batch * item * (self.vocab_size + 2 * self._hidden_size)
