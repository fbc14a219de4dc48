"""Attention on the device, each kernel broken at places that are easily got wrong."""

from cuda_mutant import CudaMutant

ADDITIVE, DOT, GENERAL = "attention/additive", "attention/dot", "attention/general"
DECODER_RNN, DECODER_LSTM = "attention/decoder_rnn", "attention/decoder_lstm"
MUTANTS = [
    CudaMutant("attention.cu", "v * (T(1) - T(2) * s)", "v * (T(1) - s)", ADDITIVE),
    CudaMutant("attention.cu", "if (j < length)\n", "", ADDITIVE),
    CudaMutant("attention.cu", "(d_scores[row + j] - mean)", "d_scores[row + j]", DOT),
    CudaMutant("attention.cu", "if (d_weights != nullptr) sum +=", "if (false) sum +=", GENERAL),
    CudaMutant("attention.cu", "sums[i] += weights[row * Tx + first + i] * d", "sums[i] += d", DOT),
    CudaMutant("attention.cu", "i < here && first + i < length", "i < here", ADDITIVE),
    CudaMutant("attention.cu", "d_score * pair.template score", "pair.template score", ADDITIVE),
    CudaMutant(
        "attention.cu", "row / B < lengths[row % B]", "row / B <= lengths[row % B]", DECODER_LSTM
    ),
    CudaMutant("cells.cu", "t = clock[0] + offset;", "t = clock[0];", DECODER_RNN),
]
