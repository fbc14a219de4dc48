// SPDX-License-Identifier: Apache-2.0
// A33: attention of many queries over a padded memory, forward and backward.
//
// additive (Bahdanau, Cho & Bengio 2015, appendix A.1.2): e = v . tanh(q + k);
// dot and general (Luong, Pham & Manning 2015, equation 8): e = q . k. Here q and k are projected.
//
// queries (Tq, B, D); keys (Tx, B, D); memory, d_memory (Tx, B, A); lengths (B,) of the memory;
// weights, d_scores (Tq, B, Tx); context, d_context (Tq, B, A); v (D,). Row-major; rows of keys and
// memory past a length are never read. Nothing of the size (Tq, Tx, B, D) is ever stored.
//
// The additive score takes no tanh a pair: tanh(q + k) = 1 - 2 s with s = 1 / (1 + e^2q e^2k), the
// exponentials taken once a query and once a key (`exp_queries`, `exp_keys`, of the same shapes).
// A row with an entry beyond LIMIT is marked in `far` (its product of exponentials might overflow
// where q + k is moderate): its pairs take tanh(q + k) as it stands.
//
// Blocks of `attend` and `softmax_backward` serve TILE queries of one sequence, so that a row of the
// keys or of the memory is fetched once for all of them.
#include "sq_common.cuh"

constexpr int TILE = 4;

__device__ __forceinline__ float reciprocal(float x) { return __fdividef(1.f, x); }
__device__ __forceinline__ double reciprocal(double x) { return 1.0 / x; }

// A pair of a query's and a key's entry: its share of the score, and the slopes towards both.
template <typename T> struct Pair {
  T q, k, s;  // s = 1 / (1 + e^2q e^2k), for the additive score alone

  template <bool Additive>
  __device__ static Pair of(const T* queries, const T* keys, const T* exp_queries, const T* exp_keys,
                            long long query, long long key, bool far) {
    if (!Additive) return {queries[query], keys[key], T(0)};
    if (far) return {T(0), T(0), (T(1) - sq_tanh(queries[query] + keys[key])) / T(2)};
    return {T(0), T(0), reciprocal(T(1) + exp_queries[query] * exp_keys[key])};
  }
  template <bool Additive> __device__ T score(T v) const { return Additive ? v * (T(1) - T(2) * s) : q * k; }
  template <bool Additive> __device__ T d_query(T v) const { return Additive ? v * T(4) * (s - s * s) : k; }
  template <bool Additive> __device__ T d_key(T v) const { return Additive ? v * T(4) * (s - s * s) : q; }
};

// rows (rows, D) += bias where given, exponentials e^2x, and whether an entry lies beyond LIMIT.
// A block a row; blockDim.x a multiple of 32.
template <typename T>
__global__ void exponentials(T* __restrict__ rows, const T* __restrict__ bias, T* __restrict__ exps,
                             bool* __restrict__ far, int D, T limit) {
  const long long start = (long long)blockIdx.x * D;
  T largest = T(0);
  for (int d = threadIdx.x; d < D; d += blockDim.x) {
    const T x = rows[start + d] + (bias != nullptr ? bias[d] : T(0));
    rows[start + d] = x;
    exps[start + d] = sq_exp(T(2) * x);
    largest = sq_max(largest, sq_abs(x));
  }
  largest = sq_block_reduce(largest, SqMax(), T(0));
  if (threadIdx.x == 0) far[blockIdx.x] = !(largest <= limit);  // NaN is far
}

// Scores, their softmax inside the length, and the weighted mean of the memory.
// Grid (ceil(Tq / TILE), B); blockDim.x a multiple of 32 and at least TILE warps.
template <typename T, bool Additive>
__global__ void attend(const T* __restrict__ queries, const T* __restrict__ keys,
                       const T* __restrict__ exp_queries, const T* __restrict__ exp_keys,
                       const bool* __restrict__ far_queries, const bool* __restrict__ far_keys,
                       const T* __restrict__ v, const T* __restrict__ memory,
                       const int* __restrict__ lengths, T* context, T* weights, int Tq, int B, int Tx,
                       int D, int A) {
  const int b = blockIdx.y, first = blockIdx.x * TILE, length = lengths[b];
  const int lane = threadIdx.x % SQ_WARP, warp = threadIdx.x / SQ_WARP, warps = blockDim.x / SQ_WARP;
  const int queries_here = min(TILE, Tq - first);
  // Scores: a warp a memory row, its lanes along D, for all queries of the tile.
  for (int j = warp; j < Tx; j += warps) {
    T sums[TILE] = {};
    const long long key_row = (long long)j * B + b;
    if (j < length)
      for (int d = lane; d < D; d += SQ_WARP)
        for (int i = 0; i < queries_here; ++i) {
          const long long query_row = (long long)(first + i) * B + b;
          const bool far = Additive && (far_queries[query_row] || far_keys[key_row]);
          const Pair<T> pair = Pair<T>::template of<Additive>(
              queries, keys, exp_queries, exp_keys, query_row * D + d, key_row * D + d, far);
          sums[i] += pair.template score<Additive>(Additive ? v[d] : T(1));
        }
    for (int i = 0; i < queries_here; ++i) {
      const T score = sq_warp_reduce(sums[i], SqAdd());
      if (lane == 0) weights[((long long)(first + i) * B + b) * Tx + j] = score;  // 0 past the length
    }
  }
  __syncthreads();
  if (warp < queries_here) {  // softmax: a warp a query
    T* row = weights + ((long long)(first + warp) * B + b) * Tx;
    T largest = -sq_infinity<T>(), sum = T(0);
    for (int j = lane; j < length; j += SQ_WARP) largest = sq_max(largest, row[j]);
    largest = sq_warp_reduce(largest, SqMax());
    for (int j = lane; j < length; j += SQ_WARP) sum += row[j] = sq_exp(row[j] - largest);
    sum = sq_warp_reduce(sum, SqAdd());
    for (int j = lane; j < length; j += SQ_WARP) row[j] /= sum;
  }
  __syncthreads();
  for (int a = threadIdx.x; a < A; a += blockDim.x) {
    T sums[TILE] = {};
    for (int j = 0; j < length; ++j) {
      const T value = memory[((long long)j * B + b) * A + a];
      for (int i = 0; i < queries_here; ++i)
        sums[i] += weights[((long long)(first + i) * B + b) * Tx + j] * value;
    }
    for (int i = 0; i < queries_here; ++i) context[((long long)(first + i) * B + b) * A + a] = sums[i];
  }
}

// d_scores from d_context and d_weights, each of which may be null: through the mean of the memory
// (context = weights @ memory) and the softmax. The same grid and block as `attend`.
template <typename T>
__global__ void softmax_backward(const T* __restrict__ d_context, const T* __restrict__ d_weights,
                                 const T* __restrict__ weights, const T* __restrict__ memory,
                                 const int* __restrict__ lengths, T* d_scores, int Tq, int B, int Tx, int A) {
  const int b = blockIdx.y, first = blockIdx.x * TILE, length = lengths[b];
  const int lane = threadIdx.x % SQ_WARP, warp = threadIdx.x / SQ_WARP, warps = blockDim.x / SQ_WARP;
  const int queries_here = min(TILE, Tq - first);
  for (int j = warp; j < Tx; j += warps) {
    T sums[TILE] = {};
    if (j < length && d_context != nullptr)
      for (int a = lane; a < A; a += SQ_WARP) {
        const T value = memory[((long long)j * B + b) * A + a];
        for (int i = 0; i < queries_here; ++i)
          sums[i] += d_context[((long long)(first + i) * B + b) * A + a] * value;
      }
    for (int i = 0; i < queries_here; ++i) {
      T sum = sq_warp_reduce(sums[i], SqAdd());
      const long long at = ((long long)(first + i) * B + b) * Tx + j;
      if (d_weights != nullptr) sum += d_weights[at];
      if (lane == 0) d_scores[at] = j < length ? sum : T(0);
    }
  }
  __syncthreads();
  if (warp < queries_here) {
    const long long row = ((long long)(first + warp) * B + b) * Tx;
    T mean = T(0);
    for (int j = lane; j < length; j += SQ_WARP) mean += weights[row + j] * d_scores[row + j];
    mean = sq_warp_reduce(mean, SqAdd());
    for (int j = lane; j < length; j += SQ_WARP)  // weights = softmax(scores)
      d_scores[row + j] = weights[row + j] * (d_scores[row + j] - mean);
  }
}

// d_queries (Tq, B, D) and, additive, each block's share of d_v: shares_v (tiles * B, D).
// Grid (ceil(Tq / TILE), B, ceil(D / blockDim.x)), a thread an entry of D.
template <typename T, bool Additive>
__global__ void queries_backward(const T* __restrict__ d_scores, const T* __restrict__ queries,
                                 const T* __restrict__ keys, const T* __restrict__ exp_queries,
                                 const T* __restrict__ exp_keys, const bool* __restrict__ far_queries,
                                 const bool* __restrict__ far_keys, const T* __restrict__ v,
                                 const int* __restrict__ lengths, T* __restrict__ d_queries,
                                 T* __restrict__ shares_v, int Tq, int B, int Tx, int D) {
  const int b = blockIdx.y, first = blockIdx.x * TILE, d = blockIdx.z * blockDim.x + threadIdx.x;
  if (d >= D) return;
  const int queries_here = min(TILE, Tq - first);
  const T v_d = Additive ? v[d] : T(1);
  T sums[TILE] = {}, share_v = T(0);
  for (int j = 0; j < lengths[b]; ++j) {
    const long long key_row = (long long)j * B + b;
    for (int i = 0; i < queries_here; ++i) {
      const long long query_row = (long long)(first + i) * B + b;
      const bool far = Additive && (far_queries[query_row] || far_keys[key_row]);
      const Pair<T> pair = Pair<T>::template of<Additive>(
          queries, keys, exp_queries, exp_keys, query_row * D + d, key_row * D + d, far);
      const T d_score = d_scores[query_row * Tx + j];
      sums[i] += d_score * pair.template d_query<Additive>(v_d);
      if (Additive) share_v += d_score * pair.template score<Additive>(T(1));  // score = v . tanh
    }
  }
  for (int i = 0; i < queries_here; ++i) d_queries[((long long)(first + i) * B + b) * D + d] = sums[i];
  if (Additive) shares_v[((long long)blockIdx.x * B + b) * D + d] = share_v;
}

// d_keys (Tx, B, D), zero past the lengths. Grid (ceil(Tx / TILE), B, ceil(D / blockDim.x)).
template <typename T, bool Additive>
__global__ void keys_backward(const T* __restrict__ d_scores, const T* __restrict__ queries,
                              const T* __restrict__ keys, const T* __restrict__ exp_queries,
                              const T* __restrict__ exp_keys, const bool* __restrict__ far_queries,
                              const bool* __restrict__ far_keys, const T* __restrict__ v,
                              const int* __restrict__ lengths, T* __restrict__ d_keys, int Tq, int B, int Tx,
                              int D) {
  const int b = blockIdx.y, first = blockIdx.x * TILE, d = blockIdx.z * blockDim.x + threadIdx.x;
  if (d >= D) return;
  const int here = min(TILE, Tx - first), length = lengths[b];
  const T v_d = Additive ? v[d] : T(1);
  T sums[TILE] = {};
  for (int t = 0; t < Tq; ++t) {
    const long long query_row = (long long)t * B + b;
    for (int i = 0; i < here && first + i < length; ++i) {
      const long long key_row = (long long)(first + i) * B + b;
      const bool far = Additive && (far_queries[query_row] || far_keys[key_row]);
      const Pair<T> pair = Pair<T>::template of<Additive>(
          queries, keys, exp_queries, exp_keys, query_row * D + d, key_row * D + d, far);
      sums[i] += d_scores[query_row * Tx + first + i] * pair.template d_key<Additive>(v_d);
    }
  }
  for (int i = 0; i < here; ++i) d_keys[((long long)(first + i) * B + b) * D + d] = sums[i];
}

// d_memory as values (context = weights @ memory): sum over the queries; zero where d_context is
// null. Grid (ceil(Tx / TILE), B, ceil(A / blockDim.x)).
template <typename T>
__global__ void values_backward(const T* __restrict__ weights, const T* __restrict__ d_context,
                                T* __restrict__ d_memory, int Tq, int B, int Tx, int A) {
  const int b = blockIdx.y, first = blockIdx.x * TILE, a = blockIdx.z * blockDim.x + threadIdx.x;
  if (a >= A) return;
  const int here = min(TILE, Tx - first);
  T sums[TILE] = {};
  for (int t = 0; d_context != nullptr && t < Tq; ++t) {
    const long long row = (long long)t * B + b;
    const T d = d_context[row * A + a];
    for (int i = 0; i < here; ++i) sums[i] += weights[row * Tx + first + i] * d;
  }
  for (int i = 0; i < here; ++i) d_memory[((long long)(first + i) * B + b) * A + a] = sums[i];
}

// out (T, B, size) = rows inside the lengths, zero past them; it may be `rows` itself. A thread an
// element.
template <typename T>
__global__ void mask_rows(const T* rows, const int* __restrict__ lengths, T* out, long long count, int B,
                          int size) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride) {
    const long long row = i / size;
    out[i] = row / B < lengths[row % B] ? rows[i] : T(0);
  }
}
