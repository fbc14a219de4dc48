"""What a CUDA kernel takes, read from its source, and the check of every argument against it.

CUDA checks nothing: a wrong dtype is read as other numbers, a host array as an address. Here every
argument is held against the declared parameter before a launch.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.interfaces import DtypeError, RangeError, ShapeError, UsageError

DTYPES = {
    "float": "float32",
    "double": "float64",
    "sq_half": "float16",
    "sq_bfloat16": "bfloat16",
    "int": "int32",
    "unsigned": "uint32",
    "unsigned int": "uint32",
    "long long": "int64",
    "unsigned long long": "uint64",
    "short": "int16",
    "unsigned short": "uint16",
    "char": "int8",
    "signed char": "int8",
    "unsigned char": "uint8",
    "bool": "bool",
}
"""Our sources' types by NumPy's name."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: an array of `dtype` on the device, or a scalar of it."""

    name: str
    dtype: str
    is_array: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """The kernel's name and its parameters in order."""

    name: str
    parameters: tuple[Parameter, ...]

    def checker(self, array_type: Any) -> Callable[[Sequence[Any]], list[Any]]:
        """`check(arguments)`: device arrays and None as they are, scalars in the declared type.

        Made once a kernel: a check is a few hundred nanoseconds an argument, below a launch.
        """
        checks = tuple(
            _array_check(self.name, p, array_type) if p.is_array else _scalar_check(self.name, p)
            for p in self.parameters
        )
        count = len(checks)

        def check(arguments: Sequence[Any]) -> list[Any]:
            if len(arguments) != count:
                raise UsageError(
                    f"{self.name}: {len(arguments)} arguments given, expected {count}: "
                    f"{', '.join(p.name for p in self.parameters)}"
                )
            return [one(argument) for one, argument in zip(checks, arguments, strict=True)]

        return check


def _array_check(kernel: str, parameter: Parameter, array_type: Any) -> Callable[[Any], Any]:
    where, expected = f"{kernel}: {parameter.name}", _dtype(parameter.dtype)

    def check(argument: Any) -> Any:
        if argument is None:
            return None
        if not isinstance(argument, array_type):
            raise DtypeError(
                f"{where} is a {type(argument).__module__}.{type(argument).__name__}, expected a "
                "device array; copy it with backend.to_device"
            )
        if argument.dtype != expected:
            raise DtypeError(
                f"{where} is {argument.dtype}, expected {parameter.dtype}; cast it first"
            )
        if not argument.flags.c_contiguous:
            raise ShapeError(
                f"{where} is a strided view of shape {argument.shape}, expected C-contiguous; "
                "copy it first"
            )
        return argument

    return check


def _scalar_check(kernel: str, parameter: Parameter) -> Callable[[Any], Any]:
    dtype = _dtype(parameter.dtype)
    made = dtype.type
    if dtype.kind not in "iu":
        return made
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)

    def check(argument: Any) -> Any:
        if int(argument) != argument or not low <= argument <= high:
            raise RangeError(
                f"{kernel}: {parameter.name} is {argument}, expected a whole number from "
                f"{low} to {high}; a larger problem must be split"
            )
        return made(argument)

    return check


def _dtype(name: str) -> np.dtype:
    """NumPy knows bfloat16 once ml_dtypes is imported, as CuPy does."""
    if name == "bfloat16":
        name = importlib.import_module("ml_dtypes").bfloat16
    return np.dtype(name)


def signature_of(text: str, name: str, arguments: tuple[str, ...]) -> Signature:
    """The signature of `__global__ void name(...)` with its template arguments put in."""
    found = re.search(
        r"(?:template\s*<([^>]*)>\s*)?(?:extern\s+\"C\"\s+)?__global__\s+void\s+"
        r"(?:__launch_bounds__\([^)]*\)\s*)?" + re.escape(name) + r"\s*\(([^)]*)\)",
        text,
    )
    if found is None:
        raise UsageError(f"no __global__ void {name}(...) in this source; check the name")
    declared = [p.split()[-1] for p in (found[1] or "").split(",") if p.strip()]
    if len(declared) != len(arguments):
        raise UsageError(
            f"{name}: {len(arguments)} template arguments given, expected {len(declared)}: "
            f"{', '.join(declared) or 'none'}"
        )
    types = dict(zip(declared, arguments, strict=True))
    parameters = [_parameter(p, types) for p in found[2].split(",") if p.strip()]
    return Signature(name, tuple(parameters))


def _parameter(declaration: str, types: dict[str, str]) -> Parameter:
    """`const T* __restrict__ logits` with T = float -> an array of float32."""
    words = re.sub(r"\b(const|__restrict__|volatile)\b", " ", declaration).replace("*", " * ")
    *kind, name = words.split()
    is_array = "*" in kind
    c_type = " ".join(types.get(word, word) for word in kind if word != "*")
    if c_type not in DTYPES:
        raise UsageError(f"{declaration.strip()}: no dtype is known for {c_type!r}")
    return Parameter(name, DTYPES[c_type], is_array)
