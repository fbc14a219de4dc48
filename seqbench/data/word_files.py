"""The files of the word-vector data sets: checksums, origins, licences; imports no NumPy."""

from __future__ import annotations

from .checked_files import Source

SIMILARITY = Source(
    "word_similarity",
    "mfaruqui/eval-word-vectors on GitHub, data/word-sim, commit "
    "94b3dd9fdbac7ed08dbee7179cd5ee464acf0594",
    "the data's authors'",
)
SIMILARITY_SHA256 = {
    "word_similarity/EN-MC-30.txt": (
        "33ee05911496ff83d95cac351d0746c6f63b9181b605cb7d307f4daa8864511b"
    ),
    "word_similarity/EN-RG-65.txt": (
        "c243f3a91c3f5d8cf67f21a67f6fb80bde8b6bb060851a6a48e6f2d68ec98c9f"
    ),
    "word_similarity/EN-WS-353-ALL.txt": (
        "ce12919b240af45bdf46d243601eaca2b6212b159b5e7e9b435ee7ee40c5619c"
    ),
    "word_similarity/EN-WS-353-REL.txt": (
        "66a7c88100624d0a391605ff61ce84e11d11ee620d51ec0298da49592838f8fa"
    ),
    "word_similarity/EN-WS-353-SIM.txt": (
        "f1da938998863c94e53f72f984a5c6e215f0b46c323aae8f0f4930703a339107"
    ),
}

ANALOGIES = Source(
    "word_analogies",
    "tmikolov/word2vec on GitHub, questions-words.txt, commit "
    "20c129af10659f7c50e86e3be406df663beff438, seven of its sections",
    "Apache-2.0",
)
ANALOGIES_SHA256 = {
    "word_analogies/questions-words.dev-sections.txt": (
        "5ee5128e59e212219d74f416632701f811ecac07abeab04cb4cdf2acf71b9421"
    )
}
