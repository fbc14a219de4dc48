"""JAX on the CPU, as a peer: cells by `lax.scan` and losses, compiled by XLA."""

from __future__ import annotations

from seqbench.interfaces import BackendSpec, ImplementationSpec, hookimpl


@hookimpl
def seqbench_backends() -> list[BackendSpec]:
    return [
        BackendSpec(
            name="jax",
            target="seqbench_jax.backend:JaxBackend",
            summary="JAX on the CPU, compiled by XLA, a peer to compare with",
            requires=("jax",),
            extra="jax",
            shared_texts=False,
            preload=False,  # XLA's threads do not survive a fork
        )
    ]


def _peer(kind: str, name: str, module: str) -> ImplementationSpec:
    return ImplementationSpec(
        kind=kind,
        name=name,
        backend="jax",
        impl_id=f"jax.{name}",
        target=f"seqbench_jax.{module}:{name}",
        tier="peer",
    )


@hookimpl
def seqbench_implementations() -> list[ImplementationSpec]:
    return [
        _peer("cell", "rnn", "cells"),
        _peer("cell", "gru", "cells"),
        _peer("cell", "lstm", "cells"),
        _peer("loss", "softmax_cross_entropy", "losses"),
        _peer("loss", "binary_cross_entropy", "losses"),
    ]
