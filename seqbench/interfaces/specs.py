"""What plugins return from their hooks: frozen values whose targets are unimported strings."""

from __future__ import annotations

from dataclasses import dataclass

from .contract import Tier


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """`target` ("module:attr") is a callable without arguments that returns a Backend.

    `requires` are modules that must be importable; `probe` ("module:attr") returns None or the
    reason why the backend cannot run here. Neither is touched until somebody asks. `evidence`
    ("package:file") names check results that came with the plugin, for `list`: they count for
    exactly the source that they were taken of.
    """

    name: str
    target: str
    summary: str
    requires: tuple[str, ...] = ()
    probe: str | None = None
    extra: str | None = None  # the pip extra that brings `requires`
    shared_texts: bool = True  # offers an array namespace
    preload: bool = True  # may be imported before a fork
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ContractSpec:
    """`target` is the module attribute that holds the Contract."""

    id: str
    kind: str
    name: str
    target: str
    summary: str
    dtypes: tuple[str, ...] = ("float32", "float64")


@dataclass(frozen=True, slots=True)
class ImplementationSpec:
    """An override: `target` is a callable `(contract, backend) -> Implementation`."""

    kind: str
    name: str
    backend: str
    impl_id: str
    target: str
    tier: Tier = "own"
    dtypes: tuple[str, ...] = ("float32", "float64")


@dataclass(frozen=True, slots=True)
class CompositionSpec:
    """A decoder, metric, model or analysis built from kernels; one text for every backend.

    `target` is a callable `(kernels: Kernels) -> object`; `needs` are the `kind/name` keys of the
    contracts that it asks `kernels` for.
    """

    id: str
    kind: str
    name: str
    target: str
    summary: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """`target` is a callable `(**options) -> data set`; `files` are relative to the data root.

    `fingerprint` ("module:attr") is a callable without arguments that returns a text naming the
    contents, where they come neither from the loader's source nor from files with checksums.
    `holds` says what it is made of, in the words of a task's `holds`; a task refuses what holds
    something else, and takes what does not say.
    """

    name: str
    target: str
    summary: str
    licence: str
    origin: str
    embedded: bool = False
    files: tuple[str, ...] = ()
    fingerprint: str | None = None
    holds: str = ""


@dataclass(frozen=True, slots=True)
class ConfigSpec:
    """A package of Hydra configs to search: `pkg://seqbench.conf`."""

    path: str
