"""The bundled plugin that brings the contracts and compositions of seqbench."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec, hookimpl


def _contract(id: str, key: str, target: str, summary: str) -> ContractSpec:
    kind, _, name = key.partition("/")
    return ContractSpec(id, kind, name, f"seqbench.kernels.{target}", summary)


def _composition(id: str, key: str, target: str, summary: str, *needs: str) -> CompositionSpec:
    kind, _, name = key.partition("/")
    return CompositionSpec(id, kind, name, f"seqbench.models.{target}", summary, needs)


@hookimpl
def seqbench_contracts() -> list[ContractSpec]:
    return [
        _contract("A02", "cell/rnn", "rnn:RNN", "tanh recurrent network"),
        _contract(
            "A09", "cell/gru_simplified", "gru_simplified:GRU_SIMPLIFIED", "GRU without reset gate"
        ),
        _contract("A10", "cell/gru", "gru:GRU", "GRU, reset after the recurrent product (torch)"),
        _contract(
            "A10",
            "cell/gru_reset_before",
            "gru:GRU_RESET_BEFORE",
            "GRU, reset before the recurrent product (the notes)",
        ),
        _contract("A11", "cell/lstm", "lstm:LSTM", "long short-term memory"),
        _contract(
            "A04",
            "loss/softmax_cross_entropy",
            "losses:SOFTMAX_CROSS_ENTROPY",
            "softmax cross-entropy from logits",
        ),
        _contract(
            "A04",
            "loss/binary_cross_entropy",
            "binary_cross_entropy:BINARY_CROSS_ENTROPY",
            "binary cross-entropy from logits",
        ),
        _contract("A15", "embedding/gather", "embedding:GATHER", "rows of an embedding matrix"),
        _contract("A15", "embedding/one_hot", "embedding:ONE_HOT", "the matrix times one-hots"),
        _contract("A33", "attention/additive", "attention:ADDITIVE", "Bahdanau's score"),
        _contract("A33", "attention/dot", "attention:DOT", "Luong's dot score"),
        _contract("A33", "attention/general", "attention:GENERAL", "Luong's general score"),
        *(
            _contract(
                "A33",
                f"attention/decoder_{cell}",
                f"attention_decoder:DECODER_{cell.upper()}",
                f"teacher-forced decoder whose context feeds the {cell} cell",
            )
            for cell in ("rnn", "gru", "lstm")
        ),
        _contract("A38", "optimizer/sgd", "optimizers:SGD", "SGD with momentum"),
        _contract("A38", "optimizer/adagrad", "optimizers:ADAGRAD", "AdaGrad"),
        _contract("A38", "optimizer/adam", "optimizers:ADAM", "Adam"),
        _contract(
            "A28", "decoder/beam_select", "beam_select:BEAM_SELECT", "one step of beam search"
        ),
        _contract(
            "A29",
            "decoder/length_penalty",
            "length_penalty:LENGTH_PENALTY",
            "log P normalised by length",
        ),
        _contract("A32", "metric/bleu_stats", "bleu:BLEU_STATS", "n-gram counts a sentence"),
    ]


@hookimpl
def seqbench_compositions() -> list[CompositionSpec]:
    return [
        _composition(
            "A13",
            "model/bidirectional",
            "bidirectional:Bidirectional",
            "any cell in both directions",
            "cell/gru",
        ),
        _composition(
            "A25",
            "model/encoder_decoder",
            "encoder_decoder:EncoderDecoderFactory",
            "encoder-decoder, with or without attention",
            "embedding/gather",
            "loss/softmax_cross_entropy",
        ),
        _composition("A27", "decoder/greedy", "greedy:GreedyDecoder", "greedy search"),
        _composition(
            "A28", "decoder/beam", "beam:BeamDecoder", "beam search", "decoder/beam_select"
        ),
        _composition(
            "A31",
            "analysis/beam_errors",
            "error_analysis:BeamErrorAnalysis",
            "is the search at fault or the model",
        ),
        _composition("A32", "metric/bleu", "bleu_metric:BleuMetric", "BLEU", "metric/bleu_stats"),
    ]
