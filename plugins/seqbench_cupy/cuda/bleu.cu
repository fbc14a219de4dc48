// SPDX-License-Identifier: Apache-2.0
// A32: clipped n-gram matches, totals and lengths a sentence (Papineni et al. 2002, section 2.1).
//
// hypotheses (N, L), references (R, N, L2), ids of at least 0; hypothesis_lengths (N,),
// reference_lengths (R, N), -1 where there is none; matches, totals (N, orders) and both lengths
// (N,) int64. A block a sentence, its threads along the positions of the hypothesis; no hashing:
// n-grams are compared where they stand, and most comparisons end at the first word.
#include "sq_common.cuh"

// Whether the n words at a and b are the same.
__device__ __forceinline__ bool same_words(const int* a, const int* b, int n) {
  for (int k = 0; k < n; ++k)
    if (a[k] != b[k]) return false;
  return true;
}

// How often the n words at `gram` begin in the first `starts` positions of `words`.
__device__ int occurrences(const int* gram, const int* words, int starts, int n) {
  int count = 0;
  for (int j = 0; j < starts; ++j) count += same_words(gram, words + j, n);
  return count;
}

// blockDim.x a multiple of 32. The r-th occurrence of an n-gram (r from 0) matches if some reference
// holds it more than r times: summed, that is min(count, largest reference count) of each n-gram.
extern "C" __global__ void bleu_stats(const int* __restrict__ hypotheses,
                                      const int* __restrict__ hypothesis_lengths,
                                      const int* __restrict__ references,
                                      const int* __restrict__ reference_lengths, long long* __restrict__ matches,
                                      long long* __restrict__ totals, long long* __restrict__ lengths,
                                      long long* __restrict__ closest, int N, int L, int R, int L2, int orders) {
  const int s = blockIdx.x, length = hypothesis_lengths[s];
  const int* words = hypotheses + (long long)s * L;
  for (int n = 1; n <= orders; ++n) {
    int found = 0;
    for (int i = threadIdx.x; i <= length - n; i += blockDim.x) {
      const int earlier = occurrences(words + i, words, i, n);
      bool clipped = true;
      for (int r = 0; r < R && clipped; ++r) {
        const int* reference = references + ((long long)r * N + s) * L2;
        const int starts = reference_lengths[(long long)r * N + s] - n + 1;
        clipped = earlier >= occurrences(words + i, reference, starts, n);
      }
      found += !clipped;
    }
    found = sq_block_reduce(found, SqAdd(), 0);
    if (threadIdx.x == 0) {
      matches[(long long)s * orders + n - 1] = found;
      totals[(long long)s * orders + n - 1] = max(length - n + 1, 0);
    }
  }
  if (threadIdx.x != 0) return;
  int best = -1;  // the nearest length, ties to the shorter
  for (int r = 0; r < R; ++r) {
    const int candidate = reference_lengths[(long long)r * N + s];
    if (candidate < 0) continue;
    const int gap = abs(candidate - length), best_gap = abs(best - length);
    if (best < 0 || gap < best_gap || (gap == best_gap && candidate < best)) best = candidate;
  }
  lengths[s] = length;
  closest[s] = best;
}
