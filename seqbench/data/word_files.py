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

DEBIAS = Source(
    "debias",
    "tolga-b/debiaswe, uclanlp/gn_glove and dccuchile/wefe on GitHub, commits "
    "6bb03ee2a0d7214339e513ca71cd0a99069dc29c, 7e0c7cabb67875bef76b0d3026846e1c2029c860 and "
    "1998132a3e809481a7456d952f7473d191990946; the 2445 most frequent words of Stanford's "
    "glove.6B.50d and the GoogleNews vectors of WEAT's words",
    "MIT, Apache-2.0, MIT; vectors PDDL 1.0",
)
DEBIAS_SHA256 = {
    "debias/SemBias.txt": ("7235254288be2cfaa0d1fa662dff2883e4cd5cb44e03d3d343b7a802790b015d"),
    "debias/WEAT.json": ("1a4a448a1825b29c67a7ebb7733343084b015f5b8ed720b2d9e193840a3d49a1"),
    "debias/definitional_pairs.json": (
        "f2387fdd4ae4d956083ee7594f1401b1ba112914d40a99bb61d481de73db9614"
    ),
    "debias/equalize_pairs.json": (
        "b6e7dda64461e7828f8d184a51216a87aefcfc2b726d3691aa15b7acc2a1994c"
    ),
    "debias/female_word_file.txt": (
        "5f0803f056de3fbc459589bce26272d3c5453112a3a625fb8ee99c0fbbed5b35"
    ),
    "debias/gender_specific_full.json": (
        "300068da1885e9dc8bf2235d987fd0cf5d0b08a6877a0a639ee0060a989bac1f"
    ),
    "debias/gender_specific_seed.json": (
        "9802a524c932d9f0b9b4ecd7ffc429a42d7f8dbe9cbe2020741f984255138958"
    ),
    "debias/glove.6B.50d.first2445.txt.gz": (
        "b11b57ca5348046421de81ae8acdcf335ac3494b216ea306c7cdf8841aa4d293"
    ),
    "debias/male_word_file.txt": (
        "d431679ce3ef4134647e22cb5fd89e8dbee3f04636f1c7cbae5f28a369acf60f"
    ),
    "debias/professions.json": ("32cc82c7761e7cfb14e37e06dc1aa9f758bc8441f79ca7288996d3fc7c24639a"),
    "debias/weat_googlenews_word2vec_347x300.txt.gz": (
        "f751fea8fe9527a6c2d83846c1c5c0240b0a6faf7aa19076cf1bb715500d7216"
    ),
}
