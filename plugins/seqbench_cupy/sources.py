"""CUDA sources: read from the package, includes written out, instances generated from dtypes.

A source is one self-contained text, so that NVRTC needs no include path, its cache sees every
change of a header, and the emulator of the tests compiles the same characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .signature import Signature, signature_of

FOLDER = Path(__file__).parent / "cuda"

C_TYPES = {
    "float32": "float",
    "float64": "double",
    "float16": "sq_half",
    "bfloat16": "sq_bfloat16",
    "int32": "int",
    "int64": "long long",
    "uint32": "unsigned int",
    "uint8": "unsigned char",
    "bool": "bool",
}
"""What a dtype is called in our sources."""

FLOATS = (("float",), ("double",))
"""Instances over float32 and float64."""


@dataclass(frozen=True)
class CudaSource:
    """One `.cu` file and the instances of its templates that are built.

    templates : kernel name -> its tuples of template arguments in C++; (()) for a plain kernel
    options : compiler options, such as ("--use_fast_math",)
    """

    file: str
    templates: Mapping[str, tuple[tuple[str, ...], ...]]
    options: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every instance as a name expression: `softmax_cross_entropy<float>`."""
        return tuple(
            expression(name, arguments)
            for name, instances in self.templates.items()
            for arguments in instances
        )

    @property
    def text(self) -> str:
        return source_text(self.file)

    def signature(self, name: str, arguments: tuple[str, ...]) -> Signature:
        """Parameters of one instance, read from the source itself."""
        return signature_of(self.text, name, arguments)


def expression(name: str, arguments: tuple[str, ...]) -> str:
    return f"{name}<{', '.join(arguments)}>" if arguments else name


@cache
def source_text(file: str) -> str:
    """The file with each of its quoted includes written out once, lines still numbered."""
    return "\n".join(_expanded(file, set()))


def _expanded(file: str, seen: set[str]) -> Iterator[str]:
    seen.add(file)
    yield f'#line 1 "{file}"'
    for number, line in enumerate((FOLDER / file).read_text().splitlines(), 1):
        included = re.match(r'\s*#include "([^"]+)"', line)
        if included is None:
            yield line
        elif included[1] in seen:
            yield ""
        else:
            yield from _expanded(included[1], seen)
            yield f'#line {number + 1} "{file}"'
