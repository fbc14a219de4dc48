"""Which kernels doctor times twice: of every family, from microseconds to tenths of a second."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Cell:
    """One kernel at one size; what is left out of `sizes` is the workload's own."""

    kernel: str
    sizes: dict[str, int] = field(default_factory=dict)
    backend: str = "numpy"

    @property
    def name(self) -> str:
        told = ",".join(f"{name}={size}" for name, size in self.sizes.items())
        return f"{self.kernel}[{told}]" if told else self.kernel

    def params(self, **more: Any) -> dict[str, Any]:
        return {"kernel": self.kernel, "sizes": self.sizes, "backend": self.backend, **more}


GROWING: dict[str, tuple[str, tuple[int, ...], dict[str, int]]] = {
    "optimizer/adam": ("N", (3_000, 30_000, 300_000, 1_000_000), {}),
    "optimizer/sgd": ("N", (10_000, 100_000, 1_000_000), {}),
    "optimizer/adagrad": ("N", (10_000, 100_000, 1_000_000), {}),
    "cell/rnn": ("T", (4, 16, 64, 128), {}),
    "cell/gru": ("T", (4, 16, 64, 128), {}),
    "cell/lstm": ("T", (4, 16, 64, 128), {}),
    "cell/gru_simplified": ("T", (4, 16, 64), {}),
    "cell/lstm_peephole": ("T", (4, 16, 64), {}),
    "cell/lstm_coupled": ("T", (4, 16, 64), {}),
    "cell/gru_reset_before": ("T", (4, 16, 64), {}),
    "attention/additive": ("Tq", (1, 5, 25, 100), {"B": 8}),
    "attention/dot": ("Tq", (1, 10, 100), {}),
    "attention/general": ("Tq", (1, 10, 100), {}),
    "attention/decoder_gru": ("T", (2, 8, 25), {}),
    "loss/softmax_cross_entropy": ("V", (100, 1_000, 5_000), {}),
    "loss/binary_cross_entropy": ("T", (50, 500, 1_500), {}),
    "loss/ctc": ("T", (100, 200, 400), {"B": 16}),
    "embedding/gather": ("B", (1, 8, 64), {}),
    "embedding/one_hot": ("B", (1, 4, 16), {}),
    "feature/one_hot": ("B", (1, 4, 16), {}),
    "feature/mean_pool": ("B", (1, 8, 64), {}),
    "feature/max_pool": ("B", (1, 8, 64), {}),
    "feature/conv1d": ("B", (1, 4, 16), {}),
    "feature/conv2d": ("B", (1, 4, 16), {}),
    "feature/max_pool2d": ("B", (1, 4, 16), {}),
    "feature/stft": ("N", (3_000, 30_000, 160_000), {}),
    "feature/log_mel": ("N", (3_000, 30_000, 160_000), {}),
    "decoder/beam_select": ("V", (300, 3_000, 10_000), {}),
    "decoder/sample": ("V", (300, 3_000, 30_000), {}),
    "decoder/ctc_greedy": ("B", (1, 8, 64), {}),
    "metric/bleu_stats": ("N", (30, 300, 3_000), {}),
    "metric/edit_distance": ("N", (16, 128), {}),
    "vector_op/neighbours": ("V", (1_000, 5_000, 20_000), {}),
    "vector_op/cosine_matrix": ("V", (1_000, 5_000, 20_000), {}),
    "vectors/skipgram_ns_update": ("N", (64, 256, 1_024), {}),
    "vectors/glove_update": ("N", (512, 2_048, 8_192), {}),
    "vectors/cooccurrence": ("N", (1_000, 10_000, 50_000), {}),
}
"""Kernel -> the size that grows, its values, and sizes that stay."""


def all_cells() -> list[Cell]:
    """Every kernel at every size: more than a hundred."""
    return [
        Cell(kernel, {**fixed, axis: size})
        for kernel, (axis, sizes, fixed) in GROWING.items()
        for size in sizes
    ]


def chosen_cells(count: int) -> list[Cell]:
    """`count` of them, evenly over the list: sizes small and large of most families."""
    cells = all_cells()
    count = min(count, len(cells))
    return [cells[(2 * n + 1) * len(cells) // (2 * count)] for n in range(count)]
