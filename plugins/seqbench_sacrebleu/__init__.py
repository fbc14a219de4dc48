"""sacreBLEU as a peer of A32: the counts that its scores are made of."""

from __future__ import annotations

from seqbench.interfaces import BackendSpec, ImplementationSpec, hookimpl


@hookimpl
def seqbench_backends() -> list[BackendSpec]:
    return [
        BackendSpec(
            name="sacrebleu",
            target="seqbench_sacrebleu.backend:SacrebleuBackend",
            summary="sacreBLEU's counts, a peer to compare with",
            requires=("sacrebleu",),
            extra="sacrebleu",
            shared_texts=False,
        )
    ]


@hookimpl
def seqbench_implementations() -> list[ImplementationSpec]:
    return [
        ImplementationSpec(
            kind="metric",
            name="bleu_stats",
            backend="sacrebleu",
            impl_id="sacrebleu.bleu",
            target="seqbench_sacrebleu.bleu:bleu_stats",
            tier="peer",
        )
    ]
