// SPDX-License-Identifier: Apache-2.0
// A02, A09-A12: what recurrent cells do before their steps and after them; all cells share it.
//
// T is what numbers are kept in, A what they are summed in. clock (2,): steps done, and steps in all.
#include "sq_common.cuh"
#include "sq_half.cuh"

// After a graph's steps. One thread.
__global__ void advance(int* clock, int steps) { clock[0] += steps; }

// The initial state and what the steps read of the batch, where a graph finds them: lengths (B,),
// hidden and cell (B, H). c0 is null without a memory. A thread an element.
template <typename T, typename A>
__global__ void begin_forward(const T* __restrict__ h0, const T* __restrict__ c0,
                              const int* __restrict__ lengths, T* __restrict__ hidden,
                              A* __restrict__ cell, int* __restrict__ own_lengths, int* __restrict__ clock,
                              int steps, int B, int H) {
  const int first = blockIdx.x * blockDim.x + threadIdx.x, stride = gridDim.x * blockDim.x;
  for (int i = first; i < B * H; i += stride) {
    hidden[i] = h0[i];
    if (c0 != nullptr) cell[i] = A(c0[i]);
  }
  for (int b = first; b < B; b += stride) own_lengths[b] = lengths[b];
  if (first == 0) clock[0] = 0, clock[1] = steps;
}

// The gradient of the final state, zero where none is given; d_cell is null without a memory.
template <typename T, typename A>
__global__ void begin_backward(const T* __restrict__ d_final_h, const T* __restrict__ d_final_c,
                               A* __restrict__ d_h, A* __restrict__ d_c, int* __restrict__ clock, int steps,
                               int count) {
  const int first = blockIdx.x * blockDim.x + threadIdx.x, stride = gridDim.x * blockDim.x;
  for (int i = first; i < count; i += stride) {
    d_h[i] = d_final_h != nullptr ? A(d_final_h[i]) : A(0);
    if (d_c != nullptr) d_c[i] = d_final_c != nullptr ? A(d_final_c[i]) : A(0);
  }
  if (first == 0) clock[0] = 0, clock[1] = steps;
}

// to = from, rounded once where T is narrower.
template <typename T, typename A>
__global__ void rounded(const A* __restrict__ from, T* __restrict__ to, long long count) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride)
    to[i] = T(from[i]);
}

// inputs (T, B, size) with zeros past the lengths: products over all steps read the padding, and
// zero times NaN is NaN. A thread an element.
template <typename T, typename A>
__global__ void without_padding(const T* __restrict__ inputs, const int* __restrict__ lengths,
                                T* __restrict__ out, long long count, int B, int size) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride) {
    const long long row = i / size;
    out[i] = row / B < lengths[row % B] ? inputs[i] : T(A(0));
  }
}

// sums[column] of rows (count, row_stride), times those of `others` (count, other_stride) where it is
// given: gradients of biases and of diagonal weights. Always in one order: deterministic. A block 32
// columns, eight threads a column.
template <typename T, typename A>
__global__ void column_sums(const T* __restrict__ rows, const A* __restrict__ others, T* __restrict__ sums,
                            int count, int columns, int row_stride, int other_stride) {
  __shared__ A parts[8][SQ_WARP];
  const int lane = threadIdx.x % SQ_WARP, part = threadIdx.x / SQ_WARP;
  const int column = blockIdx.x * SQ_WARP + lane;
  A sum = A(0);
  if (column < columns)
    for (long long row = part; row < count; row += 8) {
      const A value = A(rows[row * row_stride + column]);
      sum += others != nullptr ? value * others[row * other_stride + column] : value;
    }
  parts[part][lane] = sum;
  __syncthreads();
  if (part != 0 || column >= columns) return;
  for (int other = 1; other < 8; ++other) sum += parts[other][lane];
  sums[column] = T(sum);
}
