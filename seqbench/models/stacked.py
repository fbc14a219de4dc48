"""A14: layers of any cell, each reading the outputs of the one below, in one or both directions.

Schmidhuber (1992); El Hihi & Bengio (1996). Dropout between the layers, never along time (Zaremba
et al. 2014; one mask for all steps: Gal & Ghahramani 2016). A bias belongs to its layer: where the
notes write b[3] in the formula of layer 2, it is b[2].

Parts, weights and states alike, stand in the order torch has them: layer by layer, forward before
backward.
"""

from __future__ import annotations

from typing import Any

from seqbench.interfaces import Array, Contract, Gradients, Kernels, Plan, RangeError, ShapeError
from seqbench.kernels._cell import (
    CellDims,
    CellInputs,
    CellOutputs,
    check_shape,
    validate_dtypes,
    validate_lengths,
    validate_memory,
)
from seqbench.kernels.dropout import dropout_mask

from .bidirectional import Bidirectional, BidirectionalInputs, BidirectionalOutputs
from .dropout_stream import DropoutStream


class Stacked:
    """A cell, by name, `num_layers` deep: `plan`, then `load`, `forward`, `backward`.

    Params are tuples of the cell's Params, `num_parts` of them. Inputs and outputs are the cells':
    x (T, B, I), output (T, B, F) with F = `num_directions` * H, h0, c0, h, c (num_parts, B, H).
    """

    def __init__(
        self,
        kernels: Kernels,
        cell: str = "lstm",
        *,
        num_layers: int = 2,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        _check_options(num_layers, dropout)
        self.backend = kernels.backend
        self._one = Bidirectional(kernels, cell) if bidirectional else kernels.get("cell", cell)
        self.cell: Contract = self._one.contract
        self.state = self.cell.state
        self.num_layers, self.dropout = num_layers, dropout
        self.num_directions = 2 if bidirectional else 1
        self.num_parts = num_layers * self.num_directions

    def dims(self, params: tuple[Any, ...], inputs: CellInputs) -> CellDims:
        """The sizes, read off the arrays."""
        return self.cell.dims(params[0], inputs)

    def layer_dims(self, dims: CellDims) -> list[CellDims]:
        """The sizes of each layer: above the first, the input is the output below."""
        above = dims._replace(I=self.num_directions * dims.H)
        return [dims] + [above] * (self.num_layers - 1)

    def shapes(self, dims: CellDims) -> list[dict[str, tuple[int, ...]]]:
        """The tensors of each part."""
        assert self.cell.shapes is not None, self.cell.key
        layers = [self.cell.shapes(layer) for layer in self.layer_dims(dims)]
        return [shapes for shapes in layers for _ in range(self.num_directions)]

    def plan(self, dims: CellDims, dtype: str = "float32", *, grad: bool = False) -> StackedPlan:
        """A plan of the cell for each part; T is a capacity."""
        plans = [self._one.plan(layer, dtype, grad=grad) for layer in self.layer_dims(dims)]
        return StackedPlan(plans, self.state, self.num_directions, self.backend.xp)

    def __call__(self, params: tuple[Any, ...], inputs: CellInputs) -> CellOutputs:
        """Validate, plan and run forward once, without dropout."""
        self.validate(params, inputs)
        plan = self.plan(self.dims(params, inputs), str(inputs.x.dtype).removeprefix("torch."))
        plan.load(params)
        return plan.forward(inputs)

    def masks(
        self,
        dims: CellDims,
        dtype: str,
        stream: DropoutStream,
        *,
        namespace: int = 0,
        shared_over_time: bool = False,
    ) -> list[Array]:
        """Dropout masks of the gaps between layers: (T, B, F), or (1, B, F) for all steps alike.

        `namespace` in [0, 2**32) keeps stacks of one model apart. Empty where the rate is 0.
        """
        gaps = self.num_layers - 1
        if self.dropout == 0:
            return []
        steps = 1 if shared_over_time else dims.T
        return [
            dropout_mask(
                (steps, dims.B, self.num_directions * dims.H),
                self.dropout,
                seed=stream.seed,
                stream=(namespace << 32) + stream.step * gaps + gap,
                dtype=dtype,
                xp=self.backend.xp,
            )
            for gap in range(gaps)
        ]

    def validate(self, params: tuple[Any, ...], inputs: CellInputs) -> None:
        """Raise ShapeError, DtypeError or RangeError where the batch does not fit the stack."""
        name = f"stacked {self.cell.name}"
        if inputs.x.ndim != 3:
            raise ShapeError(
                f"{name}: x has shape {tuple(inputs.x.shape)}, expected (T, B, I); "
                "add the missing axis or transpose to time-major"
            )
        if len(params) != self.num_parts:
            raise ShapeError(f"{name}: {len(params)} parts of weights, expected {self._parts}")
        dims = self.dims(params, inputs)
        for part, (values, shapes) in enumerate(zip(params, self.shapes(dims), strict=True)):
            for tensor, shape in shapes.items():
                check_shape(f"{name}, part {part}", tensor, getattr(values, tensor), shape)
        state = (self.num_parts, dims.B, dims.H)
        if inputs.h0.ndim != 3 or inputs.h0.shape[0] != self.num_parts:
            raise ShapeError(
                f"{name}: h0 is {tuple(inputs.h0.shape)}, expected (parts, B, H) = {state}; "
                f"there are {self._parts}"
            )
        check_shape(name, "h0", inputs.h0, state)
        validate_memory(name, inputs.c0, state, memory="c" in self.state)
        validate_dtypes(name, inputs.x, (params, inputs.h0, inputs.c0))
        validate_lengths(name, inputs.lengths, dims.T, dims.B)

    @property
    def _parts(self) -> str:
        ways = "both directions" if self.num_directions == 2 else "one direction"
        return f"{self.num_parts}: {self.num_layers} layers in {ways}"

    def flops(self, dims: CellDims, grad: bool) -> int:
        """Of all cells; dropout's multiplications are not counted."""
        return sum(self._one_flops(layer, grad) for layer in self.layer_dims(dims))

    def _one_flops(self, dims: CellDims, grad: bool) -> int:
        return self.num_directions * int(self.cell.flops(dims, grad))


def _check_options(num_layers: int, dropout: float) -> None:
    if num_layers < 1:
        raise RangeError(f"stacked: num_layers is {num_layers}, expected at least 1; one is a cell")
    if not 0 <= dropout < 1:
        raise RangeError(
            f"stacked: dropout is {dropout}, expected at least 0 and below 1; 0 turns it off"
        )


class StackedPlan(Plan):
    """A plan a layer, each above reading the buffer below it; `masks` drop what lies between."""

    def __init__(self, plans: list[Any], state: tuple[str, ...], ways: int, xp: Any) -> None:
        self._plans, self._state, self._ways, self._xp = plans, state, ways, xp
        self._masks: list[Array] = []
        self.nbytes = sum(plan.nbytes for plan in plans)

    def load(self, params: tuple[Any, ...]) -> None:
        for layer, plan in enumerate(self._plans):
            plan.load(self._of_layer(params, layer))

    def forward(self, inputs: CellInputs, masks: list[Array] | None = None) -> CellOutputs:
        self._masks = masks or []
        x, finals = inputs.x, []
        for layer, plan in enumerate(self._plans):
            if layer > 0 and self._masks:
                x = x * self._masks[layer - 1]
            initial = [self._of_layer(getattr(inputs, n + "0"), layer) for n in self._state]
            made = BidirectionalInputs if self._ways == 2 else CellInputs
            out = plan.forward(made(x, inputs.lengths, *initial))
            finals.append([getattr(out, name) for name in self._state])
            x = out.output
        return CellOutputs(x, **self._stack(finals))

    def backward(self, d_outputs: CellOutputs) -> Gradients:
        """Gradients(params=one of the cell's Params a part, inputs=CellInputs)."""
        d_x, d_params, d_initials = d_outputs.output, [], []
        for layer in reversed(range(len(self._plans))):
            finals = [self._of_layer(getattr(d_outputs, n), layer) for n in self._state]
            made: Any = BidirectionalOutputs if self._ways == 2 else CellOutputs
            gradients = self._plans[layer].backward(made(d_x, *finals))
            d_x = gradients.inputs.x
            if layer > 0 and self._masks:
                d_x = d_x * self._masks[layer - 1]
            d_params.append(gradients.params)
            d_initials.append([getattr(gradients.inputs, name + "0") for name in self._state])
        d_states = self._stack(d_initials[::-1])
        d_inputs = CellInputs(d_x, None, **{name + "0": d for name, d in d_states.items()})
        return Gradients(self._flat(d_params[::-1]), d_inputs)

    def _of_layer(self, parts: Any, layer: int) -> Any:
        """What one layer's plan takes: its part, or its pair of them; None stays None."""
        if parts is None or self._ways == 1:
            return None if parts is None else parts[layer]
        return parts[2 * layer], parts[2 * layer + 1]

    def _flat(self, layers: list[Any]) -> tuple[Any, ...]:
        """Layers' parts one after another: the inverse of `_of_layer`."""
        if self._ways == 1:
            return tuple(layers)
        return tuple(part for pair in layers for part in pair)

    def _stack(self, layers: list[list[Any]]) -> dict[str, Array]:
        """name -> (parts, B, H) from each layer's states."""
        by_name = zip(self._state, zip(*layers, strict=True), strict=True)
        return {name: self._xp.stack(self._flat(list(parts))) for name, parts in by_name}
