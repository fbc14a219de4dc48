"""NVRTC without a device: every instance of every source to a real cubin, and what it uses."""

from __future__ import annotations

import importlib
import io
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import seqbench_cupy
from seqbench_cupy.sources import CudaSource

ARCHITECTURES = ("sm_80", "sm_90")


@dataclass(frozen=True)
class Use:
    """What one kernel of one architecture takes: registers a thread, spilled and static bytes."""

    registers: int
    spilled_bytes: int
    shared_bytes: int


def every_source() -> dict[str, list[CudaSource]]:
    """`file.cu` -> its sources, found in the modules that the plugin's implementations name."""
    targets = {s.target.partition(":")[0] for s in seqbench_cupy.seqbench_implementations()}
    found: dict[str, list[CudaSource]] = {}
    for target in sorted(targets):
        for value in vars(importlib.import_module(target)).values():
            if isinstance(value, CudaSource) and value not in found.get(value.file, []):
                found.setdefault(value.file, []).append(value)
    return found


def compile_for(source: CudaSource, architecture: str) -> dict[str, Use]:
    """Instance -> what it uses; raises CuPy's CompileException with NVRTC's log."""
    log = io.StringIO()
    program = _nvrtc()(
        source.text, source.file, (), (), name_expressions=source.names, method="cubin"
    )
    options = (
        "-std=c++17",
        "--ptxas-options=-v",
        "-ftz=true",  # as CuPy compiles
        f"-arch={architecture}",
        "--device-as-default-execution-space",
        *source.options,
    )
    _, mangled = program.compile(options, log)
    uses = _uses(log.getvalue())
    return {name: uses[mangled.get(name, name)] for name in source.names}


@cache
def _nvrtc() -> Any:
    """CuPy's own wrapper: it finds the library as CuPy does, and needs no device."""
    from cupy.cuda import compiler

    return compiler._NVRTCProgram


_ENTRY = re.compile(r"Compiling entry function '([^']+)'")
_SPILLS = re.compile(r"(\d+) bytes spill stores")
_USED = re.compile(r"Used (\d+) registers(.*)")
_SHARED = re.compile(r"(\d+) bytes smem")


def _uses(log: str) -> dict[str, Use]:
    """Mangled name -> Use, from what ptxas prints."""
    found: dict[str, Use] = {}
    entry, spilled = "", 0
    for line in log.splitlines():
        if match := _ENTRY.search(line):
            entry, spilled = match[1], 0
        elif match := _SPILLS.search(line):
            spilled = int(match[1])
        elif match := _USED.search(line):
            shared = _SHARED.search(match[2])
            found[entry] = Use(int(match[1]), spilled, int(shared[1]) if shared else 0)
    return found
