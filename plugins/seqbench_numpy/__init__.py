"""NumPy: the reference backend, with tuned overrides of the shared texts."""

from __future__ import annotations

from seqbench.interfaces import BackendSpec, ImplementationSpec, hookimpl


@hookimpl
def seqbench_backends() -> list[BackendSpec]:
    return [
        BackendSpec(
            name="numpy",
            target="seqbench_numpy.backend:NumpyBackend",
            summary="NumPy on the CPU, tuned by hand",
            requires=("numpy",),
        )
    ]


def _own(kind: str, name: str, target: str, impl_id: str = "") -> ImplementationSpec:
    return ImplementationSpec(
        kind=kind,
        name=name,
        backend="numpy",
        impl_id=impl_id or f"numpy.{name}",
        target=f"seqbench_numpy.{target}",
    )


_VECTOR_UPDATES = {
    "skipgram_ns_update": "skipgram:skipgram_ns",
    "skipgram_hs_update": "word_trees:skipgram_hs",
    "cbow_ns_update": "cbow:cbow_ns",
    "cbow_ns_word2vec": "cbow:cbow_ns_word2vec",
    "cbow_hs_update": "word_trees:cbow_hs",
    "cbow_hs_word2vec": "word_trees:cbow_hs_word2vec",
}


def _vector_updates() -> list[ImplementationSpec]:
    """Each by SciPy's private loop and, by the name that ends in _unique, by its public product."""
    return [
        _own("vectors", name, target + suffix, f"numpy.{name}{suffix}")
        for name, target in _VECTOR_UPDATES.items()
        for suffix in ("", "_unique")
    ]


@hookimpl
def seqbench_implementations() -> list[ImplementationSpec]:
    return [
        _own("cell", "rnn", "rnn:rnn"),
        _own("cell", "lstm", "lstm:lstm"),
        _own("cell", "lstm_peephole", "lstm_peephole:lstm_peephole"),
        _own("cell", "lstm_peephole_full", "lstm_peephole_full:lstm_peephole_full"),
        _own("cell", "lstm_coupled", "lstm_coupled:lstm_coupled"),
        _own("cell", "gru", "gru:gru"),
        _own("cell", "gru_reset_before", "gru_reset_before:gru_reset_before"),
        _own("cell", "gru_simplified", "gru_simplified:gru_simplified"),
        _own("attention", "additive", "attention:AdditiveAttention"),
        _own("embedding", "gather", "embedding:gather_columns", "numpy.gather_columns"),
        _own("embedding", "gather", "embedding:gather_product", "numpy.gather_product"),
        _own("loss", "ctc", "ctc:CTC"),
        _own("loss", "softmax_cross_entropy", "losses:SoftmaxCrossEntropy"),
        _own("optimizer", "adam", "optimizers:Adam"),
        *_vector_updates(),
        _own("decoder", "ctc_greedy", "ctc_greedy:CTCGreedy"),
        _own("decoder", "ctc_beam", "ctc_beam:CTCBeam"),
        _own("decoder", "beam_select", "beam_select:BeamSelect"),
        _own("decoder", "sample", "sample:Sample"),
        _own("metric", "bleu_stats", "bleu:BleuStats"),
        _own("feature", "stft", "features:Stft"),
        _own("feature", "log_mel", "features:LogMel"),
        *(
            _own("vector_op", name, "nearest:VectorSearch")
            for name in (
                "neighbours",
                "analogy_cos_add",
                "analogy_cos_mul",
                "analogy_pair_direction",
            )
        ),
        _own("vectors", "cooccurrence", "cooccurrence:Cooccurrence"),
        _own("vectors", "glove_update", "glove:glove_update"),
        _own("vectors", "glove_update", "glove:glove_update_product", "numpy.glove_update_product"),
    ]
