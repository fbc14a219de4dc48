"""The plugin's own implementations, for every test that needs them: on the emulator, or on a GPU.

`SEQBENCH_TEST_DEVICE=gpu pytest tests/cuda` runs the same test bodies on a device; what is about
the emulator itself is skipped there (conftest.py).
"""

from __future__ import annotations

import importlib
import os
from functools import cache
from typing import Any

from emulated_runtime import EmulatedRuntime
from host_facing import host_facing
from seqbench_cupy.backend import CupyBackend

import seqbench
from seqbench.interfaces import Implementation

DEVICE_VARIABLE = "SEQBENCH_TEST_DEVICE"
ON_GPU = os.environ.get(DEVICE_VARIABLE) == "gpu"


@cache
def backend() -> CupyBackend:
    """One for the whole run: kernels are built once."""
    if ON_GPU:
        return CupyBackend()
    return CupyBackend(EmulatedRuntime())


@cache
def implementations() -> tuple[Implementation, ...]:
    """Every implementation of tier `own` that the plugin brings."""
    registry = seqbench.registry()
    keys = [spec.partition("/") for spec in sorted(registry.contracts())]
    return tuple(
        made(registry, kind, name, spec, backend())
        for kind, _, name in keys
        for spec in registry.implementations(kind, name, "cupy")
    )


def made(registry: Any, kind: str, name: str, spec: Any, on: CupyBackend) -> Implementation:
    """What the registry would make of a spec, on a backend of our own."""
    module, _, attribute = spec.target.partition(":")
    target = getattr(importlib.import_module(module), attribute)
    implementation = target(registry.contract(kind, name), on)
    implementation.impl_id, implementation.tier = spec.impl_id, spec.tier
    implementation.dtypes = spec.dtypes
    return implementation


def implementation_on(runtime: Any, key: str, impl_id: str | None = None) -> Implementation:
    """By `kind/name` like `implementation`, over another runtime."""
    registry = seqbench.registry()
    kind, _, name = key.partition("/")
    specs = registry.implementations(kind, name, "cupy")
    spec = next(s for s in specs if impl_id in (None, s.impl_id))
    return made(registry, kind, name, spec, CupyBackend(runtime))


def implementation(key: str, impl_id: str | None = None) -> Implementation:
    """By `kind/name`; the plugin's first unless `impl_id` names another. It takes host arrays."""
    found = [i for i in implementations() if i.contract.key == key]
    wanted = [i for i in found if impl_id in (None, i.impl_id)]
    if not wanted:
        raise LookupError(f"no {key} {impl_id or ''} in seqbench_cupy: {found}")
    return host_facing(wanted[0]) if os.environ.get(DEVICE_VARIABLE) else wanted[0]


def kind_of(implementation: Implementation) -> type[Implementation]:
    """The plugin's own class, for another one of it on a backend of a test's own."""
    return type(getattr(implementation, "inner", implementation))
