"""The bundled plugin that brings the contracts and compositions of seqbench."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec, hookimpl

from .families import (
    attention,
    cells,
    classification,
    embeddings,
    language,
    losses,
    optimizers,
    speech,
    translation,
    vector_ops,
    vectors,
)

FAMILIES = (
    language,
    cells,
    losses,
    embeddings,
    attention,
    translation,
    vectors,
    vector_ops,
    classification,
    speech,
    optimizers,
)


@hookimpl
def seqbench_contracts() -> list[ContractSpec]:
    return [spec for family in FAMILIES for spec in family.CONTRACTS]


@hookimpl
def seqbench_compositions() -> list[CompositionSpec]:
    return [spec for family in FAMILIES for spec in family.COMPOSITIONS]
