"""Encoder-decoder, its searches and its score: A25, A27-A32."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import composition, contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract("A28", "decoder/beam_select", "beam_select:BEAM_SELECT", "one step of beam search"),
    contract(
        "A29",
        "decoder/length_penalty",
        "length_penalty:LENGTH_PENALTY",
        "log P normalised by length",
    ),
    contract("A32", "metric/bleu_stats", "bleu:BLEU_STATS", "n-gram counts a sentence"),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = (
    composition(
        "A25",
        "model/encoder_decoder",
        "encoder_decoder:EncoderDecoderFactory",
        "encoder-decoder, with or without attention",
        "embedding/gather",
        "loss/softmax_cross_entropy",
    ),
    composition("A27", "decoder/greedy", "greedy:GreedyDecoder", "greedy search"),
    composition("A28", "decoder/beam", "beam:BeamDecoder", "beam search", "decoder/beam_select"),
    composition(
        "A30", "decoder/exact_breadth", "exact:ExactBreadthDecoder", "exact search, breadth first"
    ),
    composition(
        "A30", "decoder/exact_depth", "exact:ExactDepthDecoder", "exact search, depth first"
    ),
    composition(
        "A31",
        "analysis/beam_errors",
        "error_analysis:BeamErrorAnalysis",
        "is the search at fault or the model",
    ),
    composition(
        "A31",
        "analysis/true_search_errors",
        "true_search_errors:TrueSearchErrors",
        "which outputs an exact search beats, where the space is small",
        "decoder/exact_depth",
    ),
    composition("A32", "metric/bleu", "bleu_metric:BleuMetric", "BLEU", "metric/bleu_stats"),
)
