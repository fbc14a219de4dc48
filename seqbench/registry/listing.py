"""Rows for `seqbench list`: what is there, which backend has it, why something is unavailable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seqbench.interfaces import BackendSpec, CompositionSpec, ContractSpec, UnknownNameError

from .evidence import Evidence, stored_evidence

if TYPE_CHECKING:
    from .lookup import Registry


def backend_rows(registry: Registry) -> list[dict[str, Any]]:
    """name, available, reason, summary."""
    rows = []
    for name, spec in sorted(registry.backend_specs().items()):
        reason = registry.unavailable(name)
        rows.append(
            {
                "name": name,
                "available": reason is None,
                "reason": reason or "",
                "summary": spec.summary,
            }
        )
    return rows


def algorithm_rows(registry: Registry) -> list[dict[str, Any]]:
    """One row an algorithm and backend that has it, ordered by id."""
    rows: list[dict[str, Any]] = []
    for backend in sorted(registry.backend_specs()):
        reason = registry.unavailable(backend) or ""
        evidence = stored_evidence(backend, registry.backend_spec(backend).evidence)
        for spec in registry.contracts().values():
            rows += _contract_row(registry, spec, backend, reason, evidence)
        for composition in registry.compositions().values():
            rows += _composition_row(registry, composition, backend, reason)
    return sorted(rows, key=lambda r: (r["id"], r["kind"], r["name"], r["backend"]))


def _contract_row(
    registry: Registry, spec: ContractSpec, backend: str, reason: str, evidence: Evidence
) -> list[dict[str, Any]]:
    try:
        resolved = registry.resolve(spec.kind, spec.name, backend)
    except UnknownNameError:
        return []  # a peer without shared texts has only what it brings
    key = f"{spec.kind}/{spec.name}"
    return [
        _row(spec, backend, reason)
        | {
            "impl_id": resolved.impl_id,
            "tier": resolved.tier,
            "evidence": evidence.of(key, resolved.impl_id, lambda: resolved.digest),
            "dtypes": list(resolved.dtypes),
        }
    ]


def _composition_row(
    registry: Registry, spec: CompositionSpec, backend: str, reason: str
) -> list[dict[str, Any]]:
    whole = registry.whole(spec.kind, spec.name, backend)
    if whole is not None:
        found = {"impl_id": whole.impl_id, "tier": whole.tier, "dtypes": list(whole.dtypes)}
        return [_row(spec, backend, reason) | found | {"evidence": "none"}]
    if not _has_all(registry, spec, registry.backend_spec(backend)):
        return []
    return [
        _row(spec, backend, reason)
        | {"impl_id": f"{backend}.{spec.name}", "tier": "shared", "evidence": "none", "dtypes": []}
    ]


def _has_all(registry: Registry, spec: CompositionSpec, backend: BackendSpec) -> bool:
    if not backend.shared_texts:
        return False
    try:
        for need in spec.needs:
            kind, _, name = need.partition("/")
            registry.resolve(kind, name, backend.name)
    except UnknownNameError:
        return False
    return True


def _row(spec: ContractSpec | CompositionSpec, backend: str, reason: str) -> dict[str, Any]:
    return {
        "id": spec.id,
        "kind": spec.kind,
        "name": spec.name,
        "backend": backend,
        "reason": reason,
        "summary": spec.summary,
    }


def dataset_rows(registry: Registry) -> list[dict[str, Any]]:
    """name, embedded, licence, origin, files, summary; presence is the data floor's to tell."""
    return [
        {
            "name": name,
            "embedded": spec.embedded,
            "licence": spec.licence,
            "origin": spec.origin,
            "files": list(spec.files),
            "summary": spec.summary,
        }
        for name, spec in sorted(registry.dataset_specs().items())
    ]
