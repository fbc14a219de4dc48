// SPDX-License-Identifier: Apache-2.0
// A02, A09-A12: recurrent cells in one launch for the whole sequence. Each block keeps the rows of
// weight_hh of its units on the chip, those of weight_ch too where the cell sees c through a matrix,
// and all gates of a unit together, so that blocks exchange nothing but the state: once a step (twice
// where a cell has two parts).
//
// Persistent RNNs: Diamos et al. (2016), section 3. Arrays as in cells_tile.cuh and cells.cu. Grid
// (ceil(H / UNITS), groups of sequences), THREADS threads, launched cooperatively, two blocks a
// multiprocessor at most; dynamic shared
// memory for the kept weights: gates UNITS (K rounded up to DEPTH, and 4) numbers a part.
//
// The state goes through global memory: every step writes other places than it reads (backward too:
// gradients of the gates of each step lie apart), hence one barrier a step. It is read by ordinary
// loads, never through the read-only cache, which the barrier's fence does not empty: no
// `__restrict__` here.
#include "cells_tile.cuh"
#include "sq_grid.cuh"

constexpr int UNITS = 8;  // of a block; as in cells_persistent.py

// A cell of one part has this as its second.
struct NoPart : OnePart {
  static constexpr int gates = 1, num = 0, back_num = 0;
};

// Numbers between rows of kept weights.
__device__ __forceinline__ int kept_stride(int K) { return (K + DEPTH - 1) / DEPTH * DEPTH + 4; }

// Copies `gates` times UNITS rows of K weights onto the chip, zeros where there are none; returns
// where the next may begin. The first product waits for it at its own barrier.
template <typename T> __device__ T* keep_weights(T* kept, const Rows<T>& from, int gates, int K) {
  const int stride = kept_stride(K);
  for (int line = 0; line < gates * UNITS; ++line) {
    const int row = line % UNITS, gate = line / UNITS;
    const T* source = from.at + gate * from.gate_stride + row * from.stride;
    for (int k = threadIdx.x; k < stride; k += THREADS)
      kept[line * stride + k] = row < from.rows && k < K ? source[k] : T(0.f);
  }
  return kept + gates * UNITS * stride;
}

// As `multiply`, with the weights on the chip. shared : TILE_ROWS STRIDE numbers
template <int G, typename A, typename S, typename T>
__device__ __forceinline__ void multiply_kept(A (&sums)[UNITS / 4][G], A* shared, const Rows<S>& states,
                                              const T* kept, int K) {
  const int stride = kept_stride(K);
  for (int first = 0; first < K; first += DEPTH) {
    load_tile(shared, states, TILE_ROWS, 1, first, K);
    __syncthreads();
    accumulate<UNITS, G>(sums, shared, kept + first, stride);
    __syncthreads();  // before the tile is overwritten
  }
}

// The sequences of this block's group: whole tiles.
struct Group {
  int first, end;
  __device__ explicit Group(int B) {
    const int tiles = (B + TILE_ROWS - 1) / TILE_ROWS, each = (tiles + gridDim.y - 1) / gridDim.y;
    first = blockIdx.y * each * TILE_ROWS;
    end = min(B, first + each * TILE_ROWS);
  }
};

// through : the kept rows of weight_ch, of a part that sees c
template <typename Part, typename T, typename A>
__device__ void forward_part(const Forward<T, A>& a, int t, A* shared, const T* kept, Group group,
                             const T* through = nullptr) {
  for (int row = group.first; row < group.end; row += TILE_ROWS) {
    A sums[UNITS / 4][Part::num] = {};
    multiply_kept<Part::num>(sums, shared, states_of<Part>(a, t, row, group.end), kept, a.H);
    if constexpr (Part::sees_cell) {
      A seen[UNITS / 4][3] = {};
      multiply_kept<3>(seen, shared, cells_of(a, t, row, group.end), through, a.H);
      join(sums, seen);
    }
    forward_points<UNITS, Part>(a, t, row, group.end, blockIdx.x * UNITS, sums);
  }
}

template <typename T, typename A, typename First, typename Second>
__global__ void __launch_bounds__(128, 2)
persistent_forward(unsigned int* arrivals, int steps, const int* lengths, const T* weight_hh, const T* bias,
                   const T* more, T* hidden, A* cell, T* gates, T* kept, T* output, int B, int H, int slots,
                   bool keep) {
  SQ_DYN_SHARED(T, weights);
  __align__(16) __shared__ A shared[TILE_ROWS * STRIDE];
  const Forward<T, A> a = {lengths, weight_hh, bias, more, hidden, cell, gates,
                           kept,    output,    B,    H,    slots,  keep};
  const int unit = blockIdx.x * UNITS;
  const long long matrix = (long long)H * H;
  const T* mine = weight_hh + (long long)unit * H;
  T* second = keep_weights(weights, Rows<T>{mine, H, matrix, H - unit}, First::num, H);
  if constexpr (Second::num > 0)
    keep_weights(second, Rows<T>{mine + Second::first * matrix, H, matrix, H - unit}, Second::num, H);
  if constexpr (First::sees_cell)
    keep_weights(second, Rows<T>{more + (long long)unit * H, H, matrix, H - unit}, 3, H);
  const Group group(B);
  for (int t = 0; t < steps; ++t) {
    forward_part<First>(a, t, shared, weights, group, second);
    if constexpr (Second::num > 0) {
      sq_grid_sync(arrivals);
      forward_part<Second>(a, t, shared, second, group);
    }
    sq_grid_sync(arrivals);
  }
}

// through : the kept rows of weight_ch transposed, i and f before o, of a part that sees c
template <typename Part, typename T, typename A>
__device__ void backward_part(const Backward<T, A>& a, int t, A* shared, const T* kept, Group group,
                              const T* through = nullptr) {
  for (int row = group.first; row < group.end; row += TILE_ROWS) {
    A sums[UNITS / 4][1] = {}, seen[UNITS / 4][1] = {};
    if (has_product<Part>(t, a.steps)) {
      multiply_kept<1>(sums, shared, gradients_of<Part>(a, t, row, group.end, Part::back_first), kept,
                       Part::back_num * a.H);
      if constexpr (Part::sees_cell) {
        multiply_kept<1>(seen, shared, gradients_of<Part>(a, t, row, group.end, 0), through, 2 * a.H);
        multiply_kept<1>(seen, shared, gradients_of<Part>(a, t, row, group.end, 3),
                         through + UNITS * kept_stride(2 * a.H), a.H);
      }
    }
    backward_points<UNITS, Part>(a, t, row, group.end, blockIdx.x * UNITS, sums, seen);
  }
}

template <typename T, typename A, typename First, typename Second>
__global__ void __launch_bounds__(128, 2)
persistent_backward(unsigned int* arrivals, int steps, const int* lengths, const T* weight_t, const T* more,
                    const T* more_t, const T* hidden, const A* cell, const T* gates, const T* kept,
                    const T* d_output, A* d_h, A* d_c, T* d_gates, T* d_recurrent, int B, int H) {
  SQ_DYN_SHARED(T, weights);
  __align__(16) __shared__ A shared[TILE_ROWS * STRIDE];
  const Backward<T, A> a = {lengths,  weight_t, more, more_t,  hidden,      cell,  gates, kept,
                            d_output, d_h,      d_c,  d_gates, d_recurrent, steps, B,     H};
  const int unit = blockIdx.x * UNITS;
  const long long width = (long long)First::gates * H;
  const T* mine = weight_t + unit * width;
  T* second = keep_weights(weights, Rows<T>{mine, width, 0, H - unit}, 1, First::back_num * H);
  if constexpr (Second::num > 0)
    keep_weights(second, Rows<T>{mine + Second::back_first * (long long)H, width, 0, H - unit}, 1,
                 Second::back_num * H);
  if constexpr (First::sees_cell) {
    const T* sees = more_t + unit * 3LL * H;
    T* of_o = keep_weights(second, Rows<T>{sees, 3LL * H, 0, H - unit}, 1, 2 * H);
    keep_weights(of_o, Rows<T>{sees + 2LL * H, 3LL * H, 0, H - unit}, 1, H);
  }
  const Group group(B);
  for (int t = steps - 1; t >= -1; --t) {
    backward_part<First>(a, t, shared, weights, group, second);
    if constexpr (Second::num > 0) {
      sq_grid_sync(arrivals);
      backward_part<Second>(a, t, shared, second, group);
    }
    sq_grid_sync(arrivals);
  }
}
