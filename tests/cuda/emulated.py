"""The plugin's own implementations on the emulator, for every test that needs them."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from emulated_runtime import EmulatedRuntime
from seqbench_cupy.backend import CupyBackend

import seqbench
from seqbench.interfaces import Implementation


@cache
def backend() -> CupyBackend:
    """One for the whole run: kernels are built once."""
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


def implementation(key: str, impl_id: str | None = None) -> Implementation:
    """By `kind/name`; the plugin's first unless `impl_id` names another."""
    found = [i for i in implementations() if i.contract.key == key]
    wanted = [i for i in found if impl_id in (None, i.impl_id)]
    if not wanted:
        raise LookupError(f"no {key} {impl_id or ''} in seqbench_cupy: {found}")
    return wanted[0]
