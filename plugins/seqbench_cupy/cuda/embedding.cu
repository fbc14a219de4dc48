// SPDX-License-Identifier: Apache-2.0
// A15 (Bengio et al. 2003, section 2): rows of a matrix by id. The gradient is in scatter.cu.
//
// weight (V, E); ids (N,) in [0, V), checked before the launch; rows (N, E), row-major. 2^shift
// neighbouring threads a row, W columns a thread: whole rows go by in full-width loads.
#include "sq_pack.cuh"

template <typename T, int W>
__global__ void gather(const T* __restrict__ weight, const int* __restrict__ ids,
                       T* __restrict__ rows, long long count, int E, int shift) {
  const long long thread = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  const long long stride = ((long long)gridDim.x * blockDim.x) >> shift;
  const int lane = int(thread & ((1 << shift) - 1));
  for (long long n = thread >> shift; n < count; n += stride) {
    const T* from = weight + (long long)ids[n] * E;
    for (int e = lane * W; e < E; e += W << shift) sq_store<W>(rows + n * E + e, sq_load<W>(from + e));
  }
}
