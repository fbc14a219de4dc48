// SPDX-License-Identifier: Apache-2.0
// Rows added to the rows of a matrix by id: the gradient of a look-up (A15) and every step of word
// vectors (A17-A20). Sums in a fixed order, see sq_segments.cuh.
//
// out (V, E), row-major, updated in place; ids (count,) below V, negative ones are left out; order
// (count,) sorts ids, stable; rows (count, E); extra (count,) or null; partial (tiles, 2, E),
// partial_extra (tiles, 2) scratch; upstream (1,) or null.
//     out[id] += scale upstream sum(rows) / (1 + damping sum(extra))
#include "sq_segments.cuh"

template <typename T> struct AddRow {
  T* out;
  int E;
  T scale;
  const T* upstream;
  T damping;

  template <int W> __device__ void operator()(int id, int column, const SqSum<T, W>& sum) const {
    T factor = upstream != nullptr ? scale * upstream[0] : scale;
    if (damping > T(0)) factor /= T(1) + damping * sum.extra;
    T* at = out + (long long)id * E + column;
    SqPack<T, W> row = sq_load<W>(at);
#pragma unroll
    for (int i = 0; i < W; ++i) row.at[i] += factor * sum.columns.at[i];
    sq_store<W>(at, row);
  }
};

template <typename T, int W>
__global__ void add_tiles(T* out, const int* __restrict__ ids, const long long* __restrict__ order,
                          const T* __restrict__ rows, const T* __restrict__ extra, T* partial,
                          T* partial_extra, long long count, int E, T scale,
                          const T* __restrict__ upstream, T damping) {
  sq_sum_tile<W>(SqEntries<T>{ids, order, rows, extra, partial, partial_extra, count, E},
                 AddRow<T>{out, E, scale, upstream, damping});
}

template <typename T, int W>
__global__ void add_parts(T* out, const int* __restrict__ ids, const long long* __restrict__ order,
                          T* partial, T* partial_extra, long long count, int E, T scale,
                          const T* __restrict__ upstream, T damping) {
  sq_sum_parts<W>(SqEntries<T>{ids, order, nullptr, nullptr, partial, partial_extra, count, E},
                  AddRow<T>{out, E, scale, upstream, damping});
}
