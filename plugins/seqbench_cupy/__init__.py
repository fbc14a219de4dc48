"""CuPy: every algorithm on an NVIDIA GPU, with CUDA kernels of our own where they pay."""

from __future__ import annotations

from seqbench.interfaces import BackendSpec, ImplementationSpec, hookimpl


@hookimpl
def seqbench_backends() -> list[BackendSpec]:
    return [
        BackendSpec(
            name="cupy",
            target="seqbench_cupy.backend:CupyBackend",
            summary="CuPy on an NVIDIA GPU, with CUDA kernels of our own",
            probe="seqbench_cupy.probe:reason",
            extra="cuda13",
            preload=False,  # CUDA does not survive a fork
            evidence="seqbench_cupy:evidence.json",
        )
    ]


def _own(kind: str, name: str, target: str, impl_id: str = "", **options) -> ImplementationSpec:
    return ImplementationSpec(
        kind=kind,
        name=name,
        backend="cupy",
        impl_id=impl_id or f"cupy.{name}",
        target=f"seqbench_cupy.{target}",
        **options,
    )


_WORD_VECTORS = ("skipgram_hs", "skipgram_ns", "cbow_ns", "cbow_hs")
CELL_DTYPES = ("float32", "float64", "float16", "bfloat16")


def _cell(name: str, target: str, impl_id: str = "") -> ImplementationSpec:
    return _own("cell", name, target, impl_id, dtypes=CELL_DTYPES)


def _cells() -> list[ImplementationSpec]:
    return [
        _cell("rnn", "cells:RNNSteps"),
        _cell("gru", "cells:GRUSteps"),
        _cell("gru_reset_before", "cells:GRUResetBeforeSteps"),
        _cell("gru_simplified", "cells:GRUSimplifiedSteps"),
        _cell("lstm", "cells:LSTMSteps"),
        _cell("lstm_peephole", "cells:LSTMPeepholeSteps"),
        _cell("lstm_peephole_full", "cells:LSTMPeepholeFullSteps"),
        _cell("lstm_coupled", "cells:LSTMCoupledSteps"),
        *(
            _cell(name, f"cells_persistent:{target}Persistent", f"cupy.{name}_persistent")
            for name, target in (
                ("rnn", "RNN"),
                ("gru", "GRU"),
                ("gru_reset_before", "GRUResetBefore"),
                ("gru_simplified", "GRUSimplified"),
                ("lstm", "LSTM"),
                ("lstm_peephole", "LSTMPeephole"),
                ("lstm_peephole_full", "LSTMPeepholeFull"),
                ("lstm_coupled", "LSTMCoupled"),
            )
        ),
    ]


@hookimpl
def seqbench_implementations() -> list[ImplementationSpec]:
    return [
        _own("loss", "softmax_cross_entropy", "losses:SoftmaxCrossEntropy"),
        _own("loss", "binary_cross_entropy", "losses:BinaryCrossEntropy"),
        _own("attention", "additive", "attention_additive:AdditiveAttention"),
        _own("attention", "dot", "attention:DotAttention"),
        _own("attention", "general", "attention:GeneralAttention"),
        _own("attention", "decoder_rnn", "attention_decoder:DecoderRNN"),
        _own("attention", "decoder_gru", "attention_decoder:DecoderGRU"),
        _own("attention", "decoder_lstm", "attention_decoder:DecoderLSTM"),
        _own("feature", "stft", "features:Stft"),
        _own("feature", "log_mel", "features:LogMel"),
        _own("metric", "bleu_stats", "bleu:BleuStats"),
        _own("embedding", "gather", "embedding:Gather"),
        *_cells(),
        _own("loss", "ctc", "ctc:CTC"),
        _own("decoder", "ctc_greedy", "ctc_greedy:CTCGreedy"),
        _own("decoder", "ctc_beam", "ctc_beam:CTCBeam"),
        _own("decoder", "sample", "sample:Sample"),
        _own("metric", "edit_distance", "edit_distance:EditDistance"),
        _own("decoder", "beam_select", "beam_select:BeamSelect"),
        _own("optimizer", "sgd", "optimizers:SGD"),
        _own("optimizer", "adagrad", "optimizers:AdaGrad"),
        _own("optimizer", "adam", "optimizers:Adam"),
        *(_own("vectors", name, "word_vectors:Loss") for name in _WORD_VECTORS),
        *(_own("vectors", f"{name}_update", "word_vectors:Update") for name in _WORD_VECTORS),
        _own("vectors", "cbow_ns_word2vec", "word_vectors:Update"),
        _own("vectors", "cbow_hs_word2vec", "word_vectors:Update"),
        _own("vectors", "skipgram_softmax", "skipgram_softmax:SkipGramSoftmax"),
        _own("vectors", "skipgram_softmax_update", "skipgram_softmax:SkipGramSoftmaxUpdate"),
        _own("vectors", "cooccurrence", "cooccurrence:Cooccurrence"),
        _own("vectors", "glove", "glove:Glove"),
        _own("vectors", "glove_update", "glove:GloveUpdate"),
    ]
