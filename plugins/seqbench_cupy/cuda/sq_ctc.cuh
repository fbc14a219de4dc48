// SPDX-License-Identifier: Apache-2.0
// What CTC's loss and prefix beam search share: the log-sum-exp of every frame.
#pragma once
#include "sq_common.cuh"

// log_sums (T*B,): a warp a row, eight rows a block; rows past the lengths are left alone.
template <typename T>
__global__ void ctc_normalise(const T* __restrict__ logits, const int* __restrict__ lengths,
                              double* __restrict__ log_sums, int rows, int B, int V) {
  const int lane = threadIdx.x % SQ_WARP;
  const int row = blockIdx.x * (blockDim.x / SQ_WARP) + threadIdx.x / SQ_WARP;
  if (row >= rows || row / B >= lengths[row % B]) return;
  const T* x = logits + (long long)row * V;
  T largest = -sq_infinity<T>();
  for (int v = lane; v < V; v += SQ_WARP) largest = sq_max(x[v], largest);
  largest = sq_warp_reduce(largest, SqMax());
  double sum = 0.0;
  for (int v = lane; v < V; v += SQ_WARP) sum += double(sq_exp(x[v] - largest));
  sum = sq_warp_reduce(sum, SqAdd());
  if (lane == 0) log_sums[row] = double(largest) + log(sum);
}
