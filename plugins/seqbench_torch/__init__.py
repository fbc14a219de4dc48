"""PyTorch on the CPU, as a peer: what a user would pick instead."""

from __future__ import annotations

from seqbench.interfaces import BackendSpec, ImplementationSpec, hookimpl


@hookimpl
def seqbench_backends() -> list[BackendSpec]:
    return [
        BackendSpec(
            name="torch",
            target="seqbench_torch.backend:TorchBackend",
            summary="PyTorch's own layers on the CPU, a peer to compare with",
            requires=("torch",),
            extra="torch",
            shared_texts=False,
            preload=False,  # a fork after a backward pass hangs
        )
    ]


def _peer(kind: str, name: str, module: str) -> ImplementationSpec:
    return ImplementationSpec(
        kind=kind,
        name=name,
        backend="torch",
        impl_id=f"torch.{name}",
        target=f"seqbench_torch.{module}:{name}",
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
        _peer("loss", "ctc", "ctc"),
        _peer("attention", "additive", "attention"),
        _peer("attention", "dot", "attention"),
        _peer("attention", "general", "attention"),
        _peer("embedding", "gather", "embedding"),
        _peer("embedding", "one_hot", "embedding"),
        _peer("optimizer", "sgd", "optimizers"),
        _peer("optimizer", "adagrad", "optimizers"),
        _peer("optimizer", "adam", "optimizers"),
        _peer("feature", "stft", "features"),
        _peer("feature", "log_mel", "features"),
    ]
