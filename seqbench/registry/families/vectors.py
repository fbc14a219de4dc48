"""Trainers of word vectors: A17-A21."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import composition, contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract("A21", "vectors/cooccurrence", "cooccurrence:COOCCURRENCE", "windowed counts"),
    contract("A21", "vectors/glove", "glove:GLOVE", "GloVe: objective, gradient"),
    contract("A21", "vectors/glove_update", "glove:GLOVE_UPDATE", "one step of AdaGrad on it"),
    *(
        contract(id, f"vectors/{name}", f"{module}:{name.upper()}", summary)
        for id, module, name, summary in (
            ("A17", "skipgram", "skipgram_softmax", "skip-gram, full softmax: loss, gradient"),
            ("A17", "skipgram", "skipgram_softmax_update", "one step of it"),
            ("A18", "skipgram", "skipgram_hs", "skip-gram, Huffman tree: loss, gradient"),
            ("A18", "skipgram", "skipgram_hs_update", "one step of it"),
            ("A19", "skipgram", "skipgram_ns", "skip-gram, noise words: loss, gradient"),
            ("A19", "skipgram", "skipgram_ns_update", "one step of it"),
            ("A20", "cbow", "cbow_ns", "CBOW, noise words: loss, gradient"),
            ("A20", "cbow", "cbow_ns_update", "one step of it"),
            ("A20", "cbow", "cbow_ns_word2vec", "one step as word2vec.c: no gradient"),
            ("A20", "cbow", "cbow_hs", "CBOW, Huffman tree: loss, gradient"),
            ("A20", "cbow", "cbow_hs_update", "one step of it"),
            ("A20", "cbow", "cbow_hs_word2vec", "one step as word2vec.c: no gradient"),
        )
    ),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = (
    *(
        composition(id, f"model/{name}", f"word2vec:{name}", f"word vectors by {summary}", *needs)
        for id, name, summary, needs in (
            (
                "A17",
                "skipgram_softmax",
                "skip-gram, full softmax",
                ("vectors/skipgram_softmax_update",),
            ),
            ("A18", "skipgram_hs", "skip-gram, Huffman tree", ("vectors/skipgram_hs_update",)),
            ("A19", "skipgram_ns", "skip-gram, noise words", ("vectors/skipgram_ns_update",)),
            (
                "A20",
                "cbow_ns",
                "CBOW, noise words",
                ("vectors/cbow_ns_update", "vectors/cbow_ns_word2vec"),
            ),
            (
                "A20",
                "cbow_hs",
                "CBOW, Huffman tree",
                ("vectors/cbow_hs_update", "vectors/cbow_hs_word2vec"),
            ),
        )
    ),
    composition(
        "A21",
        "model/glove",
        "glove:GloveTrainer",
        "word vectors by GloVe",
        "vectors/cooccurrence",
        "vectors/glove_update",
    ),
)
