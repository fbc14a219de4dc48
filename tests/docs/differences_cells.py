"""Differences told by the recurrent cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from difference import Difference

from seqbench.interfaces import SharedText
from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.gru import GRU_RESET_BEFORE
from seqbench.kernels.gru_simplified import GRU_SIMPLIFIED
from seqbench.kernels.lstm_peephole import LSTM_PEEPHOLE
from seqbench.kernels.lstm_peephole_full import LSTM_PEEPHOLE_FULL
from seqbench.kernels.rnn import RNN, merge
from seqbench.models.stacked import Stacked
from seqbench.testing.cases import random_cell_inputs, random_params
from seqbench.testing.comparing import relative_error
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reference import HostBackend, reference

DIMS = CellDims(T=10, B=4, I=5, H=5)


def case_of(contract: Any, dims: CellDims = DIMS) -> tuple[Any, CellInputs]:
    rng = np.random.default_rng(0)
    return random_params(contract, dims, rng), random_cell_inputs(contract, dims, rng)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


# -- A02, A03 ----------------------------------------------------------------------------------


def columns_by_the_notes() -> float:
    """Columns of the notes' W_a, of a cell whose a and x are both five numbers."""
    params, _ = case_of(RNN)
    weight = np.concatenate([params.weight_hh, params.weight_ih], axis=0)
    assert merge(params, xp=np).shape == (DIMS.H, DIMS.H + DIMS.I)
    return weight.shape[1]


def gradient_of_the_last_step_alone() -> float:
    """Error of weight_hh's gradient where the loss is that of one step, of the sum's."""
    params, inputs = case_of(RNN)
    plan = reference(RNN).plan(DIMS, "float64", grad=True)
    plan.load(params)
    output = plan.forward(inputs).output
    every = plan.backward(CellOutputs(2 * output, None)).params.weight_hh.copy()
    last = np.zeros_like(output)
    last[-1] = 2 * output[-1]  # the loss of a step is the sum of its squares
    return relative_error(plan.backward(CellOutputs(last, None)).params.weight_hh, every)


# -- A09, A10 ----------------------------------------------------------------------------------


def notes_gru(params: Any, inputs: CellInputs, *, reset: bool) -> np.ndarray:
    """The notes' formulas: the update gate multiplies the candidate. Final states (B, H)."""
    H = params.weight_hh.shape[1]
    bias = params.bias_ih + params.bias_hh if reset else params.bias
    gates = [slice(k * H, (k + 1) * H) for k in range(3 if reset else 2)]

    def summed(rows: slice, x: np.ndarray, c: np.ndarray) -> np.ndarray:
        return x @ params.weight_ih[rows].T + c @ params.weight_hh[rows].T + bias[rows]

    c = inputs.h0
    for x in inputs.x:
        update = sigmoid(summed(gates[-2], x, c))
        seen = sigmoid(summed(gates[0], x, c)) * c if reset else c
        candidate = np.tanh(summed(gates[-1], x, seen))
        c = update * candidate + (1 - update) * c
    return c


def update_gate_as_it_is(contract: Any, *, reset: bool) -> float:
    """Error of the notes' states with our weights; with the gate's rows negated there is none."""
    params, inputs = case_of(contract)
    ours = reference(contract)(params, inputs).h
    negated = {}
    for name in ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if reset else ("bias",))):
        value = getattr(params, name).copy()
        rows = slice(DIMS.H, 2 * DIMS.H) if reset else slice(0, DIMS.H)
        value[rows] = -value[rows]
        negated[name] = value
    mapped = notes_gru(replace(params, **negated), inputs, reset=reset)
    assert relative_error(mapped, ours) < 1e-12
    return relative_error(notes_gru(params, inputs, reset=reset), ours)


# -- A11 ---------------------------------------------------------------------------------------


def notes_gate_gradients(sums: np.ndarray, c_prev: np.ndarray, da: Any, dc: Any) -> list[Any]:
    """The notes' dit, dft, dcct, dot from the sums of i, f, g, o: each (B, H)."""
    it, ft, cct, ot = sigmoid(sums[0]), sigmoid(sums[1]), np.tanh(sums[2]), sigmoid(sums[3])
    tc = np.tanh(ft * c_prev + it * cct)
    a_next, z = ot * tc, 1 - tc**2
    return [
        dc * cct + ot * z * cct * da * it * (1 - it),
        dc * c_prev + ot * z * c_prev * da * ft * (1 - ft),
        dc * it + ot * z * it * da * cct * (1 - np.tanh(cct) ** 2),
        da * a_next * (1 - ot),
    ]


def error_of_gate_gradient(gate: int) -> float:
    """Of the notes' formula, against central differences of a step's a_next and c_next."""
    rng = np.random.default_rng(0)
    sums = rng.normal(size=(4, 5, 8))
    c_prev, da, dc = rng.normal(size=(3, 5, 8))

    def loss(moved: np.ndarray) -> np.ndarray:
        c = sigmoid(moved[1]) * c_prev + sigmoid(moved[0]) * np.tanh(moved[2])
        return da * sigmoid(moved[3]) * np.tanh(c) + dc * c

    def error(of: int) -> float:
        step = np.zeros_like(sums)
        step[of] = 1e-5
        exact = (loss(sums + step) - loss(sums - step)) / 2e-5
        return relative_error(notes_gate_gradients(sums, c_prev, da, dc)[of], exact)

    assert error(3) < 1e-8  # dot
    return error(gate)


# -- A12, A14 ----------------------------------------------------------------------------------


def forget_gate_by_the_notes_label() -> float:
    """Error of h where the formula is taken for the forget gate's: f reads by o's weights."""
    params, inputs = case_of(LSTM_PEEPHOLE_FULL)
    H = DIMS.H
    wrong = {n: getattr(params, n).copy() for n in ("weight_ih", "weight_hh", "bias", "weight_ch")}
    for name, value in wrong.items():
        value[H : 2 * H] = value[2 * H :] if name == "weight_ch" else value[3 * H :]
    cell = reference(LSTM_PEEPHOLE_FULL)
    return relative_error(cell(replace(params, **wrong), inputs).h, cell(params, inputs).h)


def output_gate_of_the_old_memory() -> float:
    """Error of h where o sees c<t-1> in place of c<t>, all peepholes diagonal."""
    params, inputs = case_of(LSTM_PEEPHOLE)
    blocks = np.concatenate([np.diag(p) for p in params.peephole.reshape(3, DIMS.H)])
    weights = (params.weight_ih, params.weight_hh, params.bias)
    full = LSTM_PEEPHOLE_FULL.Params(*weights, blocks)
    right = reference(LSTM_PEEPHOLE)(params, inputs).h
    return relative_error(reference(LSTM_PEEPHOLE_FULL)(full, inputs).h, right)


def bias_of_the_layer_above() -> float:
    """Error of layer 2's output where it takes layer 3's bias."""
    backend = HostBackend()
    kernels = FixedKernels(backend, SharedText(RNN, backend))
    rng = np.random.default_rng(0)
    parts = [random_params(RNN, DIMS, rng) for _ in range(3)]
    state = rng.normal(0, 0.5, (2, DIMS.B, DIMS.H))
    x = rng.normal(size=(DIMS.T, DIMS.B, DIMS.I))
    inputs = CellInputs(x, np.full(DIMS.B, DIMS.T, np.int32), state)
    two = Stacked(kernels, "rnn", num_layers=2)
    wrong = (parts[0], replace(parts[1], bias=parts[2].bias))
    return relative_error(two(wrong, inputs).output, two(tuple(parts[:2]), inputs).output)


def _gate(name: str, title: str, gate: int, right: str, notes: str) -> Difference:
    return Difference(
        id="A11",
        title=f"the gradient of the {title}, `{name}`",
        notes=notes,
        papers=f"`{right}` (Gers et al. 2000). `dot` is right in the notes; they stop before the "
        "gradients of the weights, x, a_prev and c_prev.",
        shows=f"Error of the notes' `{name}` of a random step against finite differences, of its "
        "largest value",
        number=partial(error_of_gate_gradient, gate),
    )


def _update(id: str, name: str, number: Callable[[], float]) -> Difference:
    return Difference(
        id=id,
        title=f"the update gate of the {name}",
        notes="their Γu multiplies the candidate, 1 - Γu the old state.",
        papers="z multiplies the old state, 1 - z the candidate (Cho et al. 2014, as torch and "
        "ONNX): z = 1 - Γu, had by negating the gate's weights and bias.",
        shows="Error of the state after 10 steps, of its largest value, where the weights are "
        "taken over as they are; with the rows negated it is none",
        number=number,
    )


ENTRIES = [
    Difference(
        id="A02",
        title="how a and x, W_aa and W_ax are joined",
        notes="the weights by `concatenate(..., axis=0)`, a and x by `axis=1`: the two axes are "
        "swapped, and their own assertion fails.",
        papers="W_aa and W_ax side by side, a and x above one another (`axis=1` and `axis=0` with "
        "columns as examples); `rnn_forward_concatenated` equals the split form.",
        shows="Columns of the notes' W_a with five units and five inputs, where a and x are ten",
        number=columns_by_the_notes,
        form="{:.0f}",
    ),
    Difference(
        id="A03",
        title="the gradient is that of the summed loss",
        notes="one step's loss stands for the sequence's; what comes back to a step is da_next "
        "and da_prev together.",
        papers="the loss is the sum over t of the steps' losses (Werbos 1990), so at each step the "
        "gradient of its own output joins that of the next step.",
        shows="Error of the gradient of W_aa over 10 steps, of its largest value, where only the "
        "last step's loss is followed back",
        number=gradient_of_the_last_step_alone,
    ),
    _update("A09", "simplified GRU", partial(update_gate_as_it_is, GRU_SIMPLIFIED, reset=False)),
    _update("A10", "full GRU", partial(update_gate_as_it_is, GRU_RESET_BEFORE, reset=True)),
    _gate(
        "dcct",
        "candidate",
        2,
        "(dc_next it + ot (1 - tanh(c)²) it da_next) (1 - cct²)",
        "the parentheses are missing, a factor cct is too many, and tanh is applied twice.",
    ),
    _gate(
        "dit",
        "update gate",
        0,
        "(dc_next cct + ot (1 - tanh(c)²) cct da_next) it (1 - it)",
        "the parentheses are missing.",
    ),
    _gate(
        "dft",
        "forget gate",
        1,
        "(dc_next c_prev + ot (1 - tanh(c)²) c_prev da_next) ft (1 - ft)",
        "the parentheses are missing.",
    ),
    Difference(
        id="A12",
        title="whose formula it is",
        notes='the peephole\'s formula is announced "for forget gate" and is that of Γo.',
        papers="i, f and o each have weights of their own for the memory.",
        shows="Error of the state after 10 steps, of its largest value, where the forget gate is "
        "given the output gate's weights",
        number=forget_gate_by_the_notes_label,
    ),
    Difference(
        id="A12",
        title="which memory the output gate sees",
        notes="C<t-1> in all gates, through matrices (`lstm_peephole_full`).",
        papers="i and f see c<t-1>, o sees the new c<t>, each unit its own (Gers & Schmidhuber "
        "2000; ONNX's P; `lstm_peephole`).",
        shows="Error of the state after 10 steps, of its largest value, where o sees c<t-1>",
        number=output_gate_of_the_old_memory,
    ),
    Difference(
        id="A14",
        title="the bias of layer 2",
        notes="a[2] is made with the bias b[3].",
        papers="each layer has its own: b[2].",
        shows="Error of layer 2's outputs, of their largest value, with the bias of layer 3",
        number=bias_of_the_layer_above,
    ),
]
