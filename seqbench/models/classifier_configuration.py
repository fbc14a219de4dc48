"""What decides a sentence classifier's parameters and mathematics."""

from __future__ import annotations

from dataclasses import dataclass

from seqbench.interfaces import RangeError, unknown_name

from .recurrent_start import STARTS

POOLINGS = ("final", "mean", "max")


@dataclass(frozen=True, slots=True)
class ClassifierConfig:
    """Averaging (A23) reads the first three, the recurrent classifier (A24) all but `positions`.

    A dense classifier reads the rates, `hidden_size` and `positions`.

    dropout : rate on the embeddings, one mask a sentence (Gal & Ghahramani 2016), and on the
        features before the output layer
    word_dropout : rate at which a whole word's embedding is left out (Iyyer et al. 2015)
    cell : a registered name; num_layers : how many are stacked
    pooling : `final` state of the last layer, or `mean` or `max` over its outputs
    positions : that a dense classifier has inputs for
    initial : how recurrent weights start, see `recurrent_start`
    forget_bias : where the bias of the gate that keeps the old state starts; None leaves it at 1
        for a cell with a memory and at 0 for others
    """

    embedding_size: int = 64
    dropout: float = 0.0
    word_dropout: float = 0.0
    cell: str = "gru"
    hidden_size: int = 64
    bidirectional: bool = False
    num_layers: int = 1
    pooling: str = "final"
    positions: int = 1
    initial: str = "glorot"
    forget_bias: float | None = None
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.pooling not in POOLINGS:
            raise unknown_name("pooling", self.pooling, POOLINGS)
        if self.initial not in STARTS:
            raise unknown_name("start of recurrent weights", self.initial, STARTS)
        if self.num_layers < 1:
            raise RangeError(
                f"classifier: num_layers is {self.num_layers}, expected at least 1; "
                "set model.options.num_layers=1"
            )
        if self.positions < 1:
            raise RangeError(
                f"classifier: positions is {self.positions}, expected at least 1; set "
                "dataset.max_length=16"
            )
        if not 0 <= self.word_dropout < 1:
            raise RangeError(
                f"classifier: word_dropout is {self.word_dropout}, expected at least 0 and below "
                "1; set model.options.word_dropout=0"
            )
