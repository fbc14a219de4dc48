"""The calls that need the barriers of the CUDA sources, and the sizes at which they do.

A header is exercised where one source of many uses it. Of several exercises of a file one must
notice; the first notices most.
"""

from __future__ import annotations

from dataclasses import replace

from without_a_barrier import Exercise, drawn

from seqbench.interfaces import Contract
from seqbench.measure.workloads import Workload


def drawn_of_the_best(contract: Contract) -> Workload:
    """A third of the ids can be drawn: a threshold is selected first."""
    load = drawn(B=2, V=1000)(contract)
    return replace(load, inputs=replace(load.inputs, top_k=333))


EXERCISES = (
    Exercise("attention.cu", "attention/dot", drawn(Tq=5, B=1, Tx=40, A=33)),
    Exercise("beam_select.cu", "decoder/beam_select", drawn(K=10, B=2, V=700)),
    # One group a row: all of them are the best.
    Exercise("beam_select.cu", "decoder/beam_select", drawn(K=140, B=1, V=100)),
    Exercise("cells.cu", "cell/lstm", drawn(T=3, B=3, I=5, H=70), headers=("cells_tile.cuh",)),
    Exercise("cells_helpers.cu", "cell/lstm", drawn(T=4, B=3, I=5, H=9)),
    # Two parts a step, each with a barrier of the grid behind it.
    Exercise(
        "cells_persistent.cu",
        "cell/gru_reset_before",
        drawn(T=3, B=3, I=5, H=70),
        "cupy.gru_reset_before_persistent",
    ),
    # The grid's barrier as a GPU runs it.
    Exercise(
        "cells_persistent.cu",
        "cell/lstm",
        drawn(T=3, B=3, I=5, H=20),
        "cupy.lstm_persistent",
        headers=("sq_grid.cuh",),
        options=("-DSQ_GRID_BY_COUNTER",),
    ),
    Exercise("ctc.cu", "loss/ctc", drawn(T=60, B=2, V=7, L=20)),
    Exercise(
        "ctc_beam.cu", "decoder/ctc_beam", drawn(T=9, B=1, V=29, K=33), headers=("sq_sort.cuh",)
    ),
    Exercise("ctc_greedy.cu", "decoder/ctc_greedy", drawn(T=300, B=2, V=5)),
    Exercise("edit_distance.cu", "metric/edit_distance", drawn(N=2, L=70, L2=50)),
    # 32 points a frame: in the transform of 128 each lane reads what it wrote itself.
    Exercise("features.cu", "feature/log_mel", drawn(B=1, N=300, W=50, P=64, M=20)),
    Exercise("losses.cu", "loss/softmax_cross_entropy", drawn(T=2, B=3, V=1000)),
    Exercise("sample.cu", "decoder/sample", drawn_of_the_best, headers=("sq_select.cuh",)),
    Exercise(
        "scatter.cu", "embedding/gather", drawn(T=20, B=5, V=1, E=33), headers=("sq_segments.cuh",)
    ),
    Exercise(
        "skipgram_softmax.cu",
        "vectors/skipgram_softmax_update",
        drawn(N=40, V=300, D=64, R=2),
        headers=("sq_common.cuh",),
    ),
    # A block of one warp, whose sums have no barrier of the block.
    Exercise("skipgram_softmax.cu", "vectors/skipgram_softmax", drawn(N=20, V=40, D=8, R=2)),
)
