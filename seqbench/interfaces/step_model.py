"""Models one step at a time: what every search, sampler and scorer drives."""

from __future__ import annotations

from typing import Any, Protocol

from .backend import Array

State = Any


class StepModel(Protocol):
    """A conditional language model over B sentences with K hypotheses each.

    Layout is hypothesis-major: tokens `(K, B)`, logits `(K, B, V)`. Everything is on the device.
    """

    vocab_size: int
    bos_id: int
    eos_id: int
    dtype: str

    def start(self, batch: Any, width: int) -> State:
        """The state before the first token: `width` equal hypotheses a sentence."""
        ...

    def step(self, state: State, tokens: Array) -> tuple[Array, State]:
        """Logits (K, B, V) for the token after `tokens` (K, B) int32, and the next state.

        The logits are a view, valid until the next step. `state` may be overwritten.
        """
        ...

    def reorder(self, state: State, parents: Array) -> State:
        """Hypothesis k continues parents[k, b], int32, an index in [0, K).

        `parents` (K', B) may have another number of rows, which is then that of the state: an exact
        search keeps as many as it needs. The state returned holds arrays of its own, no views.
        """
        ...

    def state_bytes(self, width: int, batch: int) -> int:
        """Memory that `width` hypotheses over `batch` sentences need, logits included."""
        ...
