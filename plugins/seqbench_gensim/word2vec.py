"""A18 to A20 as gensim trains them: one worker, its fastest input (a file of sentences).

What is trained is the corpus as it is: ids stand for words, their counts make the vocabulary, so
rows, noise distribution and subsampling are those of the corpus. gensim numbers words of one count
as it likes; the rows are put back in order. It updates after every pair (skip-gram) or position.
"""

from __future__ import annotations

import functools
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from gensim.models import Word2Vec
from gensim.models.callbacks import CallbackAny2Vec

from seqbench.interfaces import Kernels, UnsupportedError
from seqbench.kernels.word_vectors import (
    Report,
    TokenCorpus,
    TrainedVectors,
    VectorSettings,
    check_corpus,
)

MAX_SENTENCE = 10_000
"""Words of a sentence that gensim reads; what is longer would be cut in silence."""


class GensimTrainer:
    """Behind the interface of `seqbench.models.word2vec.WordVectorTrainer`."""

    def __init__(self, kernels: Kernels, *, name: str) -> None:
        self._name = name
        self._sg = int(name.startswith("skipgram"))
        self._hs = int(name.endswith("_hs"))

    def train(
        self,
        corpus: TokenCorpus,
        settings: VectorSettings,
        *,
        seed: int = 0,
        report: Report = lambda done, told: None,
    ) -> TrainedVectors:
        """Vectors of a corpus. Raises as ours does, and UnsupportedError for what gensim lacks."""
        settings.check()
        check_corpus(corpus)
        self._require_served(corpus, settings)
        model = self._model(corpus, settings, seed)
        with tempfile.TemporaryDirectory(prefix="seqbench-gensim-") as folder:
            path = Path(folder) / "corpus.txt"
            write_sentences(path, corpus)
            started = time.perf_counter()
            model.train(
                corpus_file=str(path),
                total_words=len(corpus.ids),
                total_examples=len(corpus.starts) - 1,
                epochs=settings.epochs,
                callbacks=[_Told(report, settings.epochs)],
            )
            train_s = time.perf_counter() - started
        return self._trained(model, corpus, settings, train_s)

    def _require_served(self, corpus: TokenCorpus, settings: VectorSettings) -> None:
        reason = ""
        if settings.dtype != "float32":
            reason = f"dtype is {settings.dtype}, expected float32"
        elif settings.subsampling == "paper":
            reason = "subsampling is 'paper', expected 'word2vec.c' or 'none'"
        elif not self._sg and settings.update != "word2vec":
            reason = f"update of CBOW is {settings.update!r}, expected 'word2vec'"
        elif int((corpus.starts[1:] - corpus.starts[:-1]).max()) > MAX_SENTENCE:
            reason = f"a sentence is longer than {MAX_SENTENCE} words, which gensim would cut"
        if reason:
            raise UnsupportedError(f"gensim.{self._name}: {reason}; gensim has no other")

    def _model(self, corpus: TokenCorpus, settings: VectorSettings, seed: int) -> Any:
        model = Word2Vec(
            vector_size=settings.size,
            window=settings.window,
            shrink_windows=settings.shrink_window,
            min_count=1,
            sg=self._sg,
            hs=self._hs,
            negative=0 if self._hs else settings.num_negatives,
            ns_exponent=settings.noise_power,
            sample=0.0 if settings.subsampling == "none" else settings.threshold,
            alpha=settings.learning_rate,
            min_alpha=settings.final_learning_rate,
            epochs=settings.epochs,
            workers=1,
            seed=seed + 1,  # 0 would be no seed
        )
        frequencies = {str(word): int(count) for word, count in enumerate(corpus.counts)}
        model.build_vocab_from_freq(frequencies, corpus_count=len(corpus.starts) - 1)
        return model

    def _trained(
        self, model: Any, corpus: TokenCorpus, settings: VectorSettings, train_s: float
    ) -> TrainedVectors:
        places = model.wv.key_to_index
        order = np.array([places[str(word)] for word in range(len(corpus.counts))])
        weight_out = model.syn1[: max(len(order) - 1, 1)] if self._hs else model.syn1neg[order]
        return TrainedVectors(
            weight_in=model.wv.vectors[order],
            weight_out=np.array(weight_out),
            tokens=settings.epochs * len(corpus.ids),
            train_s=train_s,
            impl=f"gensim.{self._name}",
            tree=tree_of(model, order) if self._hs else None,
        )


def tree_of(model: Any, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """gensim's own Huffman tree as path_nodes and path_signs: it numbers inner nodes its way."""
    points = [model.wv.get_vecattr(int(place), "point") for place in order]
    codes = [model.wv.get_vecattr(int(place), "code") for place in order]
    longest = max(1, *(len(code) for code in codes))
    nodes = np.zeros((len(order), longest), np.int32)
    signs = np.zeros((len(order), longest), np.int8)
    for row, (point, code) in enumerate(zip(points, codes, strict=True)):
        nodes[row, : len(code)] = point[: len(code)]
        signs[row, : len(code)] = 1 - 2 * code.astype(np.int8)  # a code of 0 is what it predicts
    return nodes, signs


class _Told(CallbackAny2Vec):
    """Progress by epoch: gensim tells nothing in between to one who trains on a file."""

    def __init__(self, report: Report, epochs: int) -> None:
        self._report, self._epochs, self._done = report, epochs, 0

    def on_epoch_end(self, model: Any) -> None:
        self._done += 1
        self._report(self._done / self._epochs, f"epoch {self._done}")


def write_sentences(path: Path, corpus: TokenCorpus) -> None:
    """A sentence a line, ids as words: gensim's LineSentence format."""
    words = [str(word) for word in range(len(corpus.counts))]
    ids = corpus.ids.tolist()
    with path.open("w") as file:
        for begin, end in zip(corpus.starts[:-1], corpus.starts[1:], strict=True):
            file.write(" ".join([words[n] for n in ids[begin:end]]) + "\n")


skipgram_ns = functools.partial(GensimTrainer, name="skipgram_ns")
skipgram_hs = functools.partial(GensimTrainer, name="skipgram_hs")
cbow_ns = functools.partial(GensimTrainer, name="cbow_ns")
cbow_hs = functools.partial(GensimTrainer, name="cbow_hs")
