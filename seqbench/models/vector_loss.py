"""How well word vectors predict words they were not trained on: the objective on held-out text.

Every trainer is held to the same sum: full windows, no token dropped, K noise words a position of
its own, drawn from one fixed seed. With a Huffman tree the loss is the exact -log p.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from seqbench.data.huffman import huffman_tree
from seqbench.data.word_corpus import WordCorpus
from seqbench.interfaces import DataError, Kernels
from seqbench.kernels import word_sampling as sampling
from seqbench.kernels._word_vectors import NegativeChunk, SoftmaxChunk, TreeChunk, VectorParams
from seqbench.kernels.word_vectors import TrainedVectors, VectorSettings

CHUNK = 500
NOISE_SEED = 20130916
DTYPE = "float64"


def held_out_loss(
    kernels: Kernels,
    name: str,
    corpus: WordCorpus,
    trained: TrainedVectors,
    settings: VectorSettings,
    *,
    max_tokens: int | None = None,
) -> float:
    """Nats an example (a pair for skip-gram, a position for CBOW) of `vectors/<name>`, float64.

    Over the first `max_tokens` held-out tokens, None for all. DataError where they have no pair.
    """
    ids, left, right = _windows(corpus, settings.window, max_tokens)
    pairs = (left + right) if name.startswith("skipgram") else (left + right > 0)
    if not pairs.sum():
        raise DataError(
            f"held_out_loss: {len(ids)} held-out tokens have no pair, expected some; hold out more "
            "sentences (dataset.options.held_out_every)"
        )
    impl, device = kernels.get("vectors", name), kernels.backend.to_device
    params = VectorParams(
        device(trained.weight_in.astype(DTYPE)), device(trained.weight_out.astype(DTYPE))
    )
    total, plan = 0.0, None
    for chunk in _chunks(name, corpus, trained, settings, ids, left, right, device):
        if plan is None:
            dims = impl.contract.dims(params, chunk)
            plan = impl.plan(dims._replace(N=CHUNK + 2 * settings.window), DTYPE)
            plan.load(params)
        total += float(kernels.backend.to_host(plan.forward(chunk).loss))
    return total / float(pairs.sum())


def held_out_log_loss(
    kernels: Kernels,
    name: str,
    corpus: WordCorpus,
    trained: TrainedVectors,
    settings: VectorSettings,
    *,
    max_tokens: int | None = None,
) -> float:
    """-log p(context word | word) in nats a pair, of any skip-gram: one scale for all of them.

    A tree gives p exactly. Scores that were trained with noise words are taken through the full
    softmax: they were never asked to be normalised, so this flatters them, or not.
    """
    exact = name if name.endswith("_hs") else "skipgram_softmax"
    return held_out_loss(kernels, exact, corpus, trained, settings, max_tokens=max_tokens)


def _windows(
    corpus: WordCorpus, window: int, max_tokens: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Held-out ids with the context words on each side of them, inside their sentence."""
    ids = corpus.held_out_ids[:max_tokens]
    starts = np.minimum(corpus.held_out_starts, len(ids))
    place = np.arange(len(ids))
    sentence = np.searchsorted(starts, place, side="right")
    left = np.minimum(window, place - starts[sentence - 1])
    right = np.minimum(window, starts[sentence] - 1 - place)
    return ids, left.astype(np.int32), right.astype(np.int32)


def _chunks(
    name: str,
    corpus: WordCorpus,
    trained: TrainedVectors,
    settings: VectorSettings,
    ids: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    device: Any,
) -> Iterator[Any]:
    """CHUNK positions each, with R neighbours that are context only."""
    R = settings.window
    make = _maker(name, corpus, trained, settings, device)
    for first in range(0, len(ids), CHUNK):
        low, high = max(first - R, 0), min(first + CHUNK + R, len(ids))
        sides = [side[low:high].copy() for side in (left, right)]
        for side in sides:
            side[: first - low] = 0
            side[first + CHUNK - low :] = 0
        yield make(low, *(device(a) for a in (ids[low:high], *sides)))


def _maker(
    name: str, corpus: WordCorpus, trained: TrainedVectors, settings: VectorSettings, device: Any
) -> Any:
    """(place of the first token, ids, left, right) -> chunk."""
    R, K = settings.window, settings.num_negatives
    if name.endswith("_ns"):
        probabilities = sampling.noise_probabilities(corpus.counts, settings.noise_power, xp=np)
        table = sampling.noise_table(probabilities, xp=np)

        def noisy(low: int, ids: Any, left: Any, right: Any) -> NegativeChunk:
            drawn = sampling.draw_noise(
                table,
                seed=NOISE_SEED,
                stream=0,
                start=K * low,
                count=K * len(ids),
                xp=np,
            )
            return NegativeChunk(ids, left, right, device(drawn.reshape(-1, K)), R, 1, K)

        return noisy
    if name.endswith("_hs"):
        tree = trained.tree or _own_tree(corpus)
        nodes, signs = (device(a) for a in tree)
        return lambda low, ids, left, right: TreeChunk(ids, left, right, nodes, signs, R)
    return lambda low, ids, left, right: SoftmaxChunk(ids, left, right, R)


def _own_tree(corpus: WordCorpus) -> tuple[np.ndarray, np.ndarray]:
    tree = huffman_tree(corpus.counts)
    return tree.nodes, tree.signs
