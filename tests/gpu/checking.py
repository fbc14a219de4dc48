"""The conformance suite on the device, until the time for it is up."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import seqbench
from seqbench.interfaces import Implementation, SharedText
from seqbench.testing.checks import checks_for
from seqbench.testing.conformance import Row, run_check

PLUGIN = "seqbench_cupy"


@dataclass(frozen=True)
class NotRun:
    """A check that the time did not allow."""

    contract: str
    impl_id: str
    check: str
    status: str = "not run"
    message: str = ""


def implementations(backend: Any) -> Iterator[Implementation]:
    """Our own kernels first, then the shared texts on CuPy's namespace."""
    registry = seqbench.registry([PLUGIN])
    keys = [key.partition("/") for key in sorted(registry.contracts())]
    for kind, _, name in keys:
        for spec in registry.implementations(kind, name, "cupy"):
            module, _, attribute = spec.target.partition(":")
            target = getattr(importlib.import_module(module), attribute)
            made = target(registry.contract(kind, name), backend)
            made.impl_id, made.tier, made.dtypes = spec.impl_id, spec.tier, spec.dtypes
            yield made
    for kind, _, name in keys:
        shared = SharedText(registry.contract(kind, name), backend)
        shared.impl_id = "cupy.shared"
        yield shared


def check_all(backend: Any, only: str, end: float) -> list[Row | NotRun]:
    """One row a check; a kernel's failure never stops the next."""
    rows: list[Row | NotRun] = []
    for implementation in implementations(backend):
        key = implementation.contract.key
        if only and only not in f"{key} {implementation.impl_id}":
            continue
        for check in checks_for(implementation):
            if time.monotonic() > end:
                rows.append(NotRun(key, implementation.impl_id, check.name))
                continue
            rows.append(run_check(check, implementation))
        told = [r for r in rows if (r.contract, r.impl_id) == (key, implementation.impl_id)]
        failed = sum(r.status == "fail" for r in told)
        print(f"{key} {implementation.impl_id}: {len(told)} checks, {failed} failed", flush=True)
    return rows
