"""What would serve a case, known from specs alone: impl_ids, source digests, or why it cannot run.

Nothing of a target is imported here, so the command-line process stays slim.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqbench.data.root import data_root
from seqbench.interfaces import UnknownNameError, UsageError, digest, unknown_name
from seqbench.registry.sources import source_digest

from .config import RunConfig
from .sections import DatasetConfig
from .taskspecs import TaskSpec, check_model

if TYPE_CHECKING:
    from seqbench.registry import Registry


@dataclass(frozen=True, slots=True)
class Served:
    """`resolved`: `kind/name` -> impl_id; `digests`: the same and the task -> source digest.

    `reason` says why it cannot run here; then both are empty.
    """

    resolved: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


class Resolver:
    """Looks every (task, backend, names) up once."""

    def __init__(self, registry: Registry, data_root: Path | None = None) -> None:
        self._registry = registry
        self._root = data_root
        self._served: dict[Any, Served] = {}
        self._hashes: dict[str, str] = {}

    def serve(
        self, task: TaskSpec, config: RunConfig, backend: str, impl: Mapping[str, str]
    ) -> Served:
        """What `task` resolves to on `backend`; `impl` chooses implementations by `kind/name`.

        Raises UnknownNameError, with candidates, for a name that no plugin provides.
        """
        names = tuple(task.uses(config))
        key = (task.name, names, backend, tuple(sorted(impl.items())))
        if key not in self._served:
            self._served[key] = self._serve(task, names, backend, impl)
        return self._served[key]

    def _serve(
        self, task: TaskSpec, names: tuple[str, ...], backend: str, impl: Mapping[str, str]
    ) -> Served:
        reason = self._registry.unavailable(backend)
        contracts, digests = self._contracts(names, backend)
        for unused in set(impl) - set(contracts):
            raise unknown_name("kernel of this task for backend.impl", unused, contracts)
        if reason is not None:
            return Served(reason=f"backend {backend!r} cannot be used here: {reason}")
        resolved = {}
        for contract in contracts:
            kind, _, name = contract.partition("/")
            try:
                found = self._registry.whole(kind, name, backend) or self._registry.resolve(
                    kind, name, backend, impl.get(contract)
                )
            except UnknownNameError as error:
                if contract in impl:
                    raise
                return Served(reason=str(error))
            resolved[contract] = found.impl_id
            digests[contract] = found.digest
        digests[f"task/{task.name}"] = source_digest(task.target)
        return Served(resolved, digests)

    def _contracts(self, names: tuple[str, ...], backend: str) -> tuple[list[str], dict[str, str]]:
        """Every contract behind `names`, and the source digests of the compositions on the way.

        A composition that the backend brings whole stands for itself.
        """
        compositions = self._registry.compositions()
        contracts: list[str] = []
        digests: dict[str, str] = {}
        pending = list(names)
        while pending:
            key = pending.pop(0)
            kind, _, name = key.partition("/")
            if key in compositions and self._whole(kind, name, backend):
                contracts.append(key)
            elif key in compositions:
                if key not in digests:
                    digests[key] = source_digest(compositions[key].target)
                    pending += compositions[key].needs
            elif key not in contracts:
                self._check_known(kind, name)
                contracts.append(key)
        return contracts, digests

    def _whole(self, kind: str, name: str, backend: str) -> bool:
        return self._registry.whole(kind, name, backend) is not None

    def _check_known(self, kind: str, name: str) -> None:
        known = [*self._registry.contracts(), *self._registry.compositions()]
        named = [key.partition("/")[2] for key in known if key.startswith(f"{kind}/")]
        if name not in named:
            raise unknown_name(kind, name, named)
        self._registry.contract_spec(kind, name)

    def check(self, task: TaskSpec, config: RunConfig) -> None:
        """UsageError for a model or a data set that the task can do nothing with."""
        self._check_dataset(task, config)
        check_model(task, config)

    def _check_dataset(self, task: TaskSpec, config: RunConfig) -> None:
        """UsageError where the data set holds something else than the task reads."""
        specs, name = self._registry.dataset_specs(), config.dataset.name
        if "dataset" not in task.sections or name not in specs or not task.holds:
            return
        if specs[name].holds not in ("", task.holds):
            fits = [s.name for s in specs.values() if s.holds == task.holds]
            first = min(fits, key=lambda fit: (not specs[fit].embedded, fit))
            raise UsageError(
                f"dataset.name is {name!r}, which holds {specs[name].holds}, expected "
                f"{task.holds} ({', '.join(sorted(fits))}), which is what task {task.name} reads; "
                f"set dataset={first}"
            )

    def embedded(self, dataset: str) -> bool:
        """Whether a data set comes with the project; one that no plugin provides does not."""
        spec = self._registry.dataset_specs().get(dataset)
        return spec is not None and spec.embedded

    def data_hash(self, dataset: DatasetConfig, params: Mapping[str, Any]) -> str:
        """A digest of the data by what they are made of.

        The settings, the source of the loader (which holds the generator, or the checksums that
        real files are held against), the contents of every file that an option names and, where
        the data set has one, its fingerprint.
        """
        key = digest(params)
        if key not in self._hashes:
            specs = self._registry.dataset_specs()
            if dataset.name not in specs:
                raise unknown_name("dataset", dataset.name, specs)
            source = source_digest(specs[dataset.name].target)
            made_of = [params, source, self._files(dataset.options)]
            fingerprint = specs[dataset.name].fingerprint
            if fingerprint is not None:
                module, _, name = fingerprint.partition(":")
                made_of.append(getattr(importlib.import_module(module), name)())
            self._hashes[key] = digest(made_of)
        return self._hashes[key]

    def _files(self, options: Mapping[str, Any]) -> dict[str, str]:
        base = data_root(self._root)
        named = {k: base / v for k, v in options.items() if isinstance(v, str)}
        return {k: _sha256(path) for k, path in named.items() if path.is_file()}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
