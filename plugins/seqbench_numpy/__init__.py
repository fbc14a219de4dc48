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


@hookimpl
def seqbench_implementations() -> list[ImplementationSpec]:
    return [
        _own("cell", "rnn", "rnn:rnn"),
        _own("cell", "lstm", "lstm:lstm"),
        _own("cell", "gru", "gru:gru"),
        _own("cell", "gru_reset_before", "gru_reset_before:gru_reset_before"),
        _own("cell", "gru_simplified", "gru_simplified:gru_simplified"),
        _own("attention", "additive", "attention:AdditiveAttention"),
        _own("embedding", "gather", "embedding:gather_columns", "numpy.gather_columns"),
        _own("embedding", "gather", "embedding:gather_product", "numpy.gather_product"),
        _own("loss", "softmax_cross_entropy", "losses:SoftmaxCrossEntropy"),
        _own("optimizer", "adam", "optimizers:Adam"),
        _own("decoder", "beam_select", "beam_select:BeamSelect"),
        _own("metric", "bleu_stats", "bleu:BleuStats"),
        _own("feature", "stft", "features:Stft"),
        _own("feature", "log_mel", "features:LogMel"),
    ]
