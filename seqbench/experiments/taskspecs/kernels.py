"""What any contract costs, and what contracts that do the same cost beside each other."""

from __future__ import annotations

from seqbench.interfaces import UsageError

from ..config import RunConfig
from ._spec import TaskSpec

SECTIONS = ("dtype", "backend", "kernel", "sizes", "measure")


def _kernel(config: RunConfig) -> list[str]:
    return [config.kernel]


def _update(config: RunConfig) -> list[str]:
    """A step of word vectors: no other kernel has words to count."""
    if not config.kernel.startswith("vectors/") or not config.kernel.endswith(UPDATES):
        raise UsageError(
            f"kernel is {config.kernel!r}, expected a step of word vectors such as "
            "vectors/skipgram_ns_update; experiment=kernel_cost times any other"
        )
    return [config.kernel]


UPDATES = ("hs_update", "ns_update", "softmax_update", "word2vec")
TASKS = (
    TaskSpec("kernel_cost", "kernel_cost", SECTIONS, _kernel, mixed=True, block="kernel"),
    TaskSpec("kernel_contrast", "kernel_cost", SECTIONS, _kernel, mixed=True),
    TaskSpec("word_cost", "word_cost", SECTIONS, _update, mixed=True),
)
"""The two others time their kernels in one block: they are ranked against each other."""
