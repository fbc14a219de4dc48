// SPDX-License-Identifier: Apache-2.0
// W neighbours of an array in one load or store: 16 bytes where W * sizeof(T) is 16. The host gives
// W > 1 only where every address is a multiple of that (`pack_width`).
#pragma once
#include "sq_common.cuh"

template <typename T, int W> struct alignas(sizeof(T) * W) SqPack {
  T at[W];
};

template <int W, typename T> __device__ __forceinline__ SqPack<T, W> sq_load(const T* from) {
  return *reinterpret_cast<const SqPack<T, W>*>(from);
}

template <int W, typename T> __device__ __forceinline__ void sq_store(T* to, SqPack<T, W> pack) {
  *reinterpret_cast<SqPack<T, W>*>(to) = pack;
}

template <typename T, int W> __device__ __forceinline__ SqPack<T, W> sq_zeros() {
  SqPack<T, W> made;
#pragma unroll
  for (int i = 0; i < W; ++i) made.at[i] = T(0);
  return made;
}

template <typename T, int W>
__device__ __forceinline__ void sq_add(SqPack<T, W>& sum, const SqPack<T, W>& more) {
#pragma unroll
  for (int i = 0; i < W; ++i) sum.at[i] += more.at[i];
}
