// SPDX-License-Identifier: Apache-2.0
// A02, A09-A12: recurrent cells, a kernel a step: our own product of the state with weight_hh, and
// the pointwise part of the cell on its sums.
//
// weight_hh (gates H, H), weight_t its transpose; bias (gates H,); lengths (B,); states, gates and
// gradients as in cells_tile.cuh; all owned by the plan, so that a captured graph stays good. The
// input's part of all gates, (T, B, gates H), is one product before the first step, as are the
// gradients of the weights after the last.
//
// clock (2,): steps done, and steps in all. A graph holds a fixed number of steps; it is replayed
// until they are enough, and steps past the end leave at once.
#include "cells_tile.cuh"

constexpr int UNITS = 16;  // of a block; as in recurrence_steps.py

// Grid (ceil(H / UNITS), ceil(B / TILE_ROWS)), THREADS threads. Two blocks a multiprocessor are asked
// for because the compiler, unasked, aims at more of them and spills.
template <typename T, typename A, typename Part>
__global__ void __launch_bounds__(128, 2)
step_forward(const int* clock, int offset, const int* lengths, const T* weight_hh, const T* bias,
             const T* more, T* hidden, A* cell, T* gates, T* kept, T* output, int B, int H, int slots,
             bool keep) {
  __align__(16) __shared__ A shared[(TILE_ROWS + 4 * UNITS) * STRIDE];
  const int t = clock[0] + offset;
  if (t >= clock[1]) return;
  const Forward<T, A> a = {lengths, weight_hh, bias, more, hidden, cell, gates,
                           kept,    output,    B,    H,    slots,  keep};
  const int unit = blockIdx.x * UNITS, row = blockIdx.y * TILE_ROWS;
  A sums[UNITS / 4][Part::num] = {};
  const long long matrix = (long long)H * H;
  const Rows<T> weights = {weight_hh + Part::first * matrix + (long long)unit * H, H, matrix, H - unit};
  multiply<UNITS, Part::num>(sums, shared, states_of<Part>(a, t, row, B), weights, H);
  if constexpr (Part::sees_cell) {
    A seen[UNITS / 4][3] = {};
    multiply<UNITS, 3>(seen, shared, cells_of(a, t, row, B),
                       Rows<T>{more + (long long)unit * H, H, matrix, H - unit}, H);
    join(sums, seen);
  }
  forward_points<UNITS, Part>(a, t, row, B, unit, sums);
}

// The same grid. Step -1 leaves the gradient of the initial state in d_h and d_c.
template <typename T, typename A, typename Part>
__global__ void __launch_bounds__(128, 2)
step_backward(const int* clock, int offset, const int* lengths, const T* weight_t, const T* more,
              const T* more_t, const T* hidden, const A* cell, const T* gates, const T* kept,
              const T* d_output, A* d_h, A* d_c, T* d_gates, T* d_recurrent, int B, int H) {
  __align__(16) __shared__ A shared[(TILE_ROWS + UNITS) * STRIDE];
  const int steps = clock[1], t = steps - 1 - (clock[0] + offset);
  if (t < -1) return;
  const Backward<T, A> a = {lengths,  weight_t, more, more_t,  hidden,      cell,  gates, kept,
                            d_output, d_h,      d_c,  d_gates, d_recurrent, steps, B,     H};
  const int unit = blockIdx.x * UNITS, row = blockIdx.y * TILE_ROWS;
  A sums[UNITS / 4][1] = {}, seen[UNITS / 4][1] = {};
  if (has_product<Part>(t, steps)) {
    const long long width = (long long)Part::gates * H;
    const T* weights = weight_t + unit * width + (long long)Part::back_first * H;
    multiply<UNITS, 1>(sums, shared, gradients_of<Part>(a, t, row, B, Part::back_first),
                       Rows<T>{weights, width, 0, H - unit}, Part::back_num * H);
    if constexpr (Part::sees_cell) {  // seen = W_ch c_prev, for i and f and for o
      const T* through = more_t + unit * 3LL * H;
      multiply<UNITS, 1>(seen, shared, gradients_of<Part>(a, t, row, B, 0),
                         Rows<T>{through, 3LL * H, 0, H - unit}, 2 * H);
      multiply<UNITS, 1>(seen, shared, gradients_of<Part>(a, t, row, B, 3),
                         Rows<T>{through + 2LL * H, 3LL * H, 0, H - unit}, H);
    }
  }
  backward_points<UNITS, Part>(a, t, row, B, unit, sums, seen);
}
