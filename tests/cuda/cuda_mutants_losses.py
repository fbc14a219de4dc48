"""Losses on the device, each broken at places that are easily got wrong."""

from cuda_mutant import CudaMutant

SOFTMAX, BINARY = "loss/softmax_cross_entropy", "loss/binary_cross_entropy"
MUTANTS = [
    CudaMutant("losses.cu", "a.sum * sq_exp(a.largest - largest)", "a.sum", SOFTMAX),
    CudaMutant(
        "losses.cu", "row / B >= lengths[row % B]) {", "row / B > lengths[row % B]) {", SOFTMAX
    ),
    CudaMutant("losses.cu", "smoothing / T(V) + (v == target", "(v == target", SOFTMAX),
    CudaMutant("losses.cu", "T(sum > 1 ? sum : 1)", "T(sum)", SOFTMAX),
    CudaMutant("losses.cu", "d_loss[per_row ? row : 0]", "d_loss[0]", SOFTMAX),
    CudaMutant("losses.cu", "sq_max(-x, T(0))", "sq_max(x, T(0))", BINARY),
    CudaMutant("losses.cu", "(T(1) - y)) * scale", "(T(1) - y))", BINARY),
]
