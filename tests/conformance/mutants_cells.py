"""Changes to the cells that the suite must notice."""

from __future__ import annotations

import importlib

import numpy as np
from mutant import Mutant, conformance

from seqbench.kernels._cell import CellDims, CellInputs, CellOutputs
from seqbench.kernels.lstm import LSTM
from seqbench.models.dropout_stream import DropoutStream
from seqbench.testing.comparing import relative_error
from seqbench.testing.fixed_kernels import FixedKernels
from seqbench.testing.reference import HostBackend, reference
from seqbench.testing.trees import named_arrays, tree_map

DIMS = CellDims(T=5, B=3, I=3, H=2)
LENGTHS = np.array([3, 0, 5], np.int32)
BACKEND = HostBackend()


def stack_gradients(module):
    """Three layers of LSTMs, both ways, under dropout: backward against central differences.

    `module` is the stack's, or one that it is made of.
    """
    kernels = FixedKernels(BACKEND, reference(LSTM))
    stacked = importlib.import_module("seqbench.models.stacked")
    stack = stacked.Stacked(kernels, "lstm", num_layers=3, bidirectional=True, dropout=0.3)
    rng = np.random.default_rng(0)
    params = tuple(
        LSTM.Params(**{n: rng.normal(0, 0.6, s) for n, s in shapes.items()})
        for shapes in stack.shapes(DIMS)
    )
    state = (6, DIMS.B, DIMS.H)
    x = rng.normal(size=(DIMS.T, DIMS.B, DIMS.I))
    values = [params, x, *rng.normal(size=(2, *state))]
    d_outputs = CellOutputs(rng.normal(size=(DIMS.T, DIMS.B, 4)), *rng.normal(size=(2, *state)))
    masks = stack.masks(DIMS, "float64", DropoutStream(1, 1))
    plan = stack.plan(DIMS, "float64", grad=True)
    directions = tree_map(lambda a: rng.normal(size=a.shape), values)

    def run(step):
        moved = dict(named_arrays(directions))
        names = iter(list(moved))
        at = tree_map(lambda a: a + step * moved[next(names)], values)
        plan.load(at[0])
        return plan.forward(CellInputs(at[1], LENGTHS, at[2], at[3]), masks)

    def loss(step):
        weights = dict(named_arrays(d_outputs))
        return sum((a * weights[name]).sum() for name, a in named_arrays(run(step)))

    numeric = (loss(1e-5) - loss(-1e-5)) / 2e-5
    run(0.0)
    g = plan.backward(d_outputs)
    found = dict(named_arrays([g.params, g.inputs.x, g.inputs.h0, g.inputs.c0]))
    for name, d in named_arrays(directions):
        assert found[name].shape == d.shape, name
    analytic = sum((found[n] * d).sum() for n, d in named_arrays(directions))
    assert abs(analytic - numeric) <= 1e-6 * abs(numeric), (analytic, numeric)


def windows_add_up(module):
    """Windows of 2 over 5 steps give the outputs of the whole, and their gradients' sum."""
    rng = np.random.default_rng(0)
    params = LSTM.Params(**{n: rng.normal(0, 0.6, s) for n, s in LSTM.shapes(DIMS).items()})
    state = rng.normal(size=(2, DIMS.B, DIMS.H))
    inputs = CellInputs(rng.normal(size=(DIMS.T, DIMS.B, DIMS.I)), LENGTHS, *state)
    d_output = rng.normal(size=(DIMS.T, DIMS.B, DIMS.H))
    out, gradients = module.truncated_bptt(reference(LSTM), params, inputs, d_output, 2)
    whole = reference(LSTM)(params, inputs)
    assert relative_error(out.output, whole.output) < 1e-12
    assert relative_error(out.c, whole.c) < 1e-12
    d_first = np.where(np.arange(DIMS.T)[:, None, None] < 2, d_output, 0)
    _, first = module.truncated_bptt(reference(LSTM), params, inputs, d_first, 2)
    plan = reference(LSTM).plan(DIMS, "float64", grad=True)
    plan.load(params)
    plan.forward(inputs)
    whole = plan.backward(CellOutputs(d_first, None))  # nothing of it crosses a window's start
    assert relative_error(first.params.bias, whole.params.bias) < 1e-12
    assert relative_error(gradients.params.bias, first.params.bias) > 0.1


def onnx_round_trip(module):
    """Coupled gates and peepholes there and back, and the packing's blocks."""
    from seqbench.kernels.lstm_coupled import LSTM_COUPLED
    from seqbench.kernels.lstm_peephole import LSTM_PEEPHOLE

    rng = np.random.default_rng(0)
    for contract in (LSTM, LSTM_COUPLED, LSTM_PEEPHOLE):
        shapes = contract.shapes(DIMS)
        parts = [contract.Params(**{n: rng.normal(size=s) for n, s in shapes.items()})] * 2
        packed = module.to_onnx(contract.name, parts)
        cell, found = module.from_onnx(packed)
        assert cell == contract.name
        for (name, a), (_, b) in zip(named_arrays(found), named_arrays(parts), strict=True):
            assert np.array_equal(a, b), name
        o = parts[0].weight_ih[-2:]  # our last gate is ONNX's second
        assert np.array_equal(packed.W[0, 2:4], o)


MUTANTS = [
    Mutant(
        "seqbench.kernels.lstm",
        "d_cell * i * (1 - g * g)",
        "d_cell * i * (1 - g)",
        conformance("cell/lstm"),
    ),
    Mutant(
        "seqbench.kernels.lstm",
        "d_c = xp.where(inside[t], d_cell * f, d_c)",
        "d_c = d_cell * f",
        conformance("cell/lstm"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole",
        "+ p_o * new, xp=xp)",
        "+ p_o * cell[t], xp=xp)",
        conformance("cell/lstm_peephole"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole",
        " + d_o * p_o  # o saw c",
        "  # o saw c",
        conformance("cell/lstm_peephole"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole",
        "d_cell * f + d_i * p_i + d_f * p_f",
        "d_cell * f",
        conformance("cell/lstm_peephole"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole",
        "d_o * after)",
        "d_o * before)",
        conformance("cell/lstm_peephole"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole",
        "d_c = xp.where(inside[t], d_prev, d_c)",
        "d_c = d_prev",
        conformance("cell/lstm_peephole"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole_full",
        "d_seen = d_seen + d_o @ params.weight_ch[2 * H :]",
        "d_seen = d_seen + 0",
        conformance("cell/lstm_peephole_full"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole_full",
        "flat[:, 3 * H :].T @ cell)",
        "flat[:, 2 * H : 3 * H].T @ cell)",
        conformance("cell/lstm_peephole_full"),
    ),
    Mutant(
        "seqbench.kernels.lstm_peephole_full",
        "seen[:, 2 * H :], xp=xp)",
        "seen[:, H : 2 * H], xp=xp)",
        conformance("cell/lstm_peephole_full"),
    ),
    Mutant(
        "seqbench.kernels.lstm_coupled",
        "d_cell * (g - cache.cell[t]) * i",
        "d_cell * g * i",
        conformance("cell/lstm_coupled"),
    ),
    Mutant(
        "seqbench.kernels.lstm_coupled",
        "xp.where(inside[t], d_cell * (1 - i), d_c)",
        "xp.where(inside[t], d_cell * i, d_c)",
        conformance("cell/lstm_coupled"),
    ),
    Mutant(
        "seqbench_numpy.lstm",
        "np.multiply(d_c, carry, out=d_c, where=self._inside[t])",
        "np.multiply(d_c, carry, out=d_c)",
        conformance("cell/lstm", "numpy.lstm"),
    ),
    Mutant(
        "seqbench_numpy.lstm_peephole",
        "np.multiply(params.peephole.reshape(self._peephole.shape), 0.5, out",
        "np.multiply(params.peephole.reshape(self._peephole.shape), 1.0, out",
        conformance("cell/lstm_peephole", "numpy.lstm_peephole"),
    ),
    Mutant(
        "seqbench_numpy.lstm_peephole",
        "((0, 0), (1, 0), (3, 1))",
        "((0, 0), (1, 0), (3, 0))",
        conformance("cell/lstm_peephole", "numpy.lstm_peephole"),
    ),
    Mutant(
        "seqbench_numpy.lstm_peephole",
        "np.multiply(self._peephole[2], c, out=h)",
        "np.multiply(self._peephole[2], c_prev, out=h)",
        conformance("cell/lstm_peephole", "numpy.lstm_peephole"),
    ),
    Mutant(
        "seqbench_numpy.lstm_peephole_full",
        "np.matmul(d_gate[3], weight[2], out=self._seen[2])",
        "np.matmul(d_gate[3], weight[1], out=self._seen[2])",
        conformance("cell/lstm_peephole_full", "numpy.lstm_peephole_full"),
    ),
    Mutant(
        "seqbench_numpy.lstm_coupled",
        "np.multiply(d_i, forget, out=d_i)",
        "np.multiply(d_i, i, out=d_i)",
        conformance("cell/lstm_coupled", "numpy.lstm_coupled"),
    ),
    Mutant(
        "seqbench.models.stacked",
        "d_x = d_x * self._masks[layer - 1]",
        "d_x = d_x * self._masks[-1]",
        stack_gradients,
    ),
    Mutant(
        "seqbench.models.stacked",
        "self._stack(d_initials[::-1])",
        "self._stack(d_initials)",
        stack_gradients,
    ),
    Mutant(
        "seqbench.models.stacked",
        "return parts[2 * layer], parts[2 * layer + 1]",
        "return parts[2 * layer + 1], parts[2 * layer]",
        stack_gradients,
    ),
    Mutant(
        "seqbench.models.stacked",
        "self._flat(d_params[::-1])",
        "self._flat(d_params)",
        stack_gradients,
    ),
    Mutant(
        "seqbench.models.bidirectional",
        "self._reversed(grads[1].inputs.x, d_x)",
        "d_x[...] = grads[1].inputs.x",
        stack_gradients,
        through=("seqbench.models.stacked",),
    ),
    Mutant(
        "seqbench.models.truncated",
        "xp.clip(inputs.lengths - start, 0, window)",
        "xp.clip(inputs.lengths, 0, window)",
        windows_add_up,
    ),
    Mutant(
        "seqbench.models.truncated",
        "getattr(total, name) + value",
        "value",
        windows_add_up,
    ),
    Mutant(
        "seqbench.models.weights_onnx",
        '"LSTM": (0, 3, 1, 2)}',
        '"LSTM": (0, 1, 3, 2)}',
        onnx_round_trip,
    ),
    Mutant(
        "seqbench.models.weights_onnx",
        "_blocks(tensor, 4, (0, 2, 3))",
        "_blocks(tensor, 4, (1, 2, 3))",
        onnx_round_trip,
    ),
]
