"""Look-ups, scatters, optimizers and word vectors on the device, broken where it is easily done."""

from cuda_mutant import CudaMutant

GATHER, ADAM, SGD = "embedding/gather", "optimizer/adam", "optimizer/sgd"
NOISE, TREE, CBOW = (f"vectors/{name}_update" for name in ("skipgram_ns", "skipgram_hs", "cbow_ns"))
SOFTMAX, SOFTMAX_STEP = "vectors/skipgram_softmax", "vectors/skipgram_softmax_update"
COUNTS = "vectors/cooccurrence"
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
    CudaMutant("scatter.cu", "if (id == before) sq_keep", "if (false) sq_keep", NOISE),
    CudaMutant("scatter.cu", "else if (id == after)", "else if (false)", NOISE),
    CudaMutant("scatter.cu", "if (id < 0) return;", "", TREE),
    CudaMutant("scatter.cu", "= sum;\n  __syncthreads();", "= sum;", NOISE),
    CudaMutant("scatter.cu", "u <= end_tile;", "u < end_tile;", NOISE),
    CudaMutant("skipgram_softmax.cu", "if (other < offset) return 0;", "", SOFTMAX),
    CudaMutant(
        "skipgram_softmax.cu",
        "  __syncthreads();\n  for (int offset",
        "  for (int offset",
        SOFTMAX,
    ),
    CudaMutant(
        "skipgram_softmax.cu", "  __syncthreads();  // the row was", "  // the row was", SOFTMAX
    ),
    CudaMutant("skipgram_softmax.cu", "mine += sq_abs(d_logits", "mine += (d_logits", SOFTMAX_STEP),
    CudaMutant("skipgram_softmax.cu", "= mine;\n  __syncthreads();", "= mine;", SOFTMAX_STEP),
    CudaMutant("cooccurrence.cu", "starts[middle] <= n", "starts[middle] < n", COUNTS),
    CudaMutant("cooccurrence.cu", "order[i] / N % W + 1", "order[i] % W + 1", COUNTS),
    CudaMutant("cooccurrence.cu", "key >= 0 && (", "(", COUNTS),
    CudaMutant("cooccurrence.cu", "begins[number[i]] = count", "begins[number[i]] = i", COUNTS),
]
