// SPDX-License-Identifier: Apache-2.0
// A04: cross-entropy from logits, forward and gradient in one visit to each row.
//
// Softmax (Bridle 1990; label smoothing: Szegedy et al. 2016, section 7). logits, d_logits (T*B, V);
// targets (T*B,) in [0, V) inside the lengths; lengths (B,); losses (T*B,), zero past the lengths.
// A block a row: the row stays in shared memory where it fits (`on_chip`), so that logits are read
// from global memory once and the gradient is written once. The maximum and the sum are taken
// together, by the online normaliser of Milakov & Gimelshein (2018).
//
// Binary (Cox 1958): logits, targets, losses, d_logits (T, B), a thread a step.
#include "sq_common.cuh"

// A maximum and the sum of exponentials below it.
template <typename T> struct Normaliser {
  T largest, sum;
};

template <typename T> __device__ Normaliser<T> merged(Normaliser<T> a, Normaliser<T> b) {
  const T largest = sq_max(a.largest, b.largest);
  if (largest == -sq_infinity<T>()) return {largest, T(0)};  // nothing on either side
  return {largest, a.sum * sq_exp(a.largest - largest) + b.sum * sq_exp(b.largest - largest)};
}

template <typename T> __device__ Normaliser<T> warp_normaliser(Normaliser<T> mine) {
  for (int distance = SQ_WARP / 2; distance > 0; distance /= 2)
    mine = merged(mine, Normaliser<T>{__shfl_xor_sync(SQ_FULL, mine.largest, distance),
                                      __shfl_xor_sync(SQ_FULL, mine.sum, distance)});
  return mine;
}

template <typename T> __device__ Normaliser<T> block_normaliser(Normaliser<T> mine) {
  __shared__ T largest[SQ_WARP], sum[SQ_WARP];
  const int lane = threadIdx.x % SQ_WARP, warp = threadIdx.x / SQ_WARP;
  mine = warp_normaliser(mine);
  if (lane == 0) {
    largest[warp] = mine.largest;
    sum[warp] = mine.sum;
  }
  __syncthreads();
  const bool used = lane < blockDim.x / SQ_WARP;
  return warp_normaliser(Normaliser<T>{used ? largest[lane] : -sq_infinity<T>(), used ? sum[lane] : T(0)});
}

template <typename T>
__global__ void softmax_cross_entropy(const T* __restrict__ logits, const int* __restrict__ targets,
                                      const int* __restrict__ lengths, T* __restrict__ losses,
                                      T* __restrict__ d_logits, const T* __restrict__ num_tokens, int B,
                                      int V, T smoothing, bool on_chip) {
  SQ_DYN_SHARED(T, kept);  // V logits where `on_chip`
  const int row = blockIdx.x;
  const long long start = (long long)row * V;
  if (row / B >= lengths[row % B]) {  // past the length: the whole block leaves
    if (threadIdx.x == 0) losses[row] = T(0);
    if (d_logits != nullptr)
      for (int v = threadIdx.x; v < V; v += blockDim.x) d_logits[start + v] = T(0);
    return;
  }
  Normaliser<T> mine = {-sq_infinity<T>(), T(0)};
  T total = T(0);  // of the logits, for label smoothing
  for (int v = threadIdx.x; v < V; v += blockDim.x) {
    const T x = logits[start + v];
    if (on_chip) kept[v] = x;  // read again by this thread alone
    mine = merged(mine, Normaliser<T>{x, T(1)});
    total += x;
  }
  mine = block_normaliser(mine);
  if (smoothing > T(0)) total = sq_block_reduce(total, SqAdd(), T(0));
  const T log_sum = mine.largest + sq_log(mine.sum);
  const int target = targets[row];
  if (threadIdx.x == 0) {
    const T expected = (T(1) - smoothing) * logits[start + target] + smoothing * (total / T(V));
    losses[row] = log_sum - expected;
  }
  if (d_logits == nullptr) return;
  const T scale = num_tokens != nullptr ? T(1) / num_tokens[0] : T(1);
  for (int v = threadIdx.x; v < V; v += blockDim.x) {
    const T x = on_chip ? kept[v] : logits[start + v];
    const T wanted = smoothing / T(V) + (v == target ? T(1) - smoothing : T(0));
    d_logits[start + v] = (sq_exp(x - mine.largest) / mine.sum - wanted) * scale;
  }
}

// losses and, where d_logits is given, its gradient.
template <typename T>
__global__ void binary_cross_entropy(const T* __restrict__ logits, const T* __restrict__ targets,
                                     const int* __restrict__ lengths, T* __restrict__ losses,
                                     T* __restrict__ d_logits, const T* __restrict__ num_tokens, int count,
                                     int B, T positive_weight) {
  const T scale = num_tokens != nullptr ? T(1) / num_tokens[0] : T(1);
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    if (i / B >= lengths[i % B]) {
      losses[i] = T(0);
      if (d_logits != nullptr) d_logits[i] = T(0);
      continue;
    }
    const T x = logits[i], y = targets[i];
    const T small = sq_exp(-sq_abs(x)), weight = T(1) + (positive_weight - T(1)) * y;
    const T negative_log_p = sq_log1p(small) + sq_max(-x, T(0));
    losses[i] = weight * negative_log_p + (T(1) - y) * x;  // -log(1 - p) = -log p + x
    if (d_logits != nullptr) d_logits[i] = (weight * (sq_sigmoid(x) - T(1)) + (T(1) - y)) * scale;
  }
}

// total (1,): the sum of `count` losses, over num_tokens where given. One block: deterministic.
template <typename T>
__global__ void reduce_losses(const T* __restrict__ losses, const T* __restrict__ num_tokens,
                              T* __restrict__ total, int count) {
  T sum = T(0);
  for (int i = threadIdx.x; i < count; i += blockDim.x) sum += losses[i];
  sum = sq_block_reduce(sum, SqAdd(), T(0));
  if (threadIdx.x == 0) total[0] = num_tokens != nullptr ? sum / num_tokens[0] : sum;
}

// num_tokens (1,): steps inside the lengths, at least 1 so that an empty batch costs 0. One warp.
template <typename T>
__global__ void count_tokens(const int* __restrict__ lengths, T* __restrict__ num_tokens, int B) {
  int sum = 0;
  for (int b = threadIdx.x; b < B; b += SQ_WARP) sum += lengths[b];
  sum = sq_warp_reduce(sum, SqAdd());
  if (threadIdx.x == 0) num_tokens[0] = T(sum > 1 ? sum : 1);
}

// scaled (rows, V) = d_logits times the upstream gradient: one number, or one a row where
// `per_row`; zero past the lengths whatever stands there.
template <typename T>
__global__ void scale_gradient(const T* __restrict__ d_logits, const T* __restrict__ d_loss,
                               const int* __restrict__ lengths, T* __restrict__ scaled, long long count,
                               int B, int V, bool per_row) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride) {
    const int row = int(i / V);
    const bool inside = row / B < lengths[row % B];
    scaled[i] = inside ? d_logits[i] * d_loss[per_row ? row : 0] : T(0);
  }
}
