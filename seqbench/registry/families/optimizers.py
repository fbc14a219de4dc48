"""Optimizers: A38."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract("A38", "optimizer/sgd", "optimizers:SGD", "SGD with momentum"),
    contract("A38", "optimizer/adagrad", "optimizers:ADAGRAD", "AdaGrad"),
    contract("A38", "optimizer/adam", "optimizers:ADAM", "Adam"),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = ()
