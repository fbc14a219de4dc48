"""Run unchanged CUDA kernels on the CPU, on NumPy arrays.

    module = EmulatedModule(source, ["softmax<float>"])
    kernel = module.kernel("softmax<float>")
    kernel((rows,), (256,), (x, y, np.int32(n)), shared_bytes=1024)

What is emulated, and what is not, is told in README.md beside this file.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from emu_compile import RACE_CHECK, UNDEFINED, EmulatorError, build, resolve_addresses
from emulated_arguments import Parameter, bind

__all__ = ["ORDERS", "EmulatedKernel", "EmulatedModule", "EmulatorError", "emulation"]

ORDERS = ("forward", "reverse", "random", "warp_greedy", "warp_greedy_reverse")
STACK_BYTES = 64 * 1024
MAX_SHARED_BYTES = 227 * 1024  # of one block on sm_90
# A kernel that runs longer is taken for an endless loop, in processor seconds.
LIMIT_S = float(os.environ.get("SEQBENCH_EMULATOR_LIMIT_S", "120"))


@dataclass(frozen=True)
class _Defaults:
    order: str = "forward"
    seed: int = 1
    shadow: bool | None = None


_NONE = _Defaults()
_defaults: ContextVar[_Defaults] = ContextVar("emulation", default=_NONE)
# The runtime is one scheduler a library, and signal handlers are the process's.
_one_launch = threading.Lock()


@contextmanager
def emulation(order: str = "forward", seed: int = 1, shadow: bool | None = None) -> Iterator[None]:
    """Set what launches inside use where they do not say it themselves.

    A test body written for a GPU runs unchanged under every order. `shadow` overrides what the
    modules were built with: True checks races and bounds, False does not, None leaves it to them.
    """
    _check_order(order)
    token = _defaults.set(_Defaults(order, seed, shadow))
    try:
        yield
    finally:
        _defaults.reset(token)


def _check_order(order: str) -> None:
    if order not in ORDERS:
        raise ValueError(f"emulation: order is {order!r}, expected one of {', '.join(ORDERS)}")


class _Range(ctypes.Structure):
    _fields_ = [
        ("first", ctypes.c_void_p),
        ("bytes", ctypes.c_uint64),
        ("parameter", ctypes.c_int),
        ("element_bytes", ctypes.c_int),
    ]


class _Launch(ctypes.Structure):
    """emu_launch.h: Launch."""

    _fields_ = [
        ("arguments", ctypes.POINTER(ctypes.c_void_p)),
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("shared_bytes", ctypes.c_uint64),
        ("cooperative", ctypes.c_int),
        ("order", ctypes.c_int),
        ("seed", ctypes.c_uint),
        ("num_ranges", ctypes.c_int),
        ("ranges", ctypes.POINTER(_Range)),
        ("stack_bytes", ctypes.c_uint64),
        ("limit_s", ctypes.c_double),
        ("error", ctypes.c_char_p),
        ("error_bytes", ctypes.c_int),
    ]


class _Library:
    """One compiled variant of a module: with the race check or without."""

    def __init__(self, path: Path):
        self.path = path
        self.handle = ctypes.CDLL(str(path))
        self.base = _load_address(self.handle)


class EmulatedModule:
    """A CUDA source compiled for the CPU.

    Parameters
    ----------
    source : self-contained CUDA text; includes are already expanded
    names : name expressions, `softmax<float>`, or names of extern "C" kernels
    options : NVRTC options; of them -D, -U and -I are used
    sanitize : "undefined" checks undefined behaviour
    shadow : check races and bounds of every access (README.md, "Speed", has what it costs)

    Raises
    ------
    EmulatorError
        Where g++ is missing or refuses the source; the message is the compiler's.
    """

    def __init__(
        self,
        source: str,
        names: Sequence[str],
        *,
        options: Sequence[str] = (),
        sanitize: Sequence[str] = ("undefined",),
        shadow: bool = False,
    ):
        unknown = set(sanitize) - {"undefined"}
        if unknown:
            raise ValueError(f"EmulatedModule: sanitize has {unknown}, expected 'undefined' or ()")
        self.source = source
        self.names = tuple(dict.fromkeys(names))
        self.shadow = shadow
        self._flags = [option for option in options if option[:2] in ("-D", "-U", "-I")]
        self._flags += UNDEFINED if "undefined" in sanitize else ()
        self._libraries: dict[bool, _Library] = {}
        self.library(shadow)

    def library(self, shadow: bool) -> _Library:
        """The variant with or without the race check, compiled on first use."""
        if shadow not in self._libraries:
            exports = "\n".join(
                f"EMU_EXPORT({_symbol(i)}, {name})" for i, name in enumerate(self.names)
            )
            flags = [*self._flags, *(RACE_CHECK if shadow else ())]
            self._libraries[shadow] = _Library(build(self.source, exports, flags))
        return self._libraries[shadow]

    def kernel(self, name: str) -> EmulatedKernel:
        """The kernel of that name expression.

        Raises
        ------
        EmulatorError
            Where the module was not built with it.
        """
        if name not in self.names:
            raise EmulatorError(
                f"no kernel named {name!r} in this module; built with: {', '.join(self.names)}"
            )
        return EmulatedKernel(self, name)

    def variable(self, name: str, dtype: Any, shape: Sequence[int]) -> np.ndarray:
        """A view of a `__constant__` variable of the source, to fill before a launch."""
        library = self.library(self.shadow)
        count = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        try:
            memory = (ctypes.c_char * count).in_dll(library.handle, name)
        except ValueError as error:
            raise EmulatorError(f"no __constant__ variable named {name!r}") from error
        return np.frombuffer(memory, dtype).reshape(shape)


class EmulatedKernel:
    """One kernel; calling it is a launch that has ended when the call returns.

    `parameters` is (kind, bytes) of each parameter: p pointer, f float, i integer, s structure.
    """

    max_shared_bytes = MAX_SHARED_BYTES

    def __init__(self, module: EmulatedModule, name: str):
        self.name = name
        self._module = module
        self._symbol = _symbol(module.names.index(name))
        self._signature = _signature(module.library(module.shadow), self._symbol)
        self.parameters = tuple((p.kind, p.bytes) for p in self._signature)

    def __call__(
        self,
        grid: Sequence[int],
        block: Sequence[int],
        args: Sequence[Any],
        *,
        shared_bytes: int = 0,
        cooperative: bool = False,
        order: str | None = None,
        seed: int | None = None,
    ) -> None:
        """Run all blocks to their end.

        `order` and `seed` default to those of `emulation`, outside one "forward" and 1.

        Raises
        ------
        EmulatorError
            With the kernel, block, thread, line and reason.
        """
        defaults = _defaults.get()
        order = defaults.order if order is None else order
        _check_order(order)
        shadow = self._module.shadow if defaults.shadow is None else defaults.shadow
        bound = bind(self.name, self._signature, args)
        launch = _Launch(
            arguments=bound.pointers,
            grid=_three(grid),
            block=_three(block),
            shared_bytes=shared_bytes,
            cooperative=cooperative,
            order=ORDERS.index(order),
            seed=defaults.seed if seed is None else seed,
            stack_bytes=STACK_BYTES,
            limit_s=LIMIT_S,
        )
        ranges = (_Range * max(1, len(bound.ranges)))(*bound.ranges)
        launch.ranges, launch.num_ranges = ranges, len(bound.ranges)
        self._run(self._module.library(shadow), launch)

    def _run(self, library: _Library, launch: _Launch) -> None:
        message = ctypes.create_string_buffer(1024)
        launch.error = ctypes.cast(message, ctypes.c_char_p)
        launch.error_bytes = len(message)
        with _one_launch:
            failed = getattr(library.handle, self._symbol)(ctypes.byref(launch))
        if failed:
            text = message.value.decode(errors="replace")
            text = resolve_addresses(library.path, library.base, text)
            raise EmulatorError(f"{self.name}: {text}")


def _symbol(index: int) -> str:
    return f"emu_kernel_{index}"


def _three(extent: Sequence[int]) -> tuple[int, int, int]:
    if not 1 <= len(extent) <= 3 or any(not 0 <= int(n) < 2**32 for n in extent):
        raise EmulatorError(f"launch: extent {tuple(extent)}, expected one to three counts")
    x, y, z = (*(int(n) for n in extent), 1, 1)[:3]
    return x, y, z


def _signature(library: _Library, symbol: str) -> list[Parameter]:
    capacity = 128
    out = (Parameter * capacity)()
    count = getattr(library.handle, symbol + "_signature")(out, capacity)
    return list(out[:count])


def _load_address(handle: ctypes.CDLL) -> int:
    """Where the library was loaded: addresses in messages are relative to it for addr2line."""
    function = handle.emu_load_address
    function.restype = ctypes.c_void_p
    return function() or 0
