"""Embedded speech of a kind: words whose letters are sounds, in noise, from a seed.

A letter is 60 to 140 ms of its own chord or sweep: two partials that stay, rise or fall, with
jitter in pitch, length and loudness; a space is 40 to 80 ms without a sound. Noise lies over all of
it. Every draw is integer arithmetic on Philox's raw bits; sines are float64, rounded to 16 bits, so
that libraries whose sines differ in the last place give the same samples. A test holds the SHA-256.
"""

from __future__ import annotations

import math

import numpy as np

from seqbench.interfaces import UsageError

from .bits import Bits, Purpose, philox
from .speech import SpeechCorpus, SpeechSplit

SAMPLE_RATE = 8000
LETTERS = "aeioklmnst"
LABELS = (" ", *LETTERS)
WORDS = (
    "tale lion mitten oak salt kite nest metal lemon silk "
    "tent mask iota east noon stone meal tin alto moss"
).split()
MAX_WORDS = 3
NOISE = 0.02
FULL_SCALE = 32768


def load_tones(
    *,
    seed: int = 0,
    num_train: int | None = 600,
    num_valid: int | None = 60,
    num_test: int | None = 100,
    min_count: int = 1,
    max_length: int = 60,
    noise: float = NOISE,
    root: object = None,
) -> SpeechCorpus:
    """Utterances of 1 to 3 words; no file is read. Those of a smaller split are the first of a
    larger one. `min_count` and `max_length` speak of words and are not looked at.

    noise : standard deviation of the noise; a letter's loudest partial is 0.25 to 0.5

    Raises
    ------
    UsageError
        If a size is missing or below 1, or the noise is below 0 or no number.
    """
    if not 0 <= noise < math.inf:
        raise UsageError(f"tones: noise is {noise}, expected at least 0; {NOISE} is hardly heard")
    counts = {"train": num_train, "valid": num_valid, "test": num_test}
    splits = {}
    for index, (split, count) in enumerate(counts.items()):
        if count is None or count < 1:
            raise UsageError(
                f"tones: num_{split} is {count}, expected at least 1: generated data have no end"
            )
        made = [utterance(seed, index << 24 | number, noise) for number in range(count)]
        splits[split] = SpeechSplit(
            split,
            [signal for _, signal in made],
            [(number,) for number in range(count)],
            [text for text, _ in made],
        )
    return SpeechCorpus("tones", f"generated from seed {seed}", SAMPLE_RATE, LABELS, **splits)


def utterance(seed: int, index: int, level: float = NOISE) -> tuple[str, np.ndarray]:
    """The text and the samples (n,) float32 of one utterance."""
    bits = Bits(seed, Purpose.TONES, 2 * index)
    text = " ".join(WORDS[bits.below(len(WORDS))] for _ in range(1 + bits.below(MAX_WORDS)))
    parts = [np.zeros(320 + bits.below(320))]
    parts += [sound(letter, bits) for letter in text]
    parts.append(np.zeros(320 + bits.below(320)))
    clean = np.concatenate(parts)
    generator = philox(seed, Purpose.TONES, 2 * index + 1)
    return text, quantised(clean + noise(generator, clean.size, level))


def sound(letter: str, bits: Bits) -> np.ndarray:
    """(n,) float64: what a letter sounds like, this time."""
    if letter == " ":
        return np.zeros(320 + bits.below(320))
    number = LETTERS.index(letter)
    samples = 480 + bits.below(640)
    base = 300 + 150 * number + bits.below(60)  # Hz
    bend = (number % 3 - 1) * (200 + bits.below(100))  # Hz over the sound
    loudness = (50 + bits.below(50)) / 200
    return loudness * (partial(base, bend, samples) + 0.5 * partial(2 * base, bend, samples))


def partial(hertz: int, bend: int, samples: int) -> np.ndarray:
    """A sine whose pitch goes from hertz to hertz + bend, fading in and out."""
    n = np.arange(samples)
    cycles = (hertz * n + bend * n * n / (2 * samples)) / SAMPLE_RATE
    return np.sin(2 * math.pi * cycles) * np.sin(math.pi * (n + 0.5) / samples)


def noise(generator: np.random.Philox, count: int, level: float) -> np.ndarray:
    """(n,) float64: sums of four uniform numbers, nearly normal, of standard deviation `level`."""
    raw = (generator.random_raw(4 * count) >> np.uint64(40)).astype(np.float64) / (1 << 24)
    return (raw.reshape(count, 4).sum(axis=1) - 2) * (level * math.sqrt(3))


def quantised(samples: np.ndarray) -> np.ndarray:
    """Rounded to 16 bits, float32 in [-1, 1)."""
    steps = np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return (steps / FULL_SCALE).astype(np.float32)
