"""gensim on the CPU, as a peer that trains word vectors on a whole corpus."""

from __future__ import annotations

from seqbench.interfaces import BackendSpec, ImplementationSpec, hookimpl


@hookimpl
def seqbench_backends() -> list[BackendSpec]:
    return [
        BackendSpec(
            name="gensim",
            target="seqbench_gensim.backend:GensimBackend",
            summary="gensim's word2vec on one core, a peer to compare with",
            requires=("gensim",),
            extra="gensim",
            shared_texts=False,
        )
    ]


def _model(name: str) -> ImplementationSpec:
    return ImplementationSpec(
        kind="model",
        name=name,
        backend="gensim",
        impl_id=f"gensim.{name}",
        target=f"seqbench_gensim.word2vec:{name}",
        tier="peer",
        dtypes=("float32",),
    )


@hookimpl
def seqbench_implementations() -> list[ImplementationSpec]:
    return [_model(name) for name in ("skipgram_ns", "skipgram_hs", "cbow_ns", "cbow_hs")]
