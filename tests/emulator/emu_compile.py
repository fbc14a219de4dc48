"""Compile a CUDA source for the CPU, and keep the library on disk.

g++ compiles the kernels with instrumentation and the runtime without, and links them without any
sanitizer library: the runtime itself answers the instrumentation's calls.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

HEADERS = Path(__file__).parent / "cuda"
# -O1: what is saved by -O2 at run time is less than what it costs to compile (README.md, "Speed").
COMMON = ("-std=c++17", "-fPIC", "-g1", "-fno-gnu-unique", "-fvisibility=hidden", "-w")
KERNEL = ("-O1", "-fno-strict-aliasing", "-ffp-contract=off", "-include", "cuda.h")
RACE_CHECK = (
    "-fsanitize=thread",
    "--param=tsan-distinguish-volatile=1",
    "--param=tsan-instrument-func-entry-exit=0",
)
UNDEFINED = ("-fsanitize=undefined", "-fno-sanitize=vptr,object-size")


class EmulatorError(RuntimeError):
    """A kernel did not compile, was launched wrongly, or did what it must not do."""


@cache
def compiler() -> str:
    """Path of g++.

    Raises
    ------
    EmulatorError
        Where there is none.
    """
    found = shutil.which(os.environ.get("CXX", "g++")) or shutil.which("g++")
    if found is None:
        raise EmulatorError(
            "the CUDA emulator needs g++ (12 or newer) and found none on PATH; "
            "install it (Debian: apt install g++) or set CXX"
        )
    return found


@cache
def _headers_digest() -> bytes:
    digest = hashlib.sha256()
    for path in sorted(HEADERS.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    version = subprocess.run([compiler(), "--version"], capture_output=True, check=True).stdout
    digest.update(version)
    return digest.digest()


def cache_folder() -> Path:
    """Where compiled libraries lie; any of them may be deleted at any time."""
    root = os.environ.get("SEQBENCH_CACHE")
    base = Path(root) if root else Path.home() / ".cache" / "seqbench"
    return base / "emulator"


def build(source: str, exports: str, flags: Sequence[str]) -> Path:
    """The shared library of `source`, compiled now or found in the cache.

    `exports` is C++ text that follows the source. Safe for several processes at once: each
    compiles to a name of its own and moves the result into place.
    """
    text = f'#line 1 "kernel.cu"\n{source}\n#line 1 "exports"\n{exports}\n'
    key = hashlib.sha256(_headers_digest())
    key.update(repr((text, COMMON, KERNEL, tuple(flags))).encode())
    library = cache_folder() / f"{key.hexdigest()[:32]}.so"
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        runtime = _runtime_object()
        with tempfile.TemporaryDirectory(dir=library.parent) as folder:
            kernels = Path(folder) / "kernels.o"
            written = Path(folder) / "kernel.cu"
            written.write_text(text)
            _run([*COMMON, *KERNEL, *flags, "-x", "c++", "-c", str(written), "-o", str(kernels)])
            linked = Path(folder) / "linked.so"
            _run(["-shared", "-Wl,-z,defs", "-o", str(linked), str(kernels), str(runtime)])
            os.replace(linked, library)
    return library


def _runtime_object() -> Path:
    """The runtime compiled, once for all modules."""
    path = cache_folder() / f"runtime-{_headers_digest().hex()[:32]}.o"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            built = Path(folder) / "runtime.o"
            source = str(HEADERS / "emu_runtime.cpp")
            _run([*COMMON, "-O2", "-fno-strict-aliasing", "-c", source, "-o", str(built)])
            os.replace(built, path)
    return path


def _run(arguments: list[str]) -> None:
    command = [compiler(), f"-I{HEADERS}", *arguments]
    done = subprocess.run(command, text=True, capture_output=True)
    if done.returncode:
        raise EmulatorError(f"g++ refuses the kernels:\n{done.stderr[:4000]}")


def resolve_addresses(library: Path, base: int, message: str) -> str:
    """`message` with each {0x...}, an address in the loaded library, as its source line."""
    return re.sub(
        r"\{(0x[0-9a-f]+)\}",
        lambda match: source_line(library, int(match[1], 16) - base),
        message,
    )


def source_line(library: Path, offset: int) -> str:
    """`kernel.cu:12` of a code offset: the innermost inlined frame that lies in the source."""
    command = ["addr2line", "-i", "-e", str(library), f"{max(offset, 0):#x}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return f"code offset {offset:#x} (install binutils' addr2line to see the line)"
    frames = [line.split(" (")[0] for line in done.stdout.splitlines()]
    # By name: the library may have been compiled from another checkout of the same headers.
    ours = {path.name for path in HEADERS.iterdir()}
    named = [frame for frame in frames if "??" not in frame]
    inside = [frame for frame in named if Path(frame.rpartition(":")[0]).name not in ours]
    return Path(inside[0]).name if inside else f"code offset {offset:#x}"
