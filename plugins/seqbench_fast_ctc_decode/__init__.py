"""fast-ctc-decode as a peer of A36: best path and prefix beams in Rust."""

from __future__ import annotations

from seqbench.interfaces import BackendSpec, ImplementationSpec, hookimpl


@hookimpl
def seqbench_backends() -> list[BackendSpec]:
    return [
        BackendSpec(
            name="fast_ctc_decode",
            target="seqbench_fast_ctc_decode.backend:FastCTCBackend",
            summary="fast-ctc-decode's CTC searches, a peer to compare with",
            requires=("fast_ctc_decode",),
            extra="fast-ctc-decode",
            shared_texts=False,
        )
    ]


@hookimpl
def seqbench_implementations() -> list[ImplementationSpec]:
    return [_peer("ctc_greedy"), _peer("ctc_beam")]


def _peer(name: str) -> ImplementationSpec:
    return ImplementationSpec(
        kind="decoder",
        name=name,
        backend="fast_ctc_decode",
        impl_id=f"fast_ctc_decode.{name}",
        target=f"seqbench_fast_ctc_decode.searches:{name}",
        tier="peer",
        dtypes=("float32",),
    )
