// SPDX-License-Identifier: Apache-2.0
// A02, A09-A12: what each recurrent cell does at one unit of one sequence, forward and backward.
//
// Elman (1990); Cho et al. (2014), equations 5 to 8; Hochreiter & Schmidhuber (1997) with Gers et al.
// (2000), equations 3 to 6; peepholes of Gers & Schmidhuber (2000), section 2.2; coupled gates of
// Greff et al. (2017), section 5. The formulas are those of seqbench/kernels, in the same order.
//
// A *part* of a cell is what one product with the state before leads to; all cells have one but the
// GRU that resets before its product, which has two. Constants of a part:
//   gates             of the whole cell: rows of gates are (gates H)
//   first, num        the gates that it makes
//   memory            has a cell state c beside h
//   extras            numbers a unit in `more` (extras H): peepholes i, f, o; the GRU's second bias
//   sees_cell         i, f and o read c through a matrix, which is then `more` (3H, H)
//   from_kept         its product reads `kept` instead of h
//   keeps             it writes `kept`, (H) a step, for backward or for the next part
//   last              it makes the new state
//   back_next         its backward product reads the gradients of step t + 1, else those of t
//   back_first, back_num   which gates' gradients that product reads
//   splits            the gradient of n towards the recurrent product is another than towards x
#pragma once
#include "sq_common.cuh"
#include "sq_half.cuh"

// Forward: x and r hold the input's and the recurrent part of each gate; h and c the state before,
// then after. Backward: d_h and d_c hold the gradient of the state after, then what of the state
// before does not go through the product.
template <typename A> struct Point {
  A x[4], r[4], gate[4], p[3];
  A h, c, kept;
  A c_new, d_h, d_c, d_gate[4], d_split;
};

struct OnePart {
  static constexpr int first = 0, extras = 0, back_first = 0;
  static constexpr bool memory = false, sees_cell = false, from_kept = false, keeps = false;
  static constexpr bool last = true, back_next = true, splits = false;
};

template <typename A> __device__ __forceinline__ A slope_of_sigmoid(A s) { return s * (A(1) - s); }
template <typename A> __device__ __forceinline__ A slope_of_tanh(A t) { return A(1) - t * t; }

struct Rnn : OnePart {
  static constexpr int gates = 1, num = 1, back_num = 1;
  template <typename A> __device__ static void forward(Point<A>& s) {
    s.h = s.gate[0] = sq_tanh(s.x[0] + s.r[0]);
  }
  template <typename A> __device__ static void backward(Point<A>& s) {
    s.d_gate[0] = s.d_h * slope_of_tanh(s.gate[0]);
    s.d_h = A(0);
  }
};

struct GruSimplified : OnePart {  // z, n
  static constexpr int gates = 2, num = 2, back_num = 2;
  template <typename A> __device__ static void forward(Point<A>& s) {
    const A z = s.gate[0] = sq_sigmoid(s.x[0] + s.r[0]);
    const A n = s.gate[1] = sq_tanh(s.x[1] + s.r[1]);
    s.h = (A(1) - z) * n + z * s.h;
  }
  template <typename A> __device__ static void backward(Point<A>& s) {
    const A z = s.gate[0], n = s.gate[1];
    s.d_gate[0] = s.d_h * (s.h - n) * slope_of_sigmoid(z);  // h = (1 - z) n + z h_prev
    s.d_gate[1] = s.d_h * (A(1) - z) * slope_of_tanh(n);
    s.d_h = s.d_h * z;
  }
};

struct Gru : OnePart {  // r, z, n; kept: W_hn h + b_hn
  static constexpr int gates = 3, num = 3, back_num = 3, extras = 3;
  static constexpr bool keeps = true, splits = true;
  template <typename A> __device__ static void forward(Point<A>& s) {
    const A r = s.gate[0] = sq_sigmoid(s.x[0] + (s.r[0] + s.p[0]));
    const A z = s.gate[1] = sq_sigmoid(s.x[1] + (s.r[1] + s.p[1]));
    s.kept = s.r[2] + s.p[2];
    const A n = s.gate[2] = sq_tanh(s.x[2] + r * s.kept);
    s.h = (A(1) - z) * n + z * s.h;
  }
  template <typename A> __device__ static void backward(Point<A>& s) {
    const A r = s.gate[0], z = s.gate[1], n = s.gate[2];
    s.d_gate[2] = s.d_h * (A(1) - z) * slope_of_tanh(n);  // h = (1 - z) n + z h_prev
    s.d_gate[1] = s.d_h * (s.h - n) * slope_of_sigmoid(z);
    s.d_gate[0] = s.d_gate[2] * s.kept * slope_of_sigmoid(r);  // n = tanh(.. + r kept)
    s.d_split = s.d_gate[2] * r;
    s.d_h = s.d_h * z;
  }
};

// The reset-before GRU: r and z, and r h for the second product; then n. On the way back n and z
// come first, then r from what the product of n's gradient brings (`d_h` of the second part).
struct GruReset : OnePart {
  static constexpr int gates = 3, num = 2, back_num = 2, extras = 3;
  static constexpr bool keeps = true, last = false;
  template <typename A> __device__ static void forward(Point<A>& s) {
    const A r = s.gate[0] = sq_sigmoid(s.x[0] + (s.r[0] + s.p[0]));
    s.gate[1] = sq_sigmoid(s.x[1] + (s.r[1] + s.p[1]));
    s.kept = r * s.h;
  }
  template <typename A> __device__ static void backward(Point<A>& s) {
    const A z = s.gate[1], n = s.gate[2];
    s.d_gate[2] = s.d_h * (A(1) - z) * slope_of_tanh(n);  // h = (1 - z) n + z h_prev
    s.d_gate[1] = s.d_h * (s.h - n) * slope_of_sigmoid(z);
    s.d_h = s.d_h * z;
  }
};
struct GruNew : OnePart {
  static constexpr int gates = 3, first = 2, num = 1, extras = 3, back_first = 2, back_num = 1;
  static constexpr bool from_kept = true, back_next = false;
  template <typename A> __device__ static void forward(Point<A>& s) {
    const A z = s.gate[1];
    const A n = s.gate[2] = sq_tanh(s.x[2] + (s.r[2] + s.p[2]));
    s.h = (A(1) - z) * n + z * s.h;
  }
  template <typename A> __device__ static void backward(Point<A>& s) {
    const A r = s.gate[0];
    s.d_gate[0] = s.d_h * s.h * slope_of_sigmoid(r);  // n = tanh(.. + W_hn (r h_prev))
    s.d_h = s.d_h * r;
  }
};

struct Lstm : OnePart {  // i, f, g, o
  static constexpr int gates = 4, num = 4, back_num = 4;
  static constexpr bool memory = true;
  template <typename A> __device__ static void forward(Point<A>& s) {
    const A i = s.gate[0] = sq_sigmoid(s.x[0] + s.r[0]);
    const A f = s.gate[1] = sq_sigmoid(s.x[1] + s.r[1]);
    const A g = s.gate[2] = sq_tanh(s.x[2] + s.r[2]);
    const A o = s.gate[3] = sq_sigmoid(s.x[3] + s.r[3]);
    s.c = f * s.c + i * g;
    s.h = o * sq_tanh(s.c);
  }
  template <typename A> __device__ static void backward(Point<A>& s) { through_memory(s, A(0)); }

  // `p_o` is what o sees of the new c.
  template <typename A> __device__ static void through_memory(Point<A>& s, A p_o) {
    const A i = s.gate[0], f = s.gate[1], g = s.gate[2], o = s.gate[3], squashed = sq_tanh(s.c_new);
    s.d_gate[3] = s.d_h * squashed * slope_of_sigmoid(o);  // h = o tanh(c)
    const A d_c = s.d_c + (s.d_h * o * slope_of_tanh(squashed) + s.d_gate[3] * p_o);
    s.d_gate[0] = d_c * g * slope_of_sigmoid(i);  // c = f c_prev + i g
    s.d_gate[1] = d_c * s.c * slope_of_sigmoid(f);
    s.d_gate[2] = d_c * i * slope_of_tanh(g);
    s.d_c = d_c * f;
    s.d_h = A(0);
  }
};

struct LstmPeephole : Lstm {  // p: i and f see c_prev, o sees c
  static constexpr int extras = 3;
  template <typename A> __device__ static void forward(Point<A>& s) {
    const A i = s.gate[0] = sq_sigmoid(s.x[0] + s.r[0] + s.p[0] * s.c);
    const A f = s.gate[1] = sq_sigmoid(s.x[1] + s.r[1] + s.p[1] * s.c);
    const A g = s.gate[2] = sq_tanh(s.x[2] + s.r[2]);
    s.c = f * s.c + i * g;
    const A o = s.gate[3] = sq_sigmoid(s.x[3] + s.r[3] + s.p[2] * s.c);
    s.h = o * sq_tanh(s.c);
  }
  template <typename A> __device__ static void backward(Point<A>& s) {
    through_memory(s, s.p[2]);
    s.d_c += s.d_gate[0] * s.p[0] + s.d_gate[1] * s.p[1];  // i and f saw c_prev
  }
};

struct LstmPeepholeFull : Lstm {  // the products with c are in r already, as their gradients in d_c
  static constexpr bool sees_cell = true;
};

struct LstmCoupled : OnePart {  // i, g, o
  static constexpr int gates = 3, num = 3, back_num = 3;
  static constexpr bool memory = true;
  template <typename A> __device__ static void forward(Point<A>& s) {
    const A i = s.gate[0] = sq_sigmoid(s.x[0] + s.r[0]);
    const A g = s.gate[1] = sq_tanh(s.x[1] + s.r[1]);
    const A o = s.gate[2] = sq_sigmoid(s.x[2] + s.r[2]);
    s.c = (A(1) - i) * s.c + i * g;
    s.h = o * sq_tanh(s.c);
  }
  template <typename A> __device__ static void backward(Point<A>& s) {
    const A i = s.gate[0], g = s.gate[1], o = s.gate[2], squashed = sq_tanh(s.c_new);
    s.d_gate[2] = s.d_h * squashed * slope_of_sigmoid(o);  // h = o tanh(c)
    const A d_c = s.d_c + s.d_h * o * slope_of_tanh(squashed);
    s.d_gate[0] = d_c * (g - s.c) * slope_of_sigmoid(i);  // c = (1 - i) c_prev + i g
    s.d_gate[1] = d_c * i * slope_of_tanh(g);
    s.d_c = d_c * (A(1) - i);
    s.d_h = A(0);
  }
};
