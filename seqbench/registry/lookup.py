"""The registry: what is installed, and one implementation for every name."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import (
    KINDS,
    Backend,
    BackendSpec,
    CompositionSpec,
    ConfigSpec,
    Contract,
    ContractSpec,
    DatasetSpec,
    Implementation,
    ImplementationSpec,
    PluginConflictError,
    PluginUnavailableError,
    SharedText,
    UnknownNameError,
    unknown_name,
)

from .discovery import BUNDLED, Claim, PluginStatus, collect, installed_plugins, load_plugins
from .sources import source_digest


@dataclass(frozen=True, slots=True)
class Resolved:
    """What serves `kind/name` on a backend, known from specs alone."""

    impl_id: str
    tier: str
    targets: tuple[str, ...]
    dtypes: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Of the source behind the targets; read when it is asked for."""
        return source_digest(*self.targets)


class Registry:
    """Everything the loaded plugins bring; look-ups import only what they need."""

    def __init__(self, found: Iterable[tuple[str, str]]) -> None:
        manager, statuses = load_plugins(found)
        self._problems: dict[str, str] = {}
        self._statuses = statuses

        def claims(hook: str, expected: type) -> list[Claim]:
            found_claims, problems = collect(manager, hook, expected)
            self._problems.update(problems)
            return found_claims

        self._conflicts: dict[tuple[str, str], str] = {}
        self._backends: dict[str, BackendSpec] = self._index(
            "backend", claims("seqbench_backends", BackendSpec), lambda s: s.name
        )
        self._contracts: dict[str, ContractSpec] = self._index(
            "contract", claims("seqbench_contracts", ContractSpec), _key
        )
        self._compositions: dict[str, CompositionSpec] = self._index(
            "composition", claims("seqbench_compositions", CompositionSpec), _key
        )
        self._datasets: dict[str, DatasetSpec] = self._index(
            "dataset", claims("seqbench_datasets", DatasetSpec), lambda s: s.name
        )
        self._implementations = self._index(
            "implementation",
            claims("seqbench_implementations", ImplementationSpec),
            lambda s: f"{s.backend}:{_key(s)}:{s.impl_id}",
        )
        self._config = [c.spec for c in claims("seqbench_config", ConfigSpec)]
        self._backend_cache: dict[str, Backend] = {}
        self._contract_cache: dict[str, Contract] = {}

    def _index(self, what: str, claims: list[Claim], key: Any) -> dict[str, Any]:
        """By name; a name that two plugins claim is kept out and its look-up names both."""
        table: dict[str, Claim] = {}
        for claim in claims:
            name = key(claim.spec)
            if name in table:
                self._conflicts[(what, name)] = (
                    f"two plugins bring the {what} {name!r}: {table[name].plugin} and "
                    f"{claim.plugin}; uninstall one or rename its {what}"
                )
            else:
                table[name] = claim
        return {n: c.spec for n, c in table.items() if (what, n) not in self._conflicts}

    def _look_up(self, what: str, table: Mapping[str, Any], name: str, kind: str = "") -> Any:
        if name in table:
            return table[name]
        conflict = self._conflicts.get((what, name))
        if conflict is not None:
            raise PluginConflictError(conflict)
        raise unknown_name(kind or what, name, table)

    # -- what is there ---------------------------------------------------------------------

    def plugins(self) -> list[dict[str, str]]:
        """One row a plugin: name, module, status (loaded or failed), reason."""
        rows = []
        for status in self._statuses:
            reason = status.reason or self._problems.get(status.name, "")
            shown = PluginStatus(status.name, status.module, reason)
            rows.append(
                {
                    "name": shown.name,
                    "module": shown.module,
                    "status": shown.status,
                    "reason": shown.reason,
                }
            )
        rows += [
            {"name": name, "module": "", "status": "failed", "reason": reason}
            for (_, name), reason in sorted(self._conflicts.items())
        ]
        return rows

    def contracts(self) -> dict[str, ContractSpec]:
        """`kind/name` -> spec."""
        return dict(self._contracts)

    def compositions(self) -> dict[str, CompositionSpec]:
        """`kind/name` -> spec."""
        return dict(self._compositions)

    def backend_specs(self) -> dict[str, BackendSpec]:
        """Backend name -> spec."""
        return dict(self._backends)

    def dataset_specs(self) -> dict[str, DatasetSpec]:
        """Data set name -> spec."""
        return dict(self._datasets)

    def config_packages(self) -> list[str]:
        """`pkg://…` packages of configs that plugins add to Hydra's search path."""
        return [spec.path for spec in self._config]

    def backends(self) -> list[dict[str, Any]]:
        """Rows of `list backends`: name, available, reason, summary."""
        from .listing import backend_rows

        return backend_rows(self)

    def algorithms(self) -> list[dict[str, Any]]:
        """Rows of `list algorithms`: id, kind, name, backend, impl_id, tier, evidence, …"""
        from .listing import algorithm_rows

        return algorithm_rows(self)

    def datasets(self) -> list[dict[str, Any]]:
        """Rows of `list datasets`: name, embedded, licence, origin, files, summary."""
        from .listing import dataset_rows

        return dataset_rows(self)

    # -- look-ups --------------------------------------------------------------------------

    def backend_spec(self, name: str) -> BackendSpec:
        spec: BackendSpec = self._look_up("backend", self._backends, name)
        return spec

    def unavailable(self, backend: str) -> str | None:
        """None, or why the backend cannot be used here; imports only its probe."""
        spec = self.backend_spec(backend)
        missing = [m for m in spec.requires if importlib.util.find_spec(m) is None]
        if missing:
            hint = f"; install seqbench[{spec.extra}]" if spec.extra else ""
            return f"{', '.join(missing)} is not installed{hint}"
        if spec.probe is None:
            return None
        reason: str | None = _load(spec.probe)()
        return reason

    def backend(self, name: str) -> Backend:
        """The backend itself, made once."""
        if name not in self._backend_cache:
            spec = self.backend_spec(name)
            reason = self.unavailable(name)
            if reason is not None:
                raise PluginUnavailableError(f"backend {name!r} cannot be used here: {reason}")
            self._backend_cache[name] = _load(spec.target)()
        return self._backend_cache[name]

    def contract_spec(self, kind: str, name: str) -> ContractSpec:
        self._check_kind(kind)
        conflict = self._conflicts.get(("contract", f"{kind}/{name}"))
        if conflict is not None:
            raise PluginConflictError(conflict)
        named = {s.name: s for s in self._contracts.values() if s.kind == kind}
        spec: ContractSpec = self._look_up("contract", named, name, kind)
        return spec

    def contract(self, kind: str, name: str) -> Contract:
        """The contract, imported on first use."""
        spec = self.contract_spec(kind, name)
        key = _key(spec)
        if key not in self._contract_cache:
            self._contract_cache[key] = _load(spec.target)
        return self._contract_cache[key]

    def implementations(self, kind: str, name: str, backend: str) -> list[ImplementationSpec]:
        """Overrides of a contract on a backend; the first is the default."""
        return [
            s
            for s in self._implementations.values()
            if (s.kind, s.name, s.backend) == (kind, name, backend)
        ]

    def resolve(self, kind: str, name: str, backend: str, impl: str | None = None) -> Resolved:
        """What would serve `kind/name`, from specs alone: nothing of the target is imported."""
        contract = self.contract_spec(kind, name)
        override = self._override(kind, name, backend, impl)
        if override is None:
            return Resolved(f"{backend}.shared", "shared", (contract.target,), contract.dtypes)
        targets = (override.target, contract.target)
        return Resolved(override.impl_id, override.tier, targets, override.dtypes)

    def _override(
        self, kind: str, name: str, backend: str, impl: str | None
    ) -> ImplementationSpec | None:
        """The override to use; None for the shared text."""
        spec = self.backend_spec(backend)
        overrides = self.implementations(kind, name, backend)
        shared = f"{backend}.shared"
        if impl is None and overrides:
            return overrides[0]
        if impl in (None, shared):
            if not spec.shared_texts:
                raise UnknownNameError(
                    f"backend {backend!r} does not have {kind}/{name}; "
                    f"it has: {', '.join(self._served_by(backend)) or 'nothing'}"
                )
            return None
        for override in overrides:
            if override.impl_id == impl:
                return override
        known = [o.impl_id for o in overrides] + ([shared] if spec.shared_texts else [])
        raise unknown_name(f"implementation of {kind}/{name} on {backend}", str(impl), known)

    def _served_by(self, backend: str) -> list[str]:
        return sorted(_key(s) for s in self._implementations.values() if s.backend == backend)

    def kernels(self, backend: str, choose: Mapping[str, str] | None = None) -> KernelTable:
        """Every contract resolved for one backend; `choose` maps `kind/name` to an impl_id."""
        return KernelTable(self, backend, choose or {})

    def source_digest(self, kind: str, name: str, backend: str, impl: str | None = None) -> str:
        """The digest of the source behind the implementation that would serve `kind/name`."""
        return self.resolve(kind, name, backend, impl).digest

    def dataset(self, name: str) -> Any:
        """The loader of a data set: call it with the data set's options."""
        spec: DatasetSpec = self._look_up("dataset", self._datasets, name)
        return _load(spec.target)

    def get(self, kind: str, name: str, backend: str = "numpy", impl: str | None = None) -> Any:
        """An implementation, or a composition built from the backend's kernels."""
        self._check_kind(kind)
        compositions = {s.name: s for s in self._compositions.values() if s.kind == kind}
        contracts = {s.name: s for s in self._contracts.values() if s.kind == kind}
        if name in compositions:
            return self._compose(compositions[name], backend, impl)
        if name not in contracts and ("contract", f"{kind}/{name}") not in self._conflicts:
            raise unknown_name(kind, name, [*compositions, *contracts])
        choose = {f"{kind}/{name}": impl} if impl else {}
        return self.kernels(backend, choose).get(kind, name)

    def _compose(self, spec: CompositionSpec, backend: str, impl: str | None) -> Any:
        """The one text on the backend's kernels, or what the backend brings in its place."""
        whole = self.whole(spec.kind, spec.name, backend)
        if impl not in (None, whole.impl_id if whole else None):
            known = [whole.impl_id] if whole else []
            raise unknown_name(f"implementation of {_key(spec)} on {backend}", str(impl), known)
        target = whole.targets[0] if whole else spec.target
        return _load(target)(self.kernels(backend))

    def whole(self, kind: str, name: str, backend: str) -> Resolved | None:
        """What a backend brings in place of a composition, whole; None where it brings nothing.

        A peer that trains on a corpus by itself has no kernels that ours could be composed of: its
        plugin names the composition in an ImplementationSpec whose target takes the kernels.
        """
        found = self.implementations(kind, name, backend)
        if f"{kind}/{name}" not in self._compositions or not found:
            return None
        spec = found[0]
        return Resolved(spec.impl_id, spec.tier, (spec.target,), spec.dtypes)

    def _check_kind(self, kind: str) -> None:
        if kind not in KINDS:
            raise unknown_name("kind", kind, KINDS)


class KernelTable:
    """Kernels of one backend: each `kind/name` is resolved once and remembered."""

    def __init__(self, registry: Registry, name: str, choose: Mapping[str, str]) -> None:
        self.backend = registry.backend(name)
        self._name = name
        self._registry = registry
        self._choose = dict(choose)
        self._chosen: dict[str, Implementation] = {}

    def get(self, kind: str, name: str) -> Implementation:
        key = f"{kind}/{name}"
        if key not in self._chosen:
            self._chosen[key] = self._make(kind, name, self._choose.get(key))
        return self._chosen[key]

    def _make(self, kind: str, name: str, impl: str | None) -> Implementation:
        contract = self._registry.contract(kind, name)
        override = self._registry._override(kind, name, self._name, impl)
        if override is None:
            shared = SharedText(contract, self.backend)
            shared.impl_id = f"{self._name}.shared"
            return shared
        made: Implementation = _load(override.target)(contract, self.backend)
        made.impl_id, made.tier = override.impl_id, override.tier
        made.dtypes = override.dtypes
        return made

    @property
    def resolved(self) -> dict[str, str]:
        return {key: made.impl_id for key, made in sorted(self._chosen.items())}


def _key(spec: Any) -> str:
    return f"{spec.kind}/{spec.name}"


def _load(target: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise PluginUnavailableError(f"{target} cannot be loaded: {error}") from error


def registry(plugins: list[str] | None = None) -> Registry:
    """Everything installed; with `plugins`, only what seqbench brings and those modules."""
    if plugins is None:
        return _installed(tuple(installed_plugins()))
    return Registry([*BUNDLED, *((p, p) for p in plugins)])


@functools.cache
def _installed(found: tuple[tuple[str, str], ...]) -> Registry:
    return Registry(found)
