"""Plain English to train word vectors on: the beginning of text8, the Brown corpus, or both.

text8 is one line of lower-case letters, cut here into pieces. Brown is a sentence a line; its
tokens are lowered and those without a letter left out, so that both are alike.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from seqbench.interfaces import UsageError

from .checked_files import checked_file
from .plain_text_files import BROWN, SHA256, TEXT8
from .root import data_root
from .text_files import read_sentences
from .word_corpus import HELD_OUT_EVERY, WordCorpus, word_corpus

Root = str | os.PathLike[str] | None
Sentences = list[Sequence[str]]


def text8_sentences(root: Root, max_length: int) -> Sentences:
    """text8's beginning in pieces of `max_length` words."""
    path = checked_file(data_root(root), TEXT8.file, SHA256[TEXT8.file], TEXT8.source)
    (words,) = read_sentences(path)
    return [words[n : n + max_length] for n in range(0, len(words), max_length)]


def brown_sentences(root: Root, max_length: int) -> Sentences:
    """Brown's sentences in file order, cut to `max_length` words."""
    path = checked_file(data_root(root), BROWN.file, SHA256[BROWN.file], BROWN.source)
    found: Sentences = []
    for tokens in read_sentences(path):
        words = [t.lower() for t in tokens if any(c.isalpha() for c in t)]
        found.append(words[:max_length])
    return found


def load_text8_prefix(**options: object) -> WordCorpus:
    """1.17 M words of Wikipedia. Options: see `load_plain_text`."""
    return load_plain_text(text8_sentences, **options)  # type: ignore[arg-type]


def load_brown(**options: object) -> WordCorpus:
    """1.16 M tokens of 1961's prose. Options: see `load_plain_text`."""
    return load_plain_text(brown_sentences, **options)  # type: ignore[arg-type]


def load_text8_brown(**options: object) -> WordCorpus:
    """Both, text8 first. Options: see `load_plain_text`."""
    return load_plain_text(text8_sentences, brown_sentences, **options)  # type: ignore[arg-type]


def load_plain_text(
    *readers: Callable[[Root, int], Sentences],
    root: Root = None,
    seed: int = 0,
    num_train: int | None = None,
    num_valid: int | None = None,
    num_test: int | None = None,
    min_count: int = 5,
    max_length: int = 1000,
    held_out_every: int | None = HELD_OUT_EVERY,
) -> WordCorpus:
    """A corpus with every `held_out_every`-th sentence held out.

    num_train : the first that many sentences of each text, held-out ones among them; None: all
    max_length : words of a sentence; a longer one of Brown is cut, text8 is cut into such pieces
    seed : of no effect, nothing is drawn; num_valid, num_test : null, see held_out_every

    Raises
    ------
    DataError
        If a file is missing, damaged or another version.
    UsageError
        If num_valid or num_test is given, or max_length leaves no pair.
    """
    if num_valid is not None or num_test is not None:
        raise UsageError(
            f"plain text: num_valid is {num_valid} and num_test {num_test}, expected null; "
            "options.held_out_every says how much is held out"
        )
    if max_length < 2:
        raise UsageError(f"plain text: max_length is {max_length}, expected at least 2 words")
    sentences = [s for read in readers for s in read(root, max_length)[:num_train]]
    return word_corpus(sentences, min_count=min_count, held_out_every=held_out_every)
