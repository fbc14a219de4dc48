"""Sentiment and captioning: A23, A24, A26."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import composition, contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract("A23", "feature/mean_pool", "time_pooling:MEAN_POOL", "mean over time, by lengths"),
    contract("A24", "feature/max_pool", "time_pooling:MAX_POOL", "maximum over time, by lengths"),
    contract("A26", "feature/conv2d", "conv2d:CONV2D", "convolution over images"),
    contract("A26", "feature/max_pool2d", "max_pool2d:MAX_POOL2D", "maximum of image windows"),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = (
    composition(
        "A26",
        "model/captioner",
        "captioner:CaptionerFactory",
        "convolutions feed a recurrent decoder",
        "feature/conv2d",
        "feature/max_pool2d",
        "embedding/gather",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "A23",
        "model/averaging_classifier",
        "text_classifier:AveragingClassifierFactory",
        "mean of the embeddings, then softmax",
        "embedding/gather",
        "feature/mean_pool",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "E19",
        "model/dense_classifier",
        "dense_classifier:DenseClassifierFactory",
        "padded one-hots through a dense hidden layer, then softmax",
        "embedding/gather",
        "loss/softmax_cross_entropy",
    ),
    composition(
        "A24",
        "model/recurrent_classifier",
        "text_classifier:RecurrentClassifierFactory",
        "any cell over the embeddings, many to one, then softmax",
        "embedding/gather",
        "feature/mean_pool",
        "feature/max_pool",
        "loss/softmax_cross_entropy",
    ),
)
