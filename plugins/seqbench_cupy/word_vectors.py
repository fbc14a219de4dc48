"""A18 to A20 on the device: losses, gradients and steps of skip-gram and CBOW.

One launch scores every position's examples at the old values, two or three gather the rows of both
gradients from the positions around, and rows of equal words are summed in a fixed order. Nothing is
read back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels._word_vectors import UpdatedVectors, VectorDims, VectorLoss, VectorParams

from .implementation import CudaImplementation, CudaPlan
from .launch import ceil_div, warp_a_row
from .scatter import SOURCE as SCATTER  # noqa: F401 (one of this family's sources)
from .scatter import Parts, add_rows, order_of, parts
from .sources import C_TYPES, FLOATS, CudaSource

LANES = (4, 8, 16)
"""Numbers of a vector that a lane may hold; D up to 32 times the last."""
WARP = 32
_SIZED = tuple((*types, str(lanes)) for types in FLOATS for lanes in LANES)
_SCORED = tuple((*sized, skip) for sized in _SIZED for skip in ("true", "false"))
SOURCE = CudaSource(
    "word_vectors.cu",
    {
        "noise_scores": _SCORED,
        "path_scores": _SCORED,
        "target_rows": _SCORED,
        "noise_rows": _SIZED,
        "context_means": _SIZED,
        "context_rows": _SIZED,
        "sum_losses": FLOATS,
    },
)


class Model(NamedTuple):
    """Which of the contracts: skip-gram or CBOW, a tree or noise words, a mean's gradient."""

    skip: bool
    tree: bool
    divide: bool


def model_of(name: str) -> Model:
    """By a contract's name: `cbow_ns_word2vec`."""
    return Model(name.startswith("skipgram"), "_hs" in name, not name.endswith("word2vec"))


def lanes_for(size: int) -> int | None:
    """The least of LANES that holds vectors of `size` numbers, None where none does."""
    return next((lanes for lanes in LANES if size <= WARP * lanes), None)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to add to a matrix, with what sums them: one matrix's gradient."""

    rows: Any  # (entries, D)
    keys: Any  # (entries,) int32, -1: counts nowhere
    reach: Any  # (entries,)
    parts: Parts


class WordVectorPlan(CudaPlan):
    """Buffers of a chunk; N is a capacity."""

    def __init__(self, impl: CudaImplementation, dims: VectorDims, dtype: str, *, grad: bool):
        self._model = model_of(impl.contract.name)
        self._with_rows = grad or impl.contract.in_place
        super().__init__(impl, dims, dtype, grad=grad)

    def _allocate(self) -> None:
        N, _, D, R, J, block = self.dims
        skip, tree, _ = self._model
        slots, turns = 2 * R if skip else 1, J if tree else 1
        self._turns = turns
        self._pair_factors = self.empty((N * slots * turns,))
        self._noise_factors = None if tree else self.empty((N, J))
        self._squares, self._losses, self._total = (self.empty((n,)) for n in (N, N, 1))
        self._hidden: Any = None if skip else self.empty((N, D))
        self._d_hidden: Any = self.empty((N, D)) if self._with_rows else None
        self._gradient: Any = None
        if self._with_rows:
            entries = N * turns + (0 if tree else ceil_div(N, block) * J)
            self._out = self._rows(entries)
            self._in = self._rows(N, made=self._d_hidden if skip else None)

    def _rows(self, entries: int, made: Any = None) -> Rows:
        D = self.dims.D
        rows = self.empty((entries, D)) if made is None else made
        keys = self.empty((entries,), "int32")
        return Rows(rows, keys, self.empty((entries,)), parts(self.empty, entries, D))

    # -- the objective --------------------------------------------------------------------------

    def _launch(self, name: str, warps: int, *arguments: Any, skip: bool = False) -> None:
        """A kernel with a warp for each of `warps` vectors; `skip`: one of its two instances."""
        lanes = str(lanes_for(self.dims.D))
        which = ("true" if self._model.skip else "false",) if skip else ()
        kernel = self.runtime.kernel(SOURCE, name, C_TYPES[self.dtype], lanes, *which)
        kernel(*warp_a_row(warps, self.runtime.properties), *arguments)

    def _centres(self, chunk: Any) -> tuple[Any, Any]:
        """(hidden, hidden_ids): where the hidden vector of each position is read."""
        if self._model.skip:
            return self._params.weight_in, chunk.ids
        return self._hidden, None

    def _score(self, chunk: Any) -> None:
        """Losses, factors and the gradient of the hidden vectors."""
        N, D, R = len(chunk.ids), self.dims.D, self.dims.R
        window = chunk.ids, chunk.left, chunk.right
        if not self._model.skip:
            weight = self._params.weight_in
            self._launch("context_means", N, weight, *window, self._hidden, N, D)
        read = (*self._centres(chunk), self._params.weight_out, *window)
        kept = self._squares, self._losses
        if self._model.tree:
            path = chunk.path_nodes, chunk.path_signs
            made: tuple[Any, ...] = self._d_hidden, self._pair_factors, *kept
            self._launch("path_scores", N, *read, *path, *made, N, D, R, self.dims.J, skip=True)
        else:
            made = self._d_hidden, self._pair_factors, self._noise_factors, *kept
            sizes = N, D, R, self.dims.J, chunk.block, chunk.num_negatives
            self._launch("noise_scores", N, *read, chunk.negatives, *made, *sizes, skip=True)

    # -- the gradient, row by row ---------------------------------------------------------------

    def _gather_out(self, chunk: Any) -> int:
        """Rows of weight_out's gradient; their number."""
        N, D, out, turns = len(chunk.ids), self.dims.D, self._out, self._turns
        centres, window = self._centres(chunk), (chunk.ids, chunk.left, chunk.right)
        path = (chunk.path_nodes, chunk.path_signs) if self._model.tree else (None, None)
        made = out.rows, out.reach, out.keys
        factors = self._pair_factors, self._squares
        read = *centres, *window, *path, *factors
        self._launch("target_rows", N * turns, *read, *made, N, D, self.dims.R, turns, skip=True)
        if self._model.tree:
            return N * turns
        entries, factors = chunk.negatives.size, (self._noise_factors, self._squares)
        made = tuple(a[N : N + entries] for a in made)
        sizes = entries, N, D, self.dims.J, chunk.block
        self._launch("noise_rows", entries, *centres, chunk.negatives, *factors, *made, *sizes)
        return N + entries

    def _gather_in(self, chunk: Any) -> Any:
        """Rows of weight_in's gradient; their words (N,)."""
        if self._model.skip:
            return chunk.ids
        N, window = len(chunk.ids), (chunk.ids, chunk.left, chunk.right)
        made = self._in.rows, self._in.keys
        sizes = N, self.dims.D, self.dims.R, self._model.divide
        self._launch("context_rows", N, self._d_hidden, *window, *made, *sizes)
        return self._in.keys[:N]

    def _add(self, chunk: Any, weight_in: Any, weight_out: Any, **options: Any) -> None:
        """Sum all rows into both matrices; every row is made before either changes."""
        if len(chunk.ids) == 0:
            return
        count, in_keys = self._gather_out(chunk), self._gather_in(chunk)
        damping = options.pop("damping", 0.0)
        for matrix, keys, found, extra, damped in (
            (weight_in, in_keys, self._in, None, 0.0),
            (weight_out, self._out.keys[:count], self._out, self._out.reach[:count], damping),
        ):
            order, rows = order_of(self.runtime, keys), found.rows[: len(keys)]
            sums = options | {"extra": extra, "damping": damped}
            add_rows(self.runtime, matrix, keys, order, rows, found.parts, **sums)


class LossPlan(WordVectorPlan):
    """The loss of a chunk and its dense gradient."""

    def forward(self, inputs: Any) -> VectorLoss:
        self._inputs = inputs
        self._score(inputs)
        kernel = self.runtime.kernel(SOURCE, "sum_losses", C_TYPES[self.dtype])
        kernel((1,), (1024,), self._losses, self._total, len(inputs.ids))
        return VectorLoss(self._total.reshape(()))

    def backward(self, d_outputs: VectorLoss) -> Gradients:
        """Dense gradients of both matrices."""
        params, chunk = self._params, self._inputs
        if self._gradient is None:
            shapes = params.weight_in.shape, params.weight_out.shape
            self._gradient = VectorParams(*(self.empty(shape) for shape in shapes))
        made = self._gradient
        made.weight_in.fill(0)
        made.weight_out.fill(0)
        if d_outputs.loss is not None:
            self._add(chunk, made.weight_in, made.weight_out, upstream=d_outputs.loss)
        nothing = type(chunk)(**dict.fromkeys(type(chunk).__dataclass_fields__))
        return Gradients(made, nothing)


class UpdatePlan(WordVectorPlan):
    """A step of gradient descent on a chunk, both matrices updated in place."""

    def forward(self, inputs: Any) -> UpdatedVectors:
        params, rate = self._params, inputs.learning_rate
        self._score(inputs.chunk)
        options = {"scale": -rate, "damping": rate * inputs.damping}
        self._add(inputs.chunk, params.weight_in, params.weight_out, **options)
        return UpdatedVectors(params.weight_in, params.weight_out)

    def backward(self, d_outputs: Any) -> Gradients:
        raise UnsupportedError("word vectors: a step has no gradient; ask its loss for one")


class _WordVectors(CudaImplementation):
    """Vectors of up to 512 numbers in float32 and float64."""

    def supports(self, dims: VectorDims, dtype: str) -> str | None:
        if lanes_for(dims.D) is None:
            return f"vectors of {dims.D} numbers, a warp holds {WARP * LANES[-1]}"
        return super().supports(dims, dtype)


class Loss(_WordVectors):
    """Losses and gradients."""

    plan_type = LossPlan


class Update(_WordVectors):
    """Steps."""

    plan_type = UpdatePlan
