"""The hooks a plugin may implement. Each returns specs and has no side effect."""

from __future__ import annotations

import pluggy

from .specs import (
    BackendSpec,
    CompositionSpec,
    ConfigSpec,
    ContractSpec,
    DatasetSpec,
    ImplementationSpec,
)

hookspec = pluggy.HookspecMarker("seqbench")
hookimpl = pluggy.HookimplMarker("seqbench")


@hookspec
def seqbench_backends() -> list[BackendSpec]:  # type: ignore[empty-body]
    """The backends this plugin brings."""


@hookspec
def seqbench_contracts() -> list[ContractSpec]:  # type: ignore[empty-body]
    """New algorithms: contracts with their shared text."""


@hookspec
def seqbench_implementations() -> list[ImplementationSpec]:  # type: ignore[empty-body]
    """Overrides of contracts for a backend."""


@hookspec
def seqbench_compositions() -> list[CompositionSpec]:  # type: ignore[empty-body]
    """Decoders, metrics, models and analyses built from contracts."""


@hookspec
def seqbench_datasets() -> list[DatasetSpec]:  # type: ignore[empty-body]
    """Data sets, embedded or under the data root."""


@hookspec
def seqbench_config() -> list[ConfigSpec]:  # type: ignore[empty-body]
    """Packages of Hydra configs to add to the search path."""
