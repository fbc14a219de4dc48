"""The bundled plugin that brings the contracts, compositions, data sets and configs of seqbench."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec, DatasetSpec, hookimpl


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
            "A28", "decoder/beam_select", "beam_select:BEAM_SELECT", "one step of beam search"
        ),
        _contract("A32", "metric/bleu_stats", "bleu:BLEU_STATS", "n-gram counts a sentence"),
    ]


@hookimpl
def seqbench_compositions() -> list[CompositionSpec]:
    return [
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


@hookimpl
def seqbench_datasets() -> list[DatasetSpec]:
    return []
