"""What decides a captioner's parameters and mathematics."""

from __future__ import annotations

from dataclasses import dataclass

from seqbench.interfaces import RangeError

from .configuration import EncoderDecoderConfig


@dataclass(frozen=True, slots=True)
class CaptionerConfig(EncoderDecoderConfig):
    """The decoder's settings, as of an encoder-decoder, and the convolutions' own.

    filters : of each layer; image_shape : (C, Y, X)
    """

    filters: tuple[int, ...] = (16, 32, 64)
    image_shape: tuple[int, int, int] = (3, 32, 32)

    def __post_init__(self) -> None:
        if not self.filters or min(self.filters) < 1:
            raise RangeError(
                f"captioner: filters are {list(self.filters)}, expected at least one layer of at "
                "least one; set model.options.filters=[16,32,64]"
            )

    @property
    def memory_size(self) -> int:
        """Width of the memory: the filters of the last layer."""
        return self.filters[-1]
