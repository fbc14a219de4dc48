// SPDX-License-Identifier: Apache-2.0
// A15 (Bengio et al. 2003, section 2): rows of a matrix by id, and rows added to rows by id.
//
// weight, out (V, E); ids (N,) in [0, V), checked before the launch; rows (N, E), row-major.
// A thread an element: neighbours in a warp read and write neighbours of a row.
#include "sq_common.cuh"

template <typename T>
__global__ void gather(const T* __restrict__ weight, const int* __restrict__ ids,
                       T* __restrict__ rows, long long count, int E) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride)
    rows[i] = weight[(long long)ids[i / E] * E + i % E];
}

// Atomic: repeated ids add up in any order.
template <typename T>
__global__ void scatter_add(T* out, const int* __restrict__ ids, const T* __restrict__ rows,
                            long long count, int E) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride)
    atomicAdd(&out[(long long)ids[i / E] * E + i % E], rows[i]);
}
