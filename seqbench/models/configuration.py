"""What decides a model's parameters and mathematics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EncoderDecoderConfig:
    """An encoder-decoder (A25) with optional attention (A33).

    cell : the recurrent cell of both sides, a registered name
    attention : `additive`, `dot`, `general`, or `none`
    context : without attention, how the source reaches the decoder: `state` passes the encoder's
        final state (Sutskever et al. 2014), `every_step` also feeds it at each step (Cho et al.
        2014)
    dropout : rate on embeddings and on the decoder's output, one mask a sequence (Gal &
        Ghahramani 2016)
    reverse_source : read the source backwards (Sutskever et al. 2014)
    """

    cell: str = "gru"
    embedding_size: int = 128
    hidden_size: int = 128
    attention: str = "additive"
    attention_size: int = 128
    bidirectional: bool = True
    context: str = "state"
    dropout: float = 0.0
    reverse_source: bool = False
    dtype: str = "float32"

    @property
    def memory_size(self) -> int:
        """Width of the encoder's outputs."""
        return self.hidden_size * (2 if self.bidirectional else 1)
