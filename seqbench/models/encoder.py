"""The encoder of A25: embedding, one recurrent layer, and the bridge to the decoder's state."""

from __future__ import annotations

from dataclasses import dataclass

from seqbench.interfaces import Array, Kernels
from seqbench.kernels._cell import CellDims

from .bidirectional import BidirectionalLayer
from .configuration import EncoderDecoderConfig
from .kernel_layer import KernelLayer
from .linear import linear, linear_backward, linear_flops, linear_shapes
from .parameters import Parameters, Shape
from .plans import Notes, merged_notes
from .recurrent import RecurrentLayer, State


@dataclass(slots=True)
class EncoderTape:
    """What forward keeps for backward."""

    mask: Array | None  # (B, E) dropout on the embedded source
    final: State  # the encoder's final state, each (B, A)
    initial: State  # the decoder's initial state, each (B, H)


class Encoder:
    """Source ids to a memory (Tx, B, A) and the decoder's first state."""

    def __init__(
        self, config: EncoderDecoderConfig, kernels: Kernels, params: Parameters, *, grad: bool
    ) -> None:
        self._config, self._params = config, params
        self._xp = kernels.backend.xp
        self._embedding = KernelLayer(
            kernels, "embedding/gather", params, "source_embedding", grad=grad
        )
        layer = BidirectionalLayer if config.bidirectional else RecurrentLayer
        self._recurrent = layer(kernels, config.cell, params, "encoder", grad=grad)
        self._state_names = kernels.get("cell", config.cell).contract.state

    @staticmethod
    def shapes(config: EncoderDecoderConfig, kernels: Kernels, vocab_size: int) -> dict[str, Shape]:
        cell = kernels.get("cell", config.cell).contract
        layer = BidirectionalLayer if config.bidirectional else RecurrentLayer
        shapes: dict[str, Shape] = {
            "source_embedding.weight": (vocab_size, config.embedding_size),
            **layer.shapes("encoder", cell, config.embedding_size, config.hidden_size),
        }
        for name in cell.state:
            shapes |= linear_shapes(f"bridge_{name}", config.memory_size, config.hidden_size)
        return shapes

    def load(self) -> None:
        self._embedding.load()
        self._recurrent.load()

    def forward(
        self, source: Array, lengths: Array, mask: Array | None, *, capacity: int
    ) -> tuple[Array, State, EncoderTape]:
        """source (Tx, B) -> memory (Tx, B, A), the decoder's first state, tape."""
        inputs = self._embedding.contract.Inputs(source)
        x = self._embedding.forward(inputs, T=capacity).rows
        if mask is not None:
            x = x * mask
        zero = self._xp.zeros((source.shape[1], self._config.hidden_size), dtype=x.dtype)
        state = (zero,) * len(self._state_names)
        memory, final = self._recurrent.forward(x, lengths, state, capacity=capacity)
        initial = tuple(
            self._xp.tanh(linear(self._params, f"bridge_{name}", part))
            for name, part in zip(self._state_names, final, strict=True)
        )
        return memory, initial, EncoderTape(mask, final, initial)

    def backward(
        self, tape: EncoderTape, d_memory: Array | None, d_initial: State, d_final: State | None
    ) -> None:
        """Gradients of everything below `memory` and the decoder's first state.

        `d_final` is what reached the final state by another way (Cho's context at every step).
        """
        d_state = []
        for index, name in enumerate(self._state_names):
            d_bridge = d_initial[index] * (1 - tape.initial[index] ** 2)  # tanh(linear(final))
            part = linear_backward(self._params, f"bridge_{name}", tape.final[index], d_bridge)
            d_state.append(part if d_final is None else part + d_final[index])
        d_x, _ = self._recurrent.backward(d_memory, tuple(d_state))
        if tape.mask is not None:
            d_x = d_x * tape.mask
        self._embedding.backward(self._embedding.contract.Outputs(d_x))

    @property
    def notes(self) -> Notes:
        return merged_notes(self._embedding.notes, self._recurrent.notes)

    def flops(self, Tx: int, B: int, grad: bool) -> int:
        """Operations of forward, or of forward and backward, over (Tx, B)."""
        config = self._config
        bridges = len(self._state_names) * linear_flops(
            B, config.memory_size, config.hidden_size, grad
        )
        return bridges + self._recurrent.flops(
            CellDims(Tx, B, config.embedding_size, config.hidden_size), grad
        )
