"""What a training word costs a step of skip-gram, by vocabulary: E08."""

from __future__ import annotations

import statistics
from typing import Any

from seqbench.experiments.child import TrialContext
from seqbench.interfaces import Case, Sample, TrialResult, UsageError
from seqbench.kernels._word_vectors import TreeChunk, VectorUpdate
from seqbench.measure.cost import kernel_cost
from seqbench.measure.workloads import draw
from seqbench.registry import registry

from .costing import cost_settings, result_of

PHASE = "forward"
"""An update is one: it has no backward of its own."""


def run(case: Case, context: TrialContext) -> TrialResult:
    """Time an update of a chunk of words by Zipf's law, after the gate; told by word and pair."""
    params = case.params
    table = registry().kernels(params["backend"]["name"], params["backend"]["impl"])
    kind, _, name = params["kernel"].partition("/")
    implementation = table.get(kind, name)
    work = draw(implementation.contract, params["sizes"], params["dtype"], case.seed)
    if not isinstance(work.inputs, VectorUpdate):
        raise UsageError(
            f"word_cost: kernel is {params['kernel']!r}, expected a step of word vectors such as "
            "vectors/skipgram_ns_update; take the task kernel_cost for others"
        )
    context.report(0.1, "gate")
    cost = kernel_cost(implementation, work, params["dtype"], cost_settings(case))
    cost.samples += by_word(cost.samples, work.inputs.chunk)
    return result_of(cost, implementation, table.resolved)


def by_word(samples: list[Sample], chunk: Any) -> list[Sample]:
    """Every time over the chunk's words and its pairs of a word and a context word.

    mean_code_length : turns of the Huffman tree a pair of this chunk, of a tree alone
    """
    words, pairs = len(chunk.ids), int(chunk.left.sum() + chunk.right.sum())
    times = [s for s in samples if s.metric == "time" and s.phase == PHASE]
    if not times:
        return []
    told = [
        Sample(name, s.value / count, unit, "lower", PHASE, s.repetition)
        for s in times
        for name, count, unit in (("word_time", words, "s/word"), ("pair_time", pairs, "s/pair"))
    ]
    median = statistics.median(s.value for s in times)
    told.append(Sample("words_per_s", words / median, "word/s", "higher", PHASE))
    if isinstance(chunk, TreeChunk):
        told.append(Sample("mean_code_length", turns(chunk) / pairs, "turns", "none", PHASE))
    return told


def turns(chunk: TreeChunk) -> int:
    """Turns on the way to every context word of every word of the chunk."""
    lengths = (chunk.path_signs != 0).sum(axis=1)[chunk.ids]
    sides = zip(chunk.left.tolist(), chunk.right.tolist(), strict=True)
    return sum(
        int(lengths[n - left : n].sum() + lengths[n + 1 : n + 1 + right].sum())
        for n, (left, right) in enumerate(sides)
    )
