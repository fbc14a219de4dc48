"""LSTM and GRU beside torch's (cuDNN on a GPU), forward and backward, by precision.

Strict float32 forbids TF32 to torch (our products have it off as well); a row with `tf32` lets
torch use it and is told apart. The input's product is inside on both sides.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from pair import Bench, Pair, Sides

from seqbench.kernels._cell import CellInputs, CellOutputs
from seqbench.testing.reference import reference

TOLERANCES = {"float32": 1e-4, "float16": 2e-2, "bfloat16": 1.6e-1}
LAYERS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
UPSTREAM = {"float32": 0.1, "float16": 0.1, "bfloat16": 0.1}


def cell(
    bench: Bench, name: str, T: int, B: int, H: int, dtype: str, impl: str = "", tf32: bool = False
) -> Sides:
    """Input and state of size H; the gradients of the input and of the recurrent weights."""
    params, inputs, d_output = workload(bench, name, T, B, H, dtype)
    made = bench.implementation(f"cell/{name}", impl or None)
    dims = made.contract.Dims(T, B, H, H)
    plan = made.plan(dims, dtype, grad=True)
    plan.load(_mapped(params, lambda a: bench.to_device(_stored(a, dtype))))
    given = _mapped(inputs, lambda a: bench.to_device(_stored(a, dtype)))
    upstream = CellOutputs(bench.to_device(_stored(d_output, dtype)), None, None)

    def ours() -> Any:
        output = plan.forward(given).output
        gradients = plan.backward(upstream)
        return output, gradients.inputs.x, gradients.params.weight_hh

    peer = torch_layer(bench, name, params, inputs, d_output, dtype, tf32)
    side = "torch tf32" if tf32 else "torch"
    itemsize = 4 if dtype == "float32" else 2
    return Sides(
        {"ours": ours, side: peer},
        {
            n: (lambda f=f: [_float64(bench, a) for a in f()])
            for n, f in (("ours", ours), (side, peer))
        },
        exact_values(made.contract, params, inputs, d_output),
        TOLERANCES[dtype] * (30 if tf32 else 1),
        bytes_moved=float(made.contract.bytes(dims, True, itemsize)),
        flops=float(made.contract.flops(dims, True)),
        notes=dict(plan.notes),
    )


def workload(bench: Bench, name: str, T: int, B: int, H: int, dtype: str) -> tuple[Any, Any, Any]:
    """Host arrays of float32, every number one that `dtype` holds."""
    contract = bench.implementation(f"cell/{name}").contract
    bound = np.float32(1 / math.sqrt(H))
    shapes = contract.shapes(contract.Dims(T, B, H, H))

    def draw(*shape: int, scale: Any = 1.0) -> np.ndarray:
        return _rounded(np.float32(scale) * bench.normal(*shape), dtype)

    params = contract.Params(**{n: draw(*s, scale=bound) for n, s in shapes.items()})
    first = {f"{n}0": draw(B, H, scale=0.1) for n in contract.state}
    inputs = CellInputs(x=draw(T, B, H), lengths=np.full(B, T, np.int32), **first)
    return params, inputs, draw(T, B, H, scale=UPSTREAM[dtype])


def torch_layer(bench, name, params, inputs, d_output, dtype, tf32) -> Any:
    """One layer with our weights; gate orders of torch are ours (i f g o, r z n)."""
    torch, H = bench.torch, inputs.h0.shape[1]
    layer = getattr(torch.nn, LAYERS[name])(H, H).to(bench.device, getattr(torch, dtype))
    with torch.no_grad():
        layer.weight_ih_l0.copy_(bench.to_torch(params.weight_ih))
        layer.weight_hh_l0.copy_(bench.to_torch(params.weight_hh))
        biases = (getattr(params, "bias_ih", None), getattr(params, "bias_hh", None))
        if biases[0] is None:
            biases = (params.bias, np.zeros_like(params.bias))
        layer.bias_ih_l0.copy_(bench.to_torch(biases[0]))
        layer.bias_hh_l0.copy_(bench.to_torch(biases[1]))
    narrow = partial(_to_torch, bench, dtype)
    x, d = narrow(inputs.x).requires_grad_(True), narrow(d_output)
    first = narrow(inputs.h0)[None]
    state = first if name != "lstm" else (first, narrow(inputs.c0)[None])

    def call() -> Any:
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
        x.grad = None
        layer.zero_grad(set_to_none=True)
        output, _ = layer(x, state)
        output.backward(d)
        return output, x.grad, layer.weight_hh_l0.grad

    return call


def exact_values(contract, params, inputs, d_output) -> list[np.ndarray]:
    wide = _mapped(inputs, _widened)
    impl, exact_params = reference(contract), _mapped(params, _widened)
    plan = impl.plan(contract.dims(exact_params, wide), "float64", grad=True)
    plan.load(exact_params)
    output = plan.forward(wide).output.copy()
    gradients = plan.backward(CellOutputs(d_output.astype("float64"), None, None))
    return [output, gradients.inputs.x, gradients.params.weight_hh]


def _widened(array: np.ndarray) -> np.ndarray:
    return array.astype("float64") if array.dtype.kind == "f" else array


def _mapped(tree: Any, function: Any) -> Any:
    """A flat dataclass with `function` of its arrays; None stays."""
    values = {n: getattr(tree, n) for n in tree.__dataclass_fields__}
    return type(tree)(**{n: None if v is None else function(v) for n, v in values.items()})


def _stored(array: np.ndarray, dtype: str) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    if dtype == "bfloat16":
        import ml_dtypes

        return array.astype(ml_dtypes.bfloat16)
    return array.astype(dtype)


def _rounded(array: np.ndarray, dtype: str) -> np.ndarray:
    return _stored(array, dtype).astype("float32")


def _to_torch(bench: Bench, dtype: str, array: np.ndarray) -> Any:
    return bench.to_torch(array).to(getattr(bench.torch, dtype))


def _float64(bench: Bench, array: Any) -> np.ndarray:
    if hasattr(array, "detach"):
        return array.detach().double().cpu().numpy()
    return bench.host(array).astype("float64")


SMALL = {"T": 3, "B": 2, "H": 5}


def _pair(name: str, target: str = "", **sizes: Any) -> Pair:
    fixed = {k: v for k, v in sizes.items() if k not in SMALL} | {"name": name}
    return Pair(f"cell_{name}", cell, sizes | fixed, SMALL | fixed, target)


LARGE = {"T": 100, "B": 64, "H": 1024}
PAIRS = [
    _pair("lstm", "1.0", **LARGE, dtype="float32"),
    _pair("lstm", "0.6 (torch in TF32)", **LARGE, dtype="float32", tf32=True),
    _pair("lstm", "1.0", **LARGE, dtype="float16"),
    _pair("lstm", "0.6", **LARGE, dtype="bfloat16"),
    _pair("gru", "0.6", **LARGE, dtype="float16"),
    _pair("gru", "", **LARGE, dtype="float32"),
    _pair("lstm", "1 us a step forward", T=100, B=64, H=256, dtype="bfloat16"),
    _pair("rnn", "", T=100, B=32, H=512, dtype="float32"),
]
