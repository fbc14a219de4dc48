// SPDX-License-Identifier: Apache-2.0
// A21's counts (Pennington et al. 2014, section 4.2): pairs of words up to W apart in a sentence,
// 1 / distance each. Every pair gets a key; equal keys stand together after a sort and are summed.
//
// ids (N,) in [0, V); starts (S,), where sentences begin and the last ends, from 0 to N. keys
// (sides W N,): place (d - 1) N + n is the pair of n and n + d as the right word's row, W N further
// on the left word's where `symmetric`; row V + column, -1 where the sentence ends between. order
// sorts keys, stable. A thread a place, but for the sums.
#include "sq_common.cuh"

// The end of the sentence that position n is in.
__device__ long long sentence_end(const long long* starts, long long S, long long n) {
  long long at_most = 0, beyond = S - 1;  // starts[0] = 0 <= n < starts[S - 1] = N
  while (beyond - at_most > 1) {
    const long long middle = at_most + (beyond - at_most) / 2;
    if (starts[middle] <= n) at_most = middle;
    else beyond = middle;
  }
  return starts[beyond];
}

__global__ void pair_keys(const int* __restrict__ ids, const long long* __restrict__ starts,
                          long long* __restrict__ keys, long long N, long long S, long long V, int W,
                          bool symmetric) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long n = blockIdx.x * (long long)blockDim.x + threadIdx.x; n < N; n += stride) {
    const long long end = sentence_end(starts, S, n), word = ids[n];
    for (int d = 1; d <= W; ++d) {
      const bool inside = n + d < end;
      const long long other = inside ? ids[n + d] : 0, place = (d - 1) * N + n;
      keys[place] = inside ? other * V + word : -1;
      if (symmetric) keys[W * N + place] = inside ? word * V + other : -1;
    }
  }
}

// heads (count,): 1 where a pair stands first in the order.
__global__ void pair_heads(const long long* __restrict__ keys, const long long* __restrict__ order,
                           int* __restrict__ heads, long long count) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride) {
    const long long key = keys[order[i]];
    heads[i] = key >= 0 && (i == 0 || keys[order[i - 1]] != key);
  }
}

// begins (P + 1,): where each pair begins in the order, and the end of the last; rows, columns (P,).
// number (count,) counts heads up to and with each place.
__global__ void pair_begins(const long long* __restrict__ keys, const long long* __restrict__ order,
                            const int* __restrict__ heads, const long long* __restrict__ number,
                            long long* __restrict__ begins, int* __restrict__ rows,
                            int* __restrict__ columns, long long count, long long V) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride) {
    if (i == count - 1) begins[number[i]] = count;
    if (heads[i] == 0) continue;
    const long long pair = number[i] - 1, key = keys[order[i]];
    begins[pair] = i;
    rows[pair] = int(key / V);
    columns[pair] = int(key % V);
  }
}

// counts (P,): a warp a pair. The sum of a pair is always taken in the same order.
__global__ void pair_counts(const long long* __restrict__ order, const long long* __restrict__ begins,
                            double* __restrict__ counts, long long P, long long N, int W, bool weighted) {
  const long long pair = blockIdx.x * (long long)(blockDim.x / SQ_WARP) + threadIdx.x / SQ_WARP;
  if (pair >= P) return;  // a whole warp
  const int lane = threadIdx.x % SQ_WARP;
  double sum = 0;
  for (long long i = begins[pair] + lane; i < begins[pair + 1]; i += SQ_WARP) {
    const long long distance = order[i] / N % W + 1;
    sum += weighted ? 1.0 / double(distance) : 1.0;
  }
  sum = sq_warp_reduce(sum, SqAdd());
  if (lane == 0) counts[pair] = sum;
}
