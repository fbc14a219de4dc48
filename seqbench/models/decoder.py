"""The decoder of A25 with attention (A33), teacher-forced over time or one step at a time.

The attention reads the decoder's state after the cell (Luong et al. 2015, section 3.1), so that in
training the cell and the attention each run once over all steps; the score may be any of A33's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Array, Kernels
from seqbench.kernels._cell import CellDims

from .configuration import EncoderDecoderConfig
from .kernel_layer import KernelLayer
from .linear import linear, linear_backward, linear_flops, linear_shapes
from .parameters import Parameters, Shape
from .plans import Notes, merged_notes
from .recurrent import RecurrentLayer, State


@dataclass(slots=True)
class DecoderTape:
    """What forward keeps for backward."""

    embedding_mask: Array | None  # (B, E)
    output_mask: Array | None  # (B, H)
    hidden: Array  # (Ty, B, H) the cell's outputs
    joined: Array | None  # (Ty, B, H + A) what the readout saw
    readout: Array | None  # (Ty, B, H) after tanh, before dropout
    features: Array  # (Ty, B, H) what the output layer saw


class Decoder:
    """Target ids and the encoder's memory to logits."""

    def __init__(
        self, config: EncoderDecoderConfig, kernels: Kernels, params: Parameters, *, grad: bool
    ) -> None:
        self._config, self._params = config, params
        self._xp = kernels.backend.xp
        self._embedding = KernelLayer(
            kernels, "embedding/gather", params, "target_embedding", grad=grad
        )
        self._recurrent = RecurrentLayer(kernels, config.cell, params, "decoder", grad=grad)
        self._attention = (
            None
            if config.attention == "none"
            else KernelLayer(
                kernels, f"attention/{config.attention}", params, "attention", grad=grad
            )
        )

    @staticmethod
    def shapes(config: EncoderDecoderConfig, kernels: Kernels, vocab_size: int) -> dict[str, Shape]:
        cell = kernels.get("cell", config.cell).contract
        hidden, memory = config.hidden_size, config.memory_size
        fed = memory if _feeds_context(config) else 0
        shapes: dict[str, Shape] = {
            "target_embedding.weight": (vocab_size, config.embedding_size),
            **RecurrentLayer.shapes("decoder", cell, config.embedding_size + fed, hidden),
        }
        if config.attention != "none":
            contract = kernels.get("attention", config.attention).contract
            sizes = contract.Dims(Tq=1, B=1, Tx=1, Q=hidden, A=memory, D=config.attention_size)
            shapes |= {f"attention.{k}": v for k, v in contract.shapes(sizes).items()}
            shapes |= linear_shapes("readout", hidden + memory, hidden)
        return shapes | linear_shapes("output", hidden, vocab_size)

    def load(self) -> None:
        self._embedding.load()
        self._recurrent.load()
        if self._attention is not None:
            self._attention.load()

    def forward(
        self,
        target_in: Array,
        lengths: Array,
        memory: Array,
        memory_lengths: Array,
        initial: State,
        final: State,
        masks: tuple[Array | None, Array | None],
        *,
        capacity: int,
    ) -> tuple[Array, DecoderTape]:
        """target_in (Ty, B) -> logits (Ty, B, V), tape."""
        inputs = self._embedding.contract.Inputs(target_in)
        x = self._embedding.forward(inputs, T=capacity).rows
        if masks[0] is not None:
            x = x * masks[0]
        x = self._with_context(x, final)
        hidden, _ = self._recurrent.forward(x, lengths, initial, capacity=capacity)
        features, joined, readout = hidden, None, None
        if self._attention is not None:
            attended = self._attention.contract.Inputs(hidden, memory, memory_lengths)
            context = self._attention.forward(attended, Tq=capacity, Tx=capacity).context
            joined = self._xp.concatenate([hidden, context], axis=-1)  # (Ty, B, H + A)
            features = readout = self._xp.tanh(linear(self._params, "readout", joined))
        if masks[1] is not None:
            features = features * masks[1]
        tape = DecoderTape(*masks, hidden, joined, readout, features)
        return linear(self._params, "output", features), tape

    def _with_context(self, x: Array, final: State) -> Array:
        """Cho: the source's summary beside each embedded token."""
        if not _feeds_context(self._config):
            return x
        summary = self._xp.broadcast_to(final[0], (x.shape[0], *final[0].shape))
        return self._xp.concatenate([x, summary], axis=-1)

    def backward(
        self, tape: DecoderTape, d_logits: Array
    ) -> tuple[Array | None, State, Array | None]:
        """Gradients of the memory, the initial state and (Cho) the encoder's final h."""
        d_features = linear_backward(self._params, "output", tape.features, d_logits)
        if tape.output_mask is not None:
            d_features = d_features * tape.output_mask
        d_hidden, d_memory = d_features, None
        if self._attention is not None:
            d_hidden, d_memory = self._attention_backward(tape, d_features)
        d_x, d_initial = self._recurrent.backward(d_hidden, None)
        size, d_final = self._config.embedding_size, None
        if _feeds_context(self._config):
            d_final = d_x[:, :, size:].sum(axis=0)
            d_x = d_x[:, :, :size]
        if tape.embedding_mask is not None:
            d_x = d_x * tape.embedding_mask
        contiguous = self._xp.ascontiguousarray(d_x)
        self._embedding.backward(self._embedding.contract.Outputs(contiguous))
        return d_memory, d_initial, d_final

    def _attention_backward(self, tape: DecoderTape, d_features: Array) -> tuple[Array, Array]:
        """Through the readout and the attention: gradients of the cell's outputs and memory."""
        assert self._attention is not None
        assert tape.readout is not None
        H = self._config.hidden_size
        d_readout = d_features * (1 - tape.readout**2)  # tanh(linear(joined))
        d_joined = linear_backward(self._params, "readout", tape.joined, d_readout)
        d_context = self._xp.ascontiguousarray(d_joined[:, :, H:])
        outputs = self._attention.contract.Outputs(d_context, None)
        d_attention = self._attention.backward(outputs)
        return d_joined[:, :, :H] + d_attention.queries, d_attention.memory

    @property
    def state_names(self) -> tuple[str, ...]:
        return self._recurrent.contract.state

    def project_memory(self, memory: Array) -> Any:
        """The attention's keys, made once a batch of sentences; None where nothing is projected."""
        if self._attention is None or self._attention.contract.project is None:
            return None
        return self._attention.contract.project(self._attention.params, memory)

    def step(
        self, tokens: Array, state: State, memory: Array, lengths: Array, final: State, keys: Any
    ) -> tuple[Array, State]:
        """One token for K hypotheses of B sentences: tokens (K, B), state parts (K, B, H).

        `keys` is the attention's projection of the memory, made once a sentence, or None.
        """
        K, B = tokens.shape
        x = self._embedding.forward(self._embedding.contract.Inputs(tokens)).rows  # (K, B, E)
        x = self._with_context(x, final).reshape(1, K * B, -1)
        ones = self._xp.ones(K * B, dtype="int32")
        flat = tuple(part.reshape(K * B, -1) for part in state)
        _, new = self._recurrent.forward(x, ones, flat, capacity=1)
        new = tuple(part.reshape(K, B, -1) for part in new)
        features = new[0]
        if self._attention is not None:
            attended = self._attention.contract.Inputs(new[0], memory, lengths, keys)
            context = self._attention.forward(attended).context  # the beam is the query axis
            joined = self._xp.concatenate([new[0], context], axis=-1)
            features = self._xp.tanh(linear(self._params, "readout", joined))
        return linear(self._params, "output", features), new

    @property
    def notes(self) -> Notes:
        attention = {} if self._attention is None else self._attention.notes
        return merged_notes(self._embedding.notes, self._recurrent.notes, attention)

    def flops(self, Tx: int, Ty: int, B: int, vocab_size: int, grad: bool) -> int:
        """Operations of forward, or of forward and backward, teacher-forced."""
        config = self._config
        H, A = config.hidden_size, config.memory_size
        fed = A if _feeds_context(config) else 0
        total = self._recurrent.flops(CellDims(Ty, B, config.embedding_size + fed, H), grad)
        if self._attention is not None:
            contract = self._attention.contract
            dims = contract.Dims(Tq=Ty, B=B, Tx=Tx, Q=H, A=A, D=config.attention_size)
            total += contract.flops(dims, grad) + linear_flops(Ty * B, H + A, H, grad)
        return total + linear_flops(Ty * B, H, vocab_size, grad)


def _feeds_context(config: EncoderDecoderConfig) -> bool:
    return config.attention == "none" and config.context == "every_step"
