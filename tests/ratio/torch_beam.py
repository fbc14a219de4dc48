"""Beam search with a GRU decoder as a user writes it in plain torch: one sentence, no gradients."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any


class TorchBeam:
    """`weights` are the tensors of an EncoderDecoder with a GRU and no attention, by name."""

    def __init__(self, torch: ModuleType, weights: Mapping[str, Any], bos_id: int, eos_id: int):
        self._torch, self._weights = torch, weights
        self._bos_id, self._eos_id = bos_id, eos_id
        hidden_size, input_size = weights["decoder.weight_hh"].shape[1], self._embedding.shape[1]
        self._cell = torch.nn.GRUCell(input_size, hidden_size)
        with torch.no_grad():
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(self._cell, name).copy_(weights[f"decoder.{name}"])

    @property
    def _embedding(self) -> Any:
        return self._weights["target_embedding.weight"]

    def search(self, initial: Any, width: int, steps: int) -> list[list[int]]:
        """The tokens of the best `width` hypotheses after `steps`; `initial` is (H,)."""
        torch = self._torch
        with torch.inference_mode():
            hidden = initial.expand(width, -1)
            scores = torch.full((width,), -torch.inf)
            scores[0] = 0
            tokens = torch.full((width,), self._bos_id)
            finished = torch.zeros(width, dtype=torch.bool)
            history = []
            for _ in range(steps):
                hidden = self._cell(torch.nn.functional.embedding(tokens, self._embedding), hidden)
                scores, parents, tokens = self._select(hidden, scores, finished)
                hidden = hidden[parents]
                finished = finished[parents] | (tokens == self._eos_id)
                history.append((tokens, parents))
                if bool(finished.all()):
                    break
            return self._traced(history, width)

    def _select(self, hidden: Any, scores: Any, finished: Any) -> tuple[Any, Any, Any]:
        """The best continuations; a finished hypothesis continues with EOS at no cost."""
        torch, weights = self._torch, self._weights
        logits = torch.nn.functional.linear(
            hidden, weights["output.weight"], weights["output.bias"]
        )
        log_probs = torch.log_softmax(logits, dim=-1)
        if bool(finished.any()):
            log_probs[finished] = -torch.inf
            log_probs[finished, self._eos_id] = 0
        candidates = scores[:, None] + log_probs  # (K, V)
        best, flat = candidates.flatten().topk(len(scores))
        parents = torch.div(flat, log_probs.shape[1], rounding_mode="floor")
        return best, parents, flat % log_probs.shape[1]

    def _traced(self, history: list[tuple[Any, Any]], width: int) -> list[list[int]]:
        slots, words = self._torch.arange(width), []
        for tokens, parents in reversed(history):
            words.append(tokens[slots])
            slots = parents[slots]
        found: list[list[int]] = self._torch.stack(words[::-1], dim=1).tolist()
        return found
