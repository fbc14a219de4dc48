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


def _cell(name: str) -> ImplementationSpec:
    return ImplementationSpec(
        kind="cell",
        name=name,
        backend="torch",
        impl_id=f"torch.{name}",
        target=f"seqbench_torch.cells:{name}",
        tier="peer",
    )


def _feature(name: str, attribute: str) -> ImplementationSpec:
    return ImplementationSpec(
        kind="feature",
        name=name,
        backend="torch",
        impl_id=f"torch.{name}",
        target=f"seqbench_torch.features:{attribute}",
        tier="peer",
    )


@hookimpl
def seqbench_implementations() -> list[ImplementationSpec]:
    return [
        _cell("rnn"),
        _cell("gru"),
        _cell("lstm"),
        _feature("stft", "TorchStft"),
        _feature("log_mel", "TorchLogMel"),
    ]
