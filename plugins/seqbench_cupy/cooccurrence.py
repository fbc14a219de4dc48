"""A21's counts on the device: a key a pair, a sort, a sum a run.

How many different pairs there are is read back once, since the outputs are as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels.cooccurrence import CooccurrenceInputs, Cooccurrences

from .implementation import CudaImplementation, CudaPlan
from .launch import elementwise, warp_a_row
from .scatter import order_of
from .sources import CudaSource

SOURCE = CudaSource(
    "cooccurrence.cu",
    dict.fromkeys(("pair_keys", "pair_heads", "pair_begins", "pair_counts"), ((),)),
)


class CooccurrencePlan(CudaPlan):
    """Keys of all pairs, both sides; N is a capacity. What is returned is the caller's."""

    def _allocate(self) -> None:
        places = 2 * self.dims.N * self.dims.W
        self._keys, self._heads = self.empty((places,), "int64"), self.empty((places,), "int32")

    def _launch(self, name: str, count: int, *arguments: Any) -> None:
        launch = elementwise(count, self.runtime.properties)
        self.runtime.kernel(SOURCE, name)(*launch, *arguments)

    def forward(self, inputs: CooccurrenceInputs) -> Cooccurrences:
        N, V, W = len(inputs.ids), inputs.vocab_size, inputs.window
        count = (2 if inputs.symmetric else 1) * N * W
        if count == 0:
            return self._outputs(0)
        keys, heads = self._keys[:count], self._heads[:count]
        sizes = N, len(inputs.starts), V, W, inputs.symmetric
        self._launch("pair_keys", N, inputs.ids, inputs.starts, keys, *sizes)
        order = order_of(self.runtime, keys)
        self._launch("pair_heads", count, keys, order, heads, count)
        number = self.runtime.xp.cumsum(heads, dtype="int64")
        found = self._outputs(int(self.runtime.to_host(number[-1:])[0]))
        begins = self.runtime.empty((len(found.counts) + 1,), np.dtype("int64"))
        made = begins, found.rows, found.columns
        self._launch("pair_begins", count, keys, order, heads, number, *made, count, V)
        self._sum(order, begins, found.counts, N, inputs)
        return found

    def _sum(self, order: Any, begins: Any, counts: Any, N: int, inputs: Any) -> None:
        pairs = len(counts)
        kernel = self.runtime.kernel(SOURCE, "pair_counts")
        options = pairs, N, inputs.window, inputs.weighted
        kernel(*warp_a_row(pairs, self.runtime.properties), order, begins, counts, *options)

    def _outputs(self, pairs: int) -> Cooccurrences:
        types = ("int32", "int32", "float64")
        return Cooccurrences(*(self.runtime.empty((pairs,), np.dtype(t)) for t in types))

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("cooccurrence has no gradient")


class Cooccurrence(CudaImplementation):
    """Serves every size."""

    plan_type = CooccurrencePlan
