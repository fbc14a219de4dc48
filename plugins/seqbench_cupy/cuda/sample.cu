// SPDX-License-Identifier: Apache-2.0
// A07, the next token drawn from the softmax: temperature, top-k, seeded.
//
// Inverse of the distribution function (Devroye 1986, section III.2) by a number of a Philox stream;
// top-k (Fan, Lewis & Dauphin 2018, section 5.1) by radix select. logits (B, V), a block a row;
// ids (B,). Weights and sums are double whatever the logits are, added in one fixed order: a warp
// sums segments of SQ_SEGMENT ids, then their sums are added from the left.
#include "sq_philox.cuh"
#include "sq_select.cuh"

constexpr int SQ_SEGMENT = 256;

// The largest logit and the lowest id that has it, in every thread.
template <typename T>
__device__ SqItem<typename SqOrdered<T>::type> row_largest(const T* x, int V) {
  using Key = typename SqOrdered<T>::type;
  __shared__ Key values[SQ_WARP];
  __shared__ unsigned int ties[SQ_WARP];
  const int lane = threadIdx.x % SQ_WARP, warp = threadIdx.x / SQ_WARP;
  SqItem<Key> best = {0, 0u};
  for (int v = threadIdx.x; v < V; v += blockDim.x) {
    const Key value = sq_order(x[v]);
    if (value > best.value || best.tie == 0) best = {value, ~(unsigned int)v};
  }
  for (int half = 0; half < 2; half++) {
    for (int distance = SQ_WARP / 2; distance > 0; distance /= 2) {
      const Key value = __shfl_xor_sync(SQ_FULL, best.value, distance);
      const unsigned int tie = __shfl_xor_sync(SQ_FULL, best.tie, distance);
      if (value > best.value || (value == best.value && tie > best.tie)) best = {value, tie};
    }
    if (half == 1) break;
    if (lane == 0) {
      values[warp] = best.value;
      ties[warp] = best.tie;
    }
    __syncthreads();
    best = lane < blockDim.x / SQ_WARP ? SqItem<Key>{values[lane], ties[lane]} : SqItem<Key>{0, 0u};
  }
  return best;
}

template <typename T>
__global__ void sample_largest(const T* __restrict__ logits, int* __restrict__ ids, int V) {
  const auto best = row_largest(logits + (long long)blockIdx.x * V, V);
  if (threadIdx.x == 0) ids[blockIdx.x] = int(~best.tie);
}

// What is drawn from: exp((x - largest) / temperature), nothing for what top-k leaves out.
template <typename T> struct Weights {
  const T* x;
  double largest, temperature;
  SqThreshold<typename SqOrdered<T>::type> kept;
  __device__ __forceinline__ double operator()(int v) const {
    if (!kept.reached({sq_order(x[v]), ~(unsigned int)v})) return 0.0;
    return exp((double(x[v]) - largest) / temperature);
  }
};

// Sums from the left of up to 32 weights, by lane.
__device__ __forceinline__ double warp_running(double mine) {
  const int lane = threadIdx.x % SQ_WARP;
  for (int distance = 1; distance < SQ_WARP; distance *= 2) {
    const double left = __shfl_up_sync(SQ_FULL, mine, distance);
    if (lane >= distance) mine += left;
  }
  return mine;
}

// One warp: the first id whose running sum exceeds the target, from where a segment starts with
// `running` before it; the last id with a weight where rounding left none.
template <typename W>
__device__ int first_past(W weight, int start, int end, double running, double target) {
  const int lane = threadIdx.x % SQ_WARP;
  int last = start;
  for (int first = start; first < end; first += SQ_WARP) {
    const double mine = first + lane < end ? weight(first + lane) : 0.0;
    const double until = running + warp_running(mine);
    const unsigned past = __ballot_sync(SQ_FULL, mine > 0.0 && until > target);
    if (past) return first + __ffs(past) - 1;
    const unsigned some = __ballot_sync(SQ_FULL, mine > 0.0);
    if (some) last = first + SQ_WARP - 1 - __clz(some);
    running = __shfl_sync(SQ_FULL, until, SQ_WARP - 1);
  }
  return last;
}

// Dynamic shared memory: a double a segment.
template <typename T>
__global__ void sample_drawn(const T* __restrict__ logits, int* __restrict__ ids, int V, double temperature,
                             int top_k, unsigned long long seed, unsigned long long stream,
                             unsigned long long offset) {
  SQ_DYN_SHARED(double, sums);
  using Key = typename SqOrdered<T>::type;
  __shared__ SqSelectShared select;
  const int lane = threadIdx.x % SQ_WARP, warp = threadIdx.x / SQ_WARP;
  const int segments = (V + SQ_SEGMENT - 1) / SQ_SEGMENT;
  const T* x = logits + (long long)blockIdx.x * V;
  const SqItem<Key> best = row_largest(x, V);
  Weights<T> weight = {x, double(x[int(~best.tie)]), temperature, {0, 0, 0u, 0u}};
  if (top_k < V) {
    auto items = [x](unsigned int v) { return SqItem<Key>{sq_order(x[v]), ~v}; };
    weight.kept = sq_select<Key>(&select, items, V, top_k);
  }
  for (int s = warp; s < segments; s += blockDim.x / SQ_WARP) {
    const int end = min(V, (s + 1) * SQ_SEGMENT);
    double sum = 0.0;
    for (int v = s * SQ_SEGMENT + lane; v < end; v += SQ_WARP) sum += weight(v);
    sum = sq_warp_reduce(sum, SqAdd());
    if (lane == 0) sums[s] = sum;
  }
  __syncthreads();
  if (warp > 0) return;
  double total = 0.0;  // every lane adds all: segments are few
  for (int s = 0; s < segments; s++) total += sums[s];
  const double drawn = sq_uniform_double(seed, stream, offset + blockIdx.x);
  double target = drawn * total;
  if (!(target < total))  // rounded up: the number before the total
    target = __longlong_as_double(__double_as_longlong(total) - 1);
  double running = 0.0;
  int s = 0;
  while (s < segments - 1 && !(running + sums[s] > target)) running += sums[s++];
  const int id = first_past(weight, s * SQ_SEGMENT, min(V, (s + 1) * SQ_SEGMENT), running, target);
  if (lane == 0) ids[blockIdx.x] = id;
}
