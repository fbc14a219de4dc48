"""Vocabularies, language models and sampling: A01, A05-A08."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import composition, contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract("A01", "feature/one_hot", "one_hot:ONE_HOT", "token ids as one-hot vectors"),
    contract("A07", "decoder/sample", "sample:SAMPLE", "the next token drawn from the softmax"),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = (
    composition(
        "A01",
        "feature/vocabulary",
        "text_features:TextFeatures",
        "vocabularies of words or characters, one-hot batches",
        "feature/one_hot",
    ),
    composition(
        "A06",
        "model/language_model",
        "language_model:LanguageModelFactory",
        "language model over words or characters",
        "embedding/gather",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "A05",
        "model/one_to_many",
        "architectures:one_to_many",
        "a vector to a sequence",
        "embedding/gather",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "A05",
        "model/many_to_one",
        "architectures:many_to_one",
        "a sequence to one label",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "A05",
        "model/many_to_many",
        "architectures:many_to_many",
        "a sequence to a label at each of its steps",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "A05",
        "model/many_to_many_unequal",
        "architectures:many_to_many_unequal",
        "a sequence to one of another length",
        "embedding/gather",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "A07",
        "decoder/sampling",
        "sampling:SamplingDecoder",
        "texts drawn token by token",
        "decoder/sample",
    ),
    composition(
        "A08",
        "analysis/gradient_by_lag",
        "gradient_by_lag:GradientByLag",
        "norm of the gradient k steps back, for any cell",
    ),
    composition(
        "A08",
        "analysis/clipping",
        "clipping:GradientClipping",
        "gradients cut by value or by global norm",
    ),
)
