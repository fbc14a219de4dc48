"""Mutants: a kernel with one piece of its source changed, and the check that must go red.

    Mutant("seqbench.kernels.lstm", "(1 - g * g)", "(1 - g)", conformance("cell/lstm"))

The module is executed anew with `new` in place of `old`, which must occur exactly once; nothing of
the installed module changes. `check(module)` must then raise AssertionError (CheckFailure is one).
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import seqbench
from seqbench.interfaces import Contract, Implementation, Plan, SharedTextPlan
from seqbench.testing.checks import checks_for
from seqbench.testing.reference import HostBackend

INSTALLED: dict[str, ModuleType] = {}
"""The modules behind those that are executed anew just now."""


@dataclass(frozen=True)
class Mutant:
    """One change that a test must notice.

    `through` are modules between the changed one and the kernel's, executed anew in this order.
    """

    module: str
    old: str
    new: str
    check: Callable[[ModuleType], None]
    through: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.module.rpartition('.')[2]}: {' '.join(self.new.split())[:60]}"

    def run(self) -> None:
        """Raises AssertionError where the check finds the change."""
        source = source_of(self.module)
        count = source.count(self.old)
        if count != 1:
            raise LookupError(
                f"mutant of {self.module}: {self.old!r} occurs {count} times, expected once; "
                "the source moved on: bring the mutant up to date"
            )
        with executed(self.module, source.replace(self.old, self.new)) as module:
            self._through(list(self.through), module)

    def _through(self, names: list[str], module: ModuleType) -> None:
        if not names:
            self.check(module)
            return
        with executed(names[0], source_of(names[0])):
            self._through(names[1:], module)


def conformance(key: str, impl_id: str | None = None) -> Callable[[ModuleType], None]:
    """The conformance suite on the shared text of `key`, or on its override `impl_id`.

    The changed shared text is held against the contract as it is installed.
    """

    def check(module: ModuleType) -> None:
        impl = _override(key, impl_id, module) if impl_id else _shared(key, module)
        for one in checks_for(impl):
            one(impl)

    return check


class MutatedText(Implementation):
    """A changed shared text that claims to serve the installed contract."""

    tier = "own"

    def __init__(self, contract: Contract, changed: Contract) -> None:
        self.contract, self.changed = contract, changed
        self.backend, self.dtypes = HostBackend(), contract.dtypes
        self.impl_id = "mutant"

    def _plan(self, dims: Any, dtype: str, *, grad: bool) -> Plan:
        return SharedTextPlan(self.changed, self.backend, dims, dtype)


def _shared(key: str, module: ModuleType) -> MutatedText:
    spec = seqbench.registry().contract_spec(*key.split("/"))
    changed = _attribute(spec.target, module)
    return MutatedText(_installed(spec.target), changed)


def _override(key: str, impl_id: str, module: ModuleType) -> Implementation:
    registry = seqbench.registry()
    kind, _, name = key.partition("/")
    backend = impl_id.partition(".")[0]
    specs = registry.implementations(kind, name, backend)
    target = next(spec.target for spec in specs if spec.impl_id == impl_id)
    contract = _installed(registry.contract_spec(kind, name).target)
    make = _attribute(target, module)
    return make(contract, registry.kernels(backend).backend)


def _installed(target: str) -> Any:
    """The attribute as it was before anything was executed anew: what a change is held against."""
    name, _, attribute = target.partition(":")
    return getattr(INSTALLED.get(name) or importlib.import_module(name), attribute)


def _attribute(target: str, module: ModuleType) -> Any:
    """The attribute of the changed module, or of one that imports it and is executed anew."""
    name, _, attribute = target.partition(":")
    if name == module.__name__:
        return getattr(module, attribute)
    with executed(name, source_of(name)) as dependent:
        return getattr(dependent, attribute)


def source_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    return Path(spec.origin).read_text()


@contextmanager
def executed(name: str, source: str) -> Iterator[ModuleType]:
    """A module of this source, in sys.modules for as long as the block runs."""
    installed = importlib.import_module(name)
    spec = importlib.util.find_spec(name)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    parent, _, child = name.rpartition(".")
    INSTALLED.setdefault(name, installed)
    sys.modules[name] = module
    setattr(sys.modules[parent], child, module)
    try:
        exec(compile(source, str(spec.origin), "exec"), module.__dict__)
        yield module
    finally:
        sys.modules[name] = installed
        if INSTALLED.get(name) is installed:
            del INSTALLED[name]
        setattr(sys.modules[parent], child, installed)
