"""All parameters of a model in one flat vector, with a named view of each tensor.

One vector makes an optimizer one kernel, the global norm one product and a checkpoint one array.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from seqbench.interfaces import Array, Backend, ShapeError

Shape = tuple[int, ...]


class Parameters:
    """Named tensors inside `flat` (N,), their gradients inside `gradient` (N,), on the device."""

    def __init__(self, shapes: Mapping[str, Shape], dtype: str, backend: Backend) -> None:
        self.shapes = dict(shapes)
        self.dtype = dtype
        self.size = sum(math.prod(shape) for shape in self.shapes.values())
        self.flat: Array = backend.xp.zeros(self.size, dtype=dtype)
        self.gradient: Array = backend.xp.zeros(self.size, dtype=dtype)
        self._backend, self.xp = backend, backend.xp
        self.on_host = backend.device.kind == "cpu"
        self._views = dict(self._split(self.flat))
        self._gradient_views = dict(self._split(self.gradient))

    def _split(self, vector: Array) -> Iterator[tuple[str, Array]]:
        start = 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            yield name, vector[start:stop].reshape(shape)
            start = stop

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def d(self, name: str) -> Array:
        """The gradient's view of one tensor; written by the model's backward."""
        return self._gradient_views[name]

    def group(self, prefix: str, cls: type) -> Any:
        """The dataclass `cls` with each field the view named `prefix.field`."""
        return cls(**{f.name: self._views[f"{prefix}.{f.name}"] for f in fields(cls)})

    def set_gradients(self, prefix: str, gradients: Any) -> None:
        """Copy the fields of a kernel's parameter gradient into the vector."""
        for f in fields(gradients):
            self._gradient_views[f"{prefix}.{f.name}"][...] = getattr(gradients, f.name)

    def to_host(self) -> dict[str, np.ndarray]:
        """Named host arrays: what an artifact stores."""
        return {name: np.array(self._backend.to_host(v)) for name, v in self._views.items()}

    def load(self, values: Mapping[str, np.ndarray]) -> None:
        """Take values from named host arrays; names and shapes must agree exactly."""
        names = set(values)
        if names != set(self.shapes):
            odd = sorted(names.symmetric_difference(self.shapes))
            raise ShapeError(f"parameters do not fit the model: {odd[0]!r} is on one side only")
        for name, view in self._views.items():
            value = np.asarray(values[name])
            if value.shape != tuple(view.shape):
                raise ShapeError(
                    f"parameter {name} is {value.shape}, the model expects {tuple(view.shape)}; "
                    "the artifact belongs to another configuration"
                )
            view[...] = self._backend.to_device(value.astype(self.dtype, copy=False))

    def initialise(self, seed: int) -> None:
        """Draw every tensor by NumPy, each from its own stream of (seed, name).

        Weights of cells and attention are Glorot uniform over each gate's rows, those of affine
        maps uniform within 1 / sqrt(I) (LeCun et al. 1998), `embedding` tables normal / sqrt(E),
        vectors zero. Glorot's limit on the output layer, whose rows are the vocabulary, starts
        the logits so small that training takes twice as long.
        """
        for name, shape in self.shapes.items():
            rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
            value = initial_value(name, shape, self._fan_out(name), rng)
            self._views[name][...] = self._backend.to_device(value.astype(self.dtype))

    def _fan_out(self, name: str) -> int:
        """Rows of one gate for a recurrent cell's weights, else all rows."""
        recurrent = self.shapes.get(name.rpartition(".")[0] + ".weight_hh")
        return recurrent[1] if recurrent is not None else self.shapes[name][0]


def initial_value(name: str, shape: Shape, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """The starting value of one tensor, float64."""
    if len(shape) == 1:
        if name.endswith(".v"):  # the attention's scoring vector
            limit = math.sqrt(6.0 / (shape[0] + 1))
            return rng.uniform(-limit, limit, shape)
        return np.zeros(shape)
    if "embedding" in name:
        return rng.normal(0.0, 1.0 / math.sqrt(shape[1]), shape)
    affine = name.endswith(".weight") and "attention" not in name
    limit = 1 / math.sqrt(shape[1]) if affine else math.sqrt(6.0 / (fan_out + shape[1]))
    return rng.uniform(-limit, limit, shape)
