// SPDX-License-Identifier: Apache-2.0
// Exact selection of the k largest by a block, ties to the lowest index.
//
// Radix select: digits of eight bits, from the top of the value down and then of the index, which
// makes every item unique. Counts are integers, so nothing depends on the order of threads. Most
// selections end before the index's digits.
#pragma once
#include "sq_common.cuh"

// Unsigned numbers in the order of the floats; -0 is +0, NaN is below everything.
__device__ __forceinline__ unsigned int sq_order(float x) {
  if (x != x) return 0u;
  const unsigned int bits = __float_as_uint(x + 0.0f);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}
__device__ __forceinline__ unsigned long long sq_order(double x) {
  if (x != x) return 0ull;
  const unsigned long long bits = (unsigned long long)__double_as_longlong(x + 0.0);
  return bits >> 63 ? ~bits : bits | 0x8000000000000000ull;
}
template <typename T> struct SqOrdered;
template <> struct SqOrdered<float> {
  using type = unsigned int;
};
template <> struct SqOrdered<double> {
  using type = unsigned long long;
};

// An item: its value's order, and 2^32 - 1 minus its index.
template <typename Key> struct SqItem {
  Key value;
  unsigned int tie;
};

// What the k largest have in common: the decided upper bits of value and tie are at least these.
template <typename Key> struct SqThreshold {
  Key value, value_mask;
  unsigned int tie, tie_mask;
  __device__ __forceinline__ bool matches(SqItem<Key> x) const {
    return (x.value & value_mask) == value && (x.tie & tie_mask) == tie;
  }
  __device__ __forceinline__ bool reached(SqItem<Key> x) const {
    const Key upper = x.value & value_mask;
    return upper > value || (upper == value && (x.tie & tie_mask) >= tie);
  }
};

struct SqSelectShared {
  unsigned int counts[256];
  unsigned int digit, above, inside;
};

// counts[d]: matching items whose digit is d. A thread adds runs of equal digits at once: the first
// digits of near values are all the same.
template <typename Key, typename Items>
__device__ void sq_count_digits(SqSelectShared* shared, Items items, unsigned int count,
                                SqThreshold<Key> found, int shift, bool of_value) {
  unsigned int run = 0, current = 0;
  for (unsigned int i = threadIdx.x; i < count; i += blockDim.x) {
    const SqItem<Key> x = items(i);
    if (!found.matches(x)) continue;
    const unsigned int digit = (of_value ? (unsigned int)(x.value >> shift) : x.tie >> shift) & 255u;
    if (run > 0 && digit != current) {
      atomicAdd(&shared->counts[current], run);
      run = 0;
    }
    current = digit;
    run++;
  }
  if (run > 0) atomicAdd(&shared->counts[current], run);
}

// One warp: the digit in which the k-th largest lies, how many are above it and inside.
__device__ inline void sq_find_digit(SqSelectShared* shared, unsigned int k) {
  const int lane = threadIdx.x;
  unsigned int mine = 0;  // of the eight digits 255 - 8 lane downwards
  for (int j = 0; j < 8; j++) mine += shared->counts[255 - 8 * lane - j];
  unsigned int until = mine;  // inclusive
  for (int distance = 1; distance < SQ_WARP; distance *= 2) {
    const unsigned int left = __shfl_up_sync(SQ_FULL, until, distance);
    if (lane >= distance) until += left;
  }
  unsigned int above = until - mine;
  if (!(above < k && k <= until)) return;  // one lane goes on
  int digit = 255 - 8 * lane;
  while (above + shared->counts[digit] < k) above += shared->counts[digit--];
  shared->digit = digit;
  shared->above = above;
  shared->inside = shared->counts[digit];
}

// The threshold of the k largest of `count` items, 1 <= k <= count; items(i) is cheap and the same
// every time. All threads of the block call it and get it.
template <typename Key, typename Items>
__device__ SqThreshold<Key> sq_select(SqSelectShared* shared, Items items, unsigned int count,
                                      unsigned int k) {
  SqThreshold<Key> found = {0, 0, 0u, 0u};
  const int digits = sizeof(Key) + 4;
  for (int d = 0; d < digits; d++) {
    const bool of_value = d < int(sizeof(Key));
    const int shift = of_value ? 8 * (int(sizeof(Key)) - 1 - d) : 8 * (digits - 1 - d);
    for (int i = threadIdx.x; i < 256; i += blockDim.x) shared->counts[i] = 0;
    __syncthreads();
    sq_count_digits(shared, items, count, found, shift, of_value);
    __syncthreads();
    if (threadIdx.x < SQ_WARP) sq_find_digit(shared, k);
    __syncthreads();
    if (of_value) {
      found.value |= Key(shared->digit) << shift;
      found.value_mask |= Key(255) << shift;
    } else {
      found.tie |= shared->digit << shift;
      found.tie_mask |= 255u << shift;
    }
    k -= shared->above;
    if (k == shared->inside) break;  // all that match belong to it
  }
  return found;
}
