"""Recurrent cells, and what stacks and reverses them: A02, A03, A09-A14."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import composition, contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract("A02", "cell/rnn", "rnn:RNN", "tanh recurrent network"),
    contract(
        "A09", "cell/gru_simplified", "gru_simplified:GRU_SIMPLIFIED", "GRU without reset gate"
    ),
    contract("A10", "cell/gru", "gru:GRU", "GRU, reset after the recurrent product (torch)"),
    contract(
        "A10",
        "cell/gru_reset_before",
        "gru:GRU_RESET_BEFORE",
        "GRU, reset before the recurrent product (the notes)",
    ),
    contract("A11", "cell/lstm", "lstm:LSTM", "long short-term memory"),
    contract(
        "A12",
        "cell/lstm_peephole",
        "lstm_peephole:LSTM_PEEPHOLE",
        "LSTM with diagonal peepholes (Gers & Schmidhuber)",
    ),
    contract(
        "A12",
        "cell/lstm_peephole_full",
        "lstm_peephole_full:LSTM_PEEPHOLE_FULL",
        "LSTM whose gates read c_prev through matrices (the notes)",
    ),
    contract(
        "A12",
        "cell/lstm_coupled",
        "lstm_coupled:LSTM_COUPLED",
        "LSTM with f = 1 - i (ONNX input_forget)",
    ),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = (
    composition(
        "A03",
        "analysis/truncated_bptt",
        "truncated:TruncatedBPTT",
        "backpropagation through time, in windows or over all of it",
        "cell/rnn",
    ),
    composition(
        "A13",
        "model/bidirectional",
        "bidirectional:Bidirectional",
        "any cell in both directions",
        "cell/gru",
    ),
    composition(
        "A14",
        "model/stacked",
        "stacked:Stacked",
        "any cell in layers, one way or both, dropout between",
        "cell/lstm",
    ),
)
