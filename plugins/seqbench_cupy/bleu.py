"""A32 on the device: the counts behind BLEU in one launch, a block a sentence."""

from __future__ import annotations

from seqbench.kernels.bleu import BleuInputs, BleuOutputs

from .implementation import CudaImplementation, CudaPlan
from .sources import CudaSource

SOURCE = CudaSource("bleu.cu", {"bleu_stats": ((),)})
THREADS = 64
"""A sentence has some thirty words: two warps keep most of their lanes busy."""


class BleuPlan(CudaPlan):
    """Statistics of N sentences."""

    def _allocate(self) -> None:
        N, orders = self.dims.N, self.dims.n
        self._matches, self._totals = (self.empty((N * orders,), "int64") for _ in range(2))
        self._lengths, self._closest = (self.empty((N,), "int64") for _ in range(2))

    def forward(self, inputs: BleuInputs) -> BleuOutputs:
        (N, L), (R, _, L2), orders = (
            inputs.hypotheses.shape,
            inputs.references.shape,
            inputs.max_order,
        )
        matches, totals = (
            a[: N * orders].reshape(N, orders) for a in (self._matches, self._totals)
        )
        lengths, closest = self._lengths[:N], self._closest[:N]
        self.runtime.kernel(SOURCE, "bleu_stats")(
            (N,),
            (THREADS,),
            inputs.hypotheses,
            inputs.hypothesis_lengths,
            inputs.references,
            inputs.reference_lengths,
            matches,
            totals,
            lengths,
            closest,
            *(N, L, R, L2, orders),
        )
        return BleuOutputs(matches, totals, lengths, closest)


class BleuStats(CudaImplementation):
    """Serves every size and order."""

    plan_type = BleuPlan
