"""Training word vectors against gensim: a pass over the same corpus, words a CPU second.

gensim gets its best input, a file of sentences, and one worker; both start from fresh matrices and
are timed as a user meets them, vocabularies and tables made beforehand left out. Zipfian text of
the program's own making, so no data are needed. Equal quality is another question: experiment
word_vectors answers it on real text with the same settings.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from ratio_table import RatioRow

import seqbench
from seqbench.data.word_corpus import WordCorpus
from seqbench.kernels.word_vectors import VectorSettings

pytestmark = pytest.mark.peer("gensim")

TOKENS, WORDS, SENTENCE = 400_000, 20_000, 40
AT_MOST = {
    ("skipgram_ns", 100): 0.15,
    ("skipgram_ns", 300): 0.20,
    ("skipgram_hs", 100): 0.70,
    ("skipgram_hs", 300): 1.00,
    ("cbow_ns", 100): 0.50,
    ("cbow_ns", 300): 0.60,
}
CHUNK = {"skipgram_hs": 128}


@pytest.fixture(scope="module")
def corpus() -> WordCorpus:
    """Words with probability 1 / (rank + 10), as in English text."""
    rng = np.random.default_rng(0)
    shares = 1 / (np.arange(WORDS) + 10.0)
    drawn = rng.choice(WORDS, TOKENS, p=shares / shares.sum())
    counts = np.bincount(drawn, minlength=WORDS)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    ranks = np.zeros(WORDS, np.int32)
    ranks[order] = np.arange(len(order))
    starts = np.arange(0, TOKENS + 1, SENTENCE)
    none = np.zeros(0, np.int32)
    words = tuple(f"w{n}" for n in order)
    return WordCorpus(words, counts[order], ranks[drawn], starts, none, np.zeros(1, np.int64))


class InCpuSeconds:
    """Trains once; keeps CPU seconds of the updates alone, where the trainer reads its clock."""

    def __init__(self, backend, name, corpus, settings):
        self._trainer = seqbench.get("model", name, backend=backend)
        self._corpus, self._settings = corpus, settings
        self.impl = ""

    def __call__(self) -> float:
        clock, time.perf_counter = time.perf_counter, time.process_time
        try:
            trained = self._trainer.train(self._corpus, self._settings)
        finally:
            time.perf_counter = clock
        self.impl = trained.impl
        return trained.train_s


@pytest.mark.parametrize(("name", "size"), AT_MOST)
def test_one_pass(name, size, corpus, ratio_table, benchmark, peer, request):
    peer("gensim")
    settings = VectorSettings(
        size=size, epochs=1, update="word2vec", chunk=CHUNK.get(name, VectorSettings().chunk)
    )
    ours, theirs = (InCpuSeconds(b, name, corpus, settings) for b in ("numpy", "gensim"))
    rounds = max(3, request.config.getoption("--ratio-rounds") // 3)
    pairs = benchmark.pedantic(
        lambda: [(ours(), theirs()) for _ in range(rounds)], rounds=1, iterations=1
    )
    ours_s, peer_s = zip(*pairs, strict=True)
    row = RatioRow(
        group=f"{name} d={size}",
        size=f"{len(corpus)} words",
        ours=ours.impl,
        peer=theirs.impl,
        ours_s=ours_s,
        peer_s=peer_s,
    )
    ratio_table.rows.append(row)
    ratio_table.at_most[row.group] = AT_MOST[name, size]
    benchmark.extra_info["ratio"] = row.ratio
