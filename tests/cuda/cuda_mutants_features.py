"""Spectrograms and BLEU counts on the device, broken at places that are easily got wrong."""

from cuda_mutant import CudaMutant

STFT, LOG_MEL, BLEU = "feature/stft", "feature/log_mel", "metric/bleu_stats"
MUTANTS = [
    CudaMutant(
        "features.cu",
        "y[3 * step] = (even_less + turned)",
        "y[3 * step] = (even_less - turned)",
        STFT,
    ),
    CudaMutant("features.cu", "y[step] = x[0] - x[1];", "y[step] = x[1] - x[0];", STFT),
    CudaMutant("features.cu", "b = z[(M - k) % M]", "b = z[k % M]", STFT),
    CudaMutant("features.cu", "place < 0 ? -place : place", "place < 0 ? -place - 1 : place", STFT),
    CudaMutant("features.cu", "end = k + 1", "end = k", LOG_MEL),
    CudaMutant("features.cu", "z == buffer ? buffer + M : buffer", "buffer", LOG_MEL),
    CudaMutant("bleu.cu", "earlier >= occurrences", "earlier > occurrences", BLEU),
    CudaMutant(
        "bleu.cu",
        "gap == best_gap && candidate < best",
        "gap == best_gap && candidate > best",
        BLEU,
    ),
    CudaMutant("bleu.cu", "- n + 1;", "- n;", BLEU),
]
