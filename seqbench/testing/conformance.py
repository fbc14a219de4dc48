"""The conformance suite: every check on every implementation of a backend, and what came of it.

    report = conformance_of("numpy", seqbench.registry())
    report.ok, report.failures

A plugin's own tests, under pytest:

    class TestMine(BackendConformance):
        backend = "mine"
        known_failures = {("cell/lstm", "padding_changes_nothing"): "issue 12"}

A known failure that passes is an error: the entry has to go. Where a contract has several
implementations and one fails, its impl_id is the third part of the key.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from seqbench.interfaces import (
    Implementation,
    PluginUnavailableError,
    UnknownNameError,
    UnsupportedError,
)

from .cases import cases
from .check import Check
from .checks import checks_for
from .comparing import CheckFailure

Status = Literal["pass", "fail", "known", "partial", "skipped"]
"""known: fails as announced; partial: passes where it was served, some cases are refused;
skipped: no case was served."""

Known = Mapping[tuple[str, ...], str]
"""(contract, check) or (contract, check, impl_id) -> why it fails."""


@dataclass(frozen=True, slots=True)
class Row:
    """One check of one implementation."""

    contract: str
    check: str
    status: Status
    message: str = ""
    impl_id: str = ""


@dataclass(slots=True)
class Report:
    """What a run of the suite found."""

    rows: list[Row] = field(default_factory=list)

    @property
    def failures(self) -> list[Row]:
        return [row for row in self.rows if row.status == "fail"]

    @property
    def ok(self) -> bool:
        """Something was checked and nothing failed."""
        return bool(self.rows) and not self.failures

    def summary(self) -> str:
        """One line: `90 checks: 89 pass, 1 fail`."""
        counts = Counter(row.status for row in self.rows)
        told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        return f"{len(self.rows)} checks: {told or 'nothing was checked'}"


def run_check(check: Check, impl: Implementation, known_failures: Known | None = None) -> Row:
    """One row; never raises what a check finds."""
    key = impl.contract.key
    reason = _known(known_failures or {}, key, check.name, impl.impl_id)
    try:
        outcome = check(impl)
    except (CheckFailure, UnsupportedError) as failure:
        status: Status = "fail" if reason is None else "known"
        return Row(key, check.name, status, reason or str(failure), impl.impl_id)
    if reason is not None:
        message = f"{check.name} passes on {key}; remove its known failure ({reason})"
        return Row(key, check.name, "fail", message, impl.impl_id)
    status = "skipped" if not outcome.ran else "partial" if outcome.refused else "pass"
    return Row(key, check.name, status, "; ".join(outcome.refused), impl.impl_id)


def _known(known: Known, key: str, check: str, impl_id: str) -> str | None:
    return known.get((key, check, impl_id), known.get((key, check)))


def run_conformance(
    implementations: Iterable[Implementation], known_failures: Known | None = None
) -> Report:
    """Every check of every implementation; a known failure that names no check is an error too."""
    report = Report()
    for impl in implementations:
        report.rows += _rows(impl, known_failures)
    report.rows += [Row(k[0], k[1], "fail", m) for k, m in _strays(report, known_failures or {})]
    return report


def _rows(impl: Implementation, known_failures: Known | None) -> list[Row]:
    try:
        cases(impl.contract, ("tiny",))
    except UnsupportedError as error:  # one row, not one a check
        return [Row(impl.contract.key, "cases", "fail", str(error), impl.impl_id)]
    return [run_check(check, impl, known_failures) for check in checks_for(impl)]


def _strays(report: Report, known: Known) -> Iterator[tuple[tuple[str, ...], str]]:
    run = {
        k for r in report.rows for k in ((r.contract, r.check), (r.contract, r.check, r.impl_id))
    }
    for key in sorted(set(known) - run):
        yield key, f"no such check was run; remove {key} from the known failures"


def conformance_of(
    backend: str, registry: Any, known_failures: Known | None = None, *, every: bool = False
) -> Report:
    """The suite on what `backend` has; with `every`, on what is not the default too.

    `registry` is `seqbench.registry()`. What cannot be loaded is a row that fails.
    """
    broken: list[Row] = []
    served = implementations_of(backend, registry, every=every, broken=broken)
    report = run_conformance(served, known_failures)
    report.rows += broken
    return report


def implementations_of(
    backend: str, registry: Any, *, every: bool = False, broken: list[Row] | None = None
) -> Iterator[Implementation]:
    """What serves each contract on `backend`; contracts that it does not have are left out.

    With `every`, each implementation that can be chosen: all overrides and the shared text. What
    cannot be loaded is raised, or becomes a row of `broken`.
    """
    kernels = registry.kernels(backend)
    for key in sorted(registry.contracts()):
        kind, _, name = key.partition("/")
        try:
            chosen = kernels.get(kind, name)
            others = list(_others(registry, chosen)) if every else []
        except UnknownNameError:
            continue  # a peer has some contracts only
        except PluginUnavailableError as error:
            if broken is None:
                raise
            broken.append(Row(key, "load", "fail", str(error)))
            continue
        yield from (chosen, *others)


def _others(registry: Any, chosen: Implementation) -> Iterator[Implementation]:
    kind, name, backend = chosen.contract.kind, chosen.contract.name, chosen.backend.name
    ids = [spec.impl_id for spec in registry.implementations(kind, name, backend)]
    if registry.backend_spec(backend).shared_texts:
        ids.append(f"{backend}.shared")
    for impl_id in ids:
        if impl_id != chosen.impl_id:
            yield registry.get(kind, name, backend, impl_id)


class BackendConformance:
    """For pytest: one test for each (implementation, check) of an installed backend.

    backend : the name to check
    plugins : modules to load instead of what is installed
    known_failures : (contract, check) -> reason, strict
    """

    backend: ClassVar[str] = ""
    plugins: ClassVar[list[str] | None] = None
    known_failures: ClassVar[Known] = {}

    @classmethod
    def implementations(cls) -> list[Implementation]:
        """What is checked; override it to check something else."""
        entry: Any = importlib.import_module("seqbench")  # what any user of the package calls
        found = entry.registry(cls.plugins)
        reason = found.unavailable(cls.backend)
        if reason is not None:
            raise PluginUnavailableError(f"backend {cls.backend!r} cannot be checked: {reason}")
        return list(implementations_of(cls.backend, found, every=True))

    def pytest_generate_tests(self, metafunc: Any) -> None:
        if "check" not in metafunc.fixturenames:
            return
        pairs = [(impl, c) for impl in self.implementations() for c in checks_for(impl)]
        ids = [f"{impl.contract.key}-{impl.impl_id}-{c.name}" for impl, c in pairs]
        metafunc.parametrize(("impl", "check"), pairs, ids=ids)

    def test_conformance(self, impl: Implementation, check: Check) -> None:
        row = run_check(check, impl, self.known_failures)
        if row.status == "fail":
            raise CheckFailure(row.message)

    def test_known_failures_name_checks(self) -> None:
        """A known failure that names no check would hide nothing and be believed."""
        pairs = [(i, c) for i in self.implementations() for c in checks_for(i)]
        names: set[tuple[str, ...]] = {(i.contract.key, c.name) for i, c in pairs}
        names |= {(i.contract.key, c.name, i.impl_id) for i, c in pairs}
        odd = sorted(set(self.known_failures) - names)
        if odd:
            raise CheckFailure(f"known failures that name no check of {self.backend}: {odd}")
