"""What any contract costs, and what contracts that do the same cost beside each other."""

from __future__ import annotations

from ..config import RunConfig
from ._spec import TaskSpec

SECTIONS = ("dtype", "backend", "kernel", "sizes", "measure")


def _kernel(config: RunConfig) -> list[str]:
    return [config.kernel]


TASKS = (
    TaskSpec("kernel_cost", "kernel_cost", SECTIONS, _kernel, mixed=True, block="kernel"),
    TaskSpec("kernel_contrast", "kernel_cost", SECTIONS, _kernel, mixed=True),
    TaskSpec("word_cost", "word_cost", SECTIONS, _kernel, mixed=True),
)
"""The two others time their kernels in one block: they are ranked against each other."""
