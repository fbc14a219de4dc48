// SPDX-License-Identifier: Apache-2.0
// A block's share of a recurrent step: TILE_ROWS sequences by U units, all gates of a unit in one
// thread, so that the pointwise part follows the product without leaving the registers.
//
// A thread has one unit and U / 4 sequences. Tiles in shared memory lie DEPTH numbers a row and 4
// more: rows stay aligned to 16 bytes and the lanes of a warp meet no bank twice.
#pragma once
#include "cells_points.cuh"

constexpr int THREADS = 128;
constexpr int TILE_ROWS = 32;
constexpr int DEPTH = 32;
constexpr int STRIDE = DEPTH + 4;

// Four neighbours, read in one or two instructions.
template <typename S> struct alignas(4 * sizeof(S) < 16 ? 4 * sizeof(S) : 16) Quad {
  S v[4];
};
template <typename S> __device__ __forceinline__ const Quad<S>& quad(const S* at) {
  return *reinterpret_cast<const Quad<S>*>(at);
}

// Rows of a matrix: `rows` of them from `at`, each K long and `stride` apart; with several gates the
// same again `gate_stride` further on.
template <typename S> struct Rows {
  const S* at;
  long long stride, gate_stride;
  int rows;
};

// columns [first, first + DEPTH) of `width` rows a gate, zeros outside the matrix.
template <typename A, typename S>
__device__ __forceinline__ void load_tile(A* tile, const Rows<S>& from, int width, int gates, int first,
                                          int K) {
  for (int i = threadIdx.x; i < gates * width * DEPTH; i += THREADS) {
    const int column = first + i % DEPTH, line = i / DEPTH, row = line % width, gate = line / width;
    const bool inside = row < from.rows && column < K;
    tile[line * STRIDE + i % DEPTH] =
        inside ? A(from.at[gate * from.gate_stride + row * from.stride + column]) : A(0);
  }
}

// sums += DEPTH columns of the states' tile times those of the weights, `stride` apart.
template <int U, int G, typename A, typename W>
__device__ __forceinline__ void accumulate(A (&sums)[U / 4][G], const A* states, const W* weights,
                                           int stride) {
  const int unit = threadIdx.x % U, group = threadIdx.x / U;
#pragma unroll 4
  for (int k = 0; k < DEPTH; k += 4) {
    Quad<A> state[U / 4];
    for (int i = 0; i < U / 4; ++i) state[i] = quad(states + (group + i * (THREADS / U)) * STRIDE + k);
    for (int g = 0; g < G; ++g) {
      const Quad<W> weight = quad(weights + (g * U + unit) * stride + k);
      for (int j = 0; j < 4; ++j)
        for (int i = 0; i < U / 4; ++i) sums[i][g] += state[i].v[j] * A(weight.v[j]);
    }
  }
}

// sums[i][g] += states[row i] . weights[gate g, unit], both tiles read from memory.
// shared : (TILE_ROWS + G U) STRIDE numbers
template <int U, int G, typename A, typename S, typename T>
__device__ __forceinline__ void multiply(A (&sums)[U / 4][G], A* shared, const Rows<S>& states,
                                         const Rows<T>& weights, int K) {
  A* weight_tile = shared + TILE_ROWS * STRIDE;
  for (int first = 0; first < K; first += DEPTH) {
    load_tile(shared, states, TILE_ROWS, 1, first, K);
    load_tile(weight_tile, weights, U, G, first, K);
    __syncthreads();
    accumulate<U, G>(sums, shared, weight_tile, STRIDE);
    __syncthreads();  // before the tiles are overwritten
  }
}

// What the steps of a forward pass work on. hidden, cell : (slots, B, H), the state before step t in
// slot t % slots; gates (T, B, gates H): the input's part on entry, the gates themselves on return
// where `keep`; kept (T, B, H), or (B, H) without `keep`; output (T, B, H).
template <typename T, typename A> struct Forward {
  const int* lengths;
  const T *weight_hh, *bias, *more;
  T* hidden;
  A* cell;
  T *gates, *kept, *output;
  int B, H, slots;
  bool keep;

  __device__ long long slot(int t) const { return (long long)(t % slots) * B * H; }
  __device__ T* kept_at(int t) const { return kept + (keep ? (long long)t * B * H : 0); }
};

// The states that a part's product reads, from a row on.
template <typename Part, typename T, typename A>
__device__ __forceinline__ Rows<T> states_of(const Forward<T, A>& a, int t, int first_row, int end_row) {
  const T* states = Part::from_kept ? a.kept_at(t) : a.hidden + a.slot(t);
  return {states + (long long)first_row * a.H, a.H, 0, end_row - first_row};
}

// The memory cells that a part which sees c multiplies as well.
template <typename T, typename A>
__device__ __forceinline__ Rows<A> cells_of(const Forward<T, A>& a, int t, int first_row, int end_row) {
  return {a.cell + a.slot(t) + (long long)first_row * a.H, a.H, 0, end_row - first_row};
}

// What i, f and o see of c joins their products with h.
template <typename A, int rows>
__device__ __forceinline__ void join(A (&sums)[rows][4], const A (&seen)[rows][3]) {
  for (int i = 0; i < rows; ++i)
    for (int g = 0; g < 3; ++g) sums[i][g < 2 ? g : 3] += seen[i][g];
}

// One sequence and unit; `sums` are its recurrent parts.
template <typename Part, typename T, typename A>
__device__ __forceinline__ void forward_point(const Forward<T, A>& a, int t, int row, int unit,
                                              const A* sums) {
  const int H = a.H;
  const long long at = (long long)row * H + unit;
  T* gates = a.gates + ((long long)t * a.B + row) * Part::gates * H + unit;
  Point<A> s = {};
  for (int g = 0; g < Part::gates; ++g)
    if (g >= Part::first && g < Part::first + Part::num) {
      s.x[g] = A(gates[g * H]) + A(a.bias[g * H + unit]);
      s.r[g] = sums[g - Part::first];
    } else {
      s.gate[g] = A(gates[g * H]);  // of the part before
    }
  for (int p = 0; p < Part::extras; ++p) s.p[p] = A(a.more[p * H + unit]);
  const A h = s.h = A(a.hidden[a.slot(t) + at]), c = s.c = Part::memory ? a.cell[a.slot(t) + at] : A(0);
  Part::forward(s);
  const bool inside = t < a.lengths[row];
  if (a.keep || !Part::last)
    for (int g = Part::first; g < Part::first + Part::num; ++g) gates[g * H] = T(s.gate[g]);
  if (Part::keeps && (a.keep || !Part::last)) a.kept_at(t)[at] = T(inside ? s.kept : A(0));
  if (!Part::last) return;
  a.hidden[a.slot(t + 1) + at] = T(inside ? s.h : h);  // past the length the state freezes
  if (Part::memory) a.cell[a.slot(t + 1) + at] = inside ? s.c : c;
  a.output[(long long)t * a.B * H + at] = T(inside ? s.h : A(0));
}

// Each thread's unit for its sequences before end_row.
template <int U, typename Part, typename T, typename A>
__device__ __forceinline__ void forward_points(const Forward<T, A>& a, int t, int first_row, int end_row,
                                               int first_unit, const A (&sums)[U / 4][Part::num]) {
  const int unit = first_unit + threadIdx.x % U;
  for (int i = 0; i < U / 4; ++i) {
    const int row = first_row + threadIdx.x / U + i * (THREADS / U);
    if (unit < a.H && row < end_row) forward_point<Part>(a, t, row, unit, sums[i]);
  }
}

// What the steps of a backward pass work on. weight_t (H, gates H) is weight_hh transposed; for a
// cell that sees c, more_t (H, 3H) likewise. d_h, d_c (B, H): what of the gradient of the state does
// not go through a product, then that of the initial state. d_gates (T, B, gates H), zero past the
// lengths; d_recurrent is the same array, or another where the part splits.
template <typename T, typename A> struct Backward {
  const int* lengths;
  const T *weight_t, *more, *more_t, *hidden;
  const A* cell;
  const T *gates, *kept, *d_output;
  A *d_h, *d_c;
  T *d_gates, *d_recurrent;
  int steps, B, H;
};

// The gradients that a part's product reads, from a row on.
template <typename Part, typename T, typename A>
__device__ __forceinline__ Rows<T> gradients_of(const Backward<T, A>& a, int t, int first_row, int end_row,
                                                int first_gate) {
  const long long width = (long long)Part::gates * a.H;
  const long long step = t + (Part::back_next ? 1 : 0);
  const T* from = a.d_recurrent + (step * a.B + first_row) * width + (long long)first_gate * a.H;
  return {from, width, 0, end_row - first_row};
}

// Whether the product has anything to read at step t, which is -1 for the initial state.
template <typename Part> __device__ __forceinline__ bool has_product(int t, int steps) {
  return Part::back_next ? t + 1 < steps : t >= 0;
}

// One sequence and unit; `sum` is what the product brings to h, `seen` what it brings to c.
template <typename Part, typename T, typename A>
__device__ __forceinline__ void backward_point(const Backward<T, A>& a, int t, int row, int unit, A sum,
                                               A seen) {
  const int H = a.H;
  const long long at = (long long)row * H + unit;
  if (t < 0 && !Part::back_next) return;  // the initial state has no gates
  Point<A> s = {};
  s.d_c = Part::memory ? a.d_c[at] + seen : A(0);
  s.d_h = Part::back_next ? a.d_h[at] + sum : sum;
  const bool inside = t >= 0 && t < a.lengths[row];
  if (inside) {
    const long long now = (long long)t * a.B * H + at, next = now + (long long)a.B * H;
    const T* gates = a.gates + ((long long)t * a.B + row) * Part::gates * H + unit;
    for (int g = 0; g < Part::gates; ++g) s.gate[g] = A(gates[g * H]);
    for (int p = 0; p < Part::extras; ++p) s.p[p] = A(a.more[p * H + unit]);
    s.h = A(a.hidden[now]);
    if (Part::memory) s.c = a.cell[now], s.c_new = a.cell[next];
    if (Part::keeps && Part::last) s.kept = A(a.kept[now]);
    if (Part::back_next) s.d_h += A(a.d_output[now]);
    Part::backward(s);
  }
  if (Part::back_next) a.d_h[at] = s.d_h;
  if (!Part::back_next && inside) a.d_h[at] += s.d_h;
  if (Part::memory) a.d_c[at] = s.d_c;
  if (t < 0) return;
  T* d_gates = a.d_gates + ((long long)t * a.B + row) * Part::gates * H + unit;
  T* d_recurrent = a.d_recurrent + ((long long)t * a.B + row) * Part::gates * H + unit;
  for (int g = 0; g < Part::gates; ++g) {
    // Of two parts the first back makes z and n, the second r.
    if (!Part::last && g == 0) continue;
    if (!Part::back_next && g != 0) continue;
    d_gates[g * H] = T(s.d_gate[g]);
    if (Part::splits) d_recurrent[g * H] = T(g == 2 ? s.d_split : s.d_gate[g]);
  }
}

template <int U, typename Part, typename T, typename A>
__device__ __forceinline__ void backward_points(const Backward<T, A>& a, int t, int first_row, int end_row,
                                                int first_unit, const A (&sums)[U / 4][1],
                                                const A (&seen)[U / 4][1]) {
  const int unit = first_unit + threadIdx.x % U;
  for (int i = 0; i < U / 4; ++i) {
    const int row = first_row + threadIdx.x / U + i * (THREADS / U);
    if (unit < a.H && row < end_row) backward_point<Part>(a, t, row, unit, sums[i][0], seen[i][0]);
  }
}
