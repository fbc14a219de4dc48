"""Look-ups, scatters, optimizers and word vectors on the device, broken where it is easily done."""

from cuda_mutant import CudaMutant

GATHER, ADAM, SGD = "embedding/gather", "optimizer/adam", "optimizer/sgd"
NOISE, TREE, CBOW = (f"vectors/{name}_update" for name in ("skipgram_ns", "skipgram_hs", "cbow_ns"))
GLOVE, STEP = "vectors/glove", "vectors/glove_update"
MUTANTS = [
    CudaMutant(
        "glove.cu", "ratio < T(1) ? power(ratio, alpha)", "true ? power(ratio, alpha)", GLOVE
    ),
    CudaMutant("glove.cu", "T(2) * factor * f", "factor * f", GLOVE),
    CudaMutant("glove.cu", "ids[order[place - 1]] == id", "false", STEP),
    CudaMutant("glove.cu", "square = squares[at] + g * g", "square = squares[at] + g", STEP),
    CudaMutant("embedding.cu", "(long long)ids[n] * E", "(long long)ids[n]", GATHER),
    CudaMutant("embedding.cu", "rows + n * E + e", "rows + n * E", GATHER),
    CudaMutant("scatter.cu", "row.at[i] += factor * sum", "row.at[i] = factor * sum", NOISE),
    CudaMutant("scatter.cu", "T(1) + damping * sum.extra", "T(1) + damping", NOISE),
    CudaMutant("optimizers.cu", "momentum * v.at[i] + g.at[i]", "g.at[i]", SGD),
    CudaMutant("optimizers.cu", "decay * w.at[i] -", "w.at[i] -", ADAM),
    CudaMutant("word_vectors.cu", "M && noise[m + lane] != target", "M", NOISE),
    CudaMutant("word_vectors.cu", "T(path_signs[path + turn]), T(1)", "T(1), T(1)", TREE),
    CudaMutant("word_vectors.cu", "T(1) / T(left[c] + right[c])", "T(1)", CBOW),
    CudaMutant("word_vectors.cu", "c == p || !chunk.reaches(c, p - c) :", "c == p :", NOISE),
]
