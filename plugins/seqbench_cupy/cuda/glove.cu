// SPDX-License-Identifier: Apache-2.0
// A21 (Pennington et al. 2014, equations 8 and 9): GloVe's objective, its gradient, AdaGrad's step.
//
// N counts: rows, columns (N,) ids in [0, V), counts (N,) above 0. weight, context (V, D), bias,
// context_bias (V,). errors (N,): d J / d (w_i c_j + b_i + b~_j - log x) for factor 1/2 taken twice;
// terms (N,): f(x) of the squared difference. A warp a count; what counts of one word share is
// summed by scatter.cu in a fixed order.
#include "sq_common.cuh"

__device__ __forceinline__ float power(float x, float a) { return powf(x, a); }
__device__ __forceinline__ double power(double x, double a) { return pow(x, a); }

template <typename T>
__global__ void residuals(const T* __restrict__ weight, const T* __restrict__ context,
                          const T* __restrict__ bias, const T* __restrict__ context_bias,
                          const int* __restrict__ rows, const int* __restrict__ columns,
                          const T* __restrict__ counts, T* __restrict__ errors, T* __restrict__ terms, int N,
                          int D, T x_max, T alpha, T factor) {
  const int n = blockIdx.x * (blockDim.x / SQ_WARP) + threadIdx.x / SQ_WARP, lane = threadIdx.x % SQ_WARP;
  if (n >= N) return;  // a whole warp
  const int i = rows[n], j = columns[n];
  T mine = T(0);
  for (int d = lane; d < D; d += SQ_WARP) mine += weight[(long long)i * D + d] * context[(long long)j * D + d];
  const T product = sq_warp_reduce(mine, SqAdd());
  if (lane != 0) return;
  const T difference = product + bias[i] + context_bias[j] - sq_log(counts[n]);
  const T ratio = counts[n] / x_max;
  const T f = ratio < T(1) ? power(ratio, alpha) : T(1);
  errors[n] = T(2) * factor * f * difference;
  terms[n] = f * difference * difference;
}

// total (1,) = factor sum(terms). One block: always in the same order.
template <typename T>
__global__ void objective(const T* __restrict__ terms, T* __restrict__ total, int N, T factor) {
  T sum = T(0);
  for (int n = threadIdx.x; n < N; n += blockDim.x) sum += terms[n];
  sum = sq_block_reduce(sum, SqAdd(), T(0));
  if (threadIdx.x == 0) total[0] = factor * sum;
}

// out (N, D) = errors times the rows that each count met on the other side.
template <typename T>
__global__ void met_rows(const T* __restrict__ errors, const int* __restrict__ ids, const T* __restrict__ other,
                         T* __restrict__ out, long long count, int D) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long at = blockIdx.x * (long long)blockDim.x + threadIdx.x; at < count; at += stride) {
    const long long n = at / D;
    out[at] = errors[n] * other[(long long)ids[n] * D + at % D];
  }
}

// AdaGrad (Duchi et al. 2011) on the rows that a chunk met, E numbers each, in place: squares += g^2,
// theta -= rate g / (sqrt(squares) + epsilon). order (N,) sorts ids; the first entry of each run
// serves its row and leaves the gradient's row zero for the next step. A warp a place of the order.
template <typename T>
__global__ void adagrad_rows(T* theta, T* squares, T* gradient, const int* __restrict__ ids,
                             const long long* __restrict__ order, int N, int E, T rate, T epsilon) {
  const int place = blockIdx.x * (blockDim.x / SQ_WARP) + threadIdx.x / SQ_WARP;
  if (place >= N) return;
  const int id = ids[order[place]];
  if (place > 0 && ids[order[place - 1]] == id) return;
  for (int e = threadIdx.x % SQ_WARP; e < E; e += SQ_WARP) {
    const long long at = (long long)id * E + e;
    const T g = gradient[at], square = squares[at] + g * g;
    squares[at] = square;
    theta[at] -= rate * g / (sq_sqrt(square) + epsilon);
    gradient[at] = T(0);
  }
}
