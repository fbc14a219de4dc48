// SPDX-License-Identifier: Apache-2.0
// A18-A20: word vectors by binary problems. Skip-gram and CBOW (Mikolov et al. 2013a) with noise
// words (Mikolov et al. 2013b, equation 4) or down a Huffman tree (Morin & Bengio 2005).
//
// ids, left, right (N,): words of the chunk and how many context words each position has before and
// after it. Position c has a hidden vector, D numbers: skip-gram's is row ids[c] of weight_in,
// CBOW's the mean of its context, row c of `hidden` (then hidden_ids is null). It answers for
// examples: skip-gram for every context word, CBOW for its own word. `slots` of factors a position:
// 2R for the offsets -R..-1, 1..R, or 1.
//     pair_factors (N, slots, L)   d loss / d score, written where there is an example; L turns of a
//                                  path, 1 with noise words
//     noise_factors (N, M)         negatives (ceil(N / block), M)
//     squares (N,)                 |hidden|^2; losses (N,)
// Every gradient row of weight_out belongs to a position (and a turn), or to a noise word of a
// block: one warp gathers it from the centres around, so nothing is added to by two warps. `keys`
// are the rows' ids, -1 where a row has no problem; scatter.cu sums rows of equal ids.
//
// A warp a vector, lane l holding columns l, l + 32, ... in registers: K of them, D <= 32 K.
#include "sq_common.cuh"

template <typename T, int K> struct Vector {
  T at[K];
};

template <int K, typename T> __device__ __forceinline__ Vector<T, K> load(const T* row, int D) {
  Vector<T, K> made;
#pragma unroll
  for (int k = 0; k < K; ++k) {
    const int column = threadIdx.x % SQ_WARP + SQ_WARP * k;
    made.at[k] = column < D ? row[column] : T(0);
  }
  return made;
}

template <typename T, int K> __device__ __forceinline__ void store(T* row, int D, const Vector<T, K>& x) {
#pragma unroll
  for (int k = 0; k < K; ++k) {
    const int column = threadIdx.x % SQ_WARP + SQ_WARP * k;
    if (column < D) row[column] = x.at[k];
  }
}

template <typename T, int K> __device__ __forceinline__ Vector<T, K> zeros() {
  Vector<T, K> made;
#pragma unroll
  for (int k = 0; k < K; ++k) made.at[k] = T(0);
  return made;
}

template <typename T, int K>
__device__ __forceinline__ void add(Vector<T, K>& sum, T factor, const Vector<T, K>& x) {
#pragma unroll
  for (int k = 0; k < K; ++k) sum.at[k] += factor * x.at[k];
}

template <typename T, int K>
__device__ __forceinline__ T dot(const Vector<T, K>& x, const Vector<T, K>& y) {
  T mine = T(0);
#pragma unroll
  for (int k = 0; k < K; ++k) mine += x.at[k] * y.at[k];
  return sq_warp_reduce(mine, SqAdd());
}

template <typename T> __device__ __forceinline__ T softplus(T x) {
  return sq_log1p(sq_exp(-sq_abs(x))) + sq_max(x, T(0));
}

// The warp's number in the grid.
__device__ __forceinline__ long long warp_number() {
  return blockIdx.x * (long long)(blockDim.x / SQ_WARP) + threadIdx.x / SQ_WARP;
}

// Windows of a chunk, and which examples a position has.
struct Chunk {
  const int *left, *right;
  int N, R;

  __device__ bool has_context(int c) const { return left[c] + right[c] > 0; }
  // Whether c + offset is a context word of c; offset is not 0.
  __device__ bool reaches(int c, int offset) const {
    return offset < 0 ? -offset <= left[c] : offset <= right[c];
  }
};

// Offsets [first, last] of a position's examples, 0 left out for skip-gram.
template <bool SKIP> struct Examples {
  int first, last;

  __device__ Examples(const Chunk& chunk, int c)
      : first(SKIP ? -chunk.left[c] : chunk.has_context(c) ? 0 : 1), last(SKIP ? chunk.right[c] : 0) {}
  __device__ static int slots(const Chunk& chunk) { return SKIP ? 2 * chunk.R : 1; }
  __device__ static int slot(const Chunk& chunk, int offset) {
    return !SKIP ? 0 : offset < 0 ? offset + chunk.R : offset + chunk.R - 1;
  }
};

// One binary problem: its loss, and the factor d loss / d score; sign +1 or -1.
template <typename T> struct Answer {
  T loss, factor;

  __device__ Answer(T score, T sign)
      : loss(softplus(-sign * score)), factor(-sign * sq_sigmoid(-sign * score)) {}
};

// The centre of a warp: its hidden vector, the gradient of that, and the loss.
template <typename T, int K> struct Centre {
  Vector<T, K> hidden, d_hidden;
  T loss;

  // The problem of `row` of weight_out; its factor.
  __device__ T meets(const T* row, int D, T sign, T weight) {
    const Vector<T, K> other = load<K>(row, D);
    const Answer<T> answer(dot(hidden, other), sign);
    loss += weight * answer.loss;
    add(d_hidden, weight * answer.factor, other);
    return weight * answer.factor;
  }
  __device__ void leave(long long c, int D, T* d_rows, T* squares, T* losses) const {
    const T square = dot(hidden, hidden);
    if (d_rows != nullptr) store(d_rows + c * D, D, d_hidden);
    if (threadIdx.x % SQ_WARP > 0) return;
    squares[c] = square;
    losses[c] = loss;
  }
};

// hidden (N, D): the mean of each position's context, zero where it has none. A warp a position.
template <typename T, int K>
__global__ void context_means(const T* __restrict__ weight_in, const int* __restrict__ ids,
                              const int* __restrict__ left, const int* __restrict__ right,
                              T* __restrict__ hidden, int N, int D) {
  const long long c = warp_number();
  if (c >= N) return;
  Vector<T, K> sum = zeros<T, K>();
  for (int offset = -left[c]; offset <= right[c]; ++offset)
    if (offset != 0) add(sum, T(1), load<K>(weight_in + (long long)ids[c + offset] * D, D));
  const int words = left[c] + right[c];
  Vector<T, K> mean = zeros<T, K>();
  add(mean, T(1) / T(words > 1 ? words : 1), sum);
  store(hidden + c * D, D, mean);
}

// What noise word `base + lane` weighs beside the examples of c: for each example, noise_weight
// shared by the noise words that are not its target.
template <bool SKIP, typename T>
__device__ T noise_share(const Chunk& chunk, int c, const int* ids, const int* noise, int M, int base,
                         T noise_weight) {
  const int lane = threadIdx.x % SQ_WARP;
  const int mine = base + lane < M ? noise[base + lane] : -1;
  const Examples<SKIP> examples(chunk, c);
  T share = T(0);
  for (int offset = examples.first; offset <= examples.last; ++offset) {
    if (SKIP && offset == 0) continue;
    const int target = ids[c + offset];
    int others = 0;
    for (int m = 0; m < M; m += SQ_WARP)
      others += __popc(__ballot_sync(SQ_FULL, m + lane < M && noise[m + lane] != target));
    if (mine >= 0 && mine != target) share += noise_weight / T(others);
  }
  return share;
}

// d_hidden (N, D) or null, factors, squares, losses. A warp a position.
template <typename T, int K, bool SKIP>
__global__ void noise_scores(const T* __restrict__ hidden, const int* __restrict__ hidden_ids,
                             const T* __restrict__ weight_out, const int* __restrict__ ids,
                             const int* __restrict__ left, const int* __restrict__ right,
                             const int* __restrict__ negatives, T* __restrict__ d_hidden,
                             T* __restrict__ pair_factors, T* __restrict__ noise_factors,
                             T* __restrict__ squares, T* __restrict__ losses, int N, int D, int R, int M,
                             int block, T noise_weight) {
  const int c = int(warp_number()), lane = threadIdx.x % SQ_WARP;
  if (c >= N) return;
  const Chunk chunk = {left, right, N, R};
  const Examples<SKIP> examples(chunk, c);
  const long long row = hidden_ids != nullptr ? hidden_ids[c] : c;
  Centre<T, K> centre = {load<K>(hidden + row * D, D), zeros<T, K>(), T(0)};
  for (int offset = examples.first; offset <= examples.last; ++offset) {
    if (SKIP && offset == 0) continue;
    const T factor = centre.meets(weight_out + (long long)ids[c + offset] * D, D, T(1), T(1));
    if (lane == 0) pair_factors[(long long)c * examples.slots(chunk) + examples.slot(chunk, offset)] = factor;
  }
  const int* noise = negatives + (long long)(c / block) * M;
  for (int base = 0; base < M; base += SQ_WARP) {
    const T my_share = noise_share<SKIP>(chunk, c, ids, noise, M, base, noise_weight);
    T my_factor = T(0);
    for (int m = 0; m < SQ_WARP && base + m < M; ++m) {
      const T share = __shfl_sync(SQ_FULL, my_share, m);
      if (share == T(0)) continue;  // the same in every lane
      const T factor = centre.meets(weight_out + (long long)noise[base + m] * D, D, T(-1), share);
      if (lane == m) my_factor = factor;
    }
    if (base + lane < M) noise_factors[(long long)c * M + base + lane] = my_factor;
  }
  centre.leave(c, D, d_hidden, squares, losses);
}

// The same down the path of every target: path_nodes, path_signs (V, L), 0 past a path's end.
template <typename T, int K, bool SKIP>
__global__ void path_scores(const T* __restrict__ hidden, const int* __restrict__ hidden_ids,
                            const T* __restrict__ weight_out, const int* __restrict__ ids,
                            const int* __restrict__ left, const int* __restrict__ right,
                            const int* __restrict__ path_nodes, const signed char* __restrict__ path_signs,
                            T* __restrict__ d_hidden, T* __restrict__ pair_factors,
                            T* __restrict__ squares, T* __restrict__ losses, int N, int D, int R, int L) {
  const int c = int(warp_number()), lane = threadIdx.x % SQ_WARP;
  if (c >= N) return;
  const Chunk chunk = {left, right, N, R};
  const Examples<SKIP> examples(chunk, c);
  const long long row = hidden_ids != nullptr ? hidden_ids[c] : c;
  Centre<T, K> centre = {load<K>(hidden + row * D, D), zeros<T, K>(), T(0)};
  for (int offset = examples.first; offset <= examples.last; ++offset) {
    if (SKIP && offset == 0) continue;
    const long long path = (long long)ids[c + offset] * L;
    const long long kept = ((long long)c * examples.slots(chunk) + examples.slot(chunk, offset)) * L;
    for (int turn = 0; turn < L && path_signs[path + turn] != 0; ++turn) {
      const T* node = weight_out + (long long)path_nodes[path + turn] * D;
      const T factor = centre.meets(node, D, T(path_signs[path + turn]), T(1));
      if (lane == 0) pair_factors[kept + turn] = factor;
    }
  }
  centre.leave(c, D, d_hidden, squares, losses);
}

// A gradient row of weight_out as it grows: a warp's sum of factor * hidden.
template <typename T, int K> struct OutRow {
  Vector<T, K> sum;
  T reach;   // sum of |factor| |hidden|^2, see VectorUpdate
  bool any;

  __device__ void take(T factor, T square, const T* hidden, int D) {
    add(sum, factor, load<K>(hidden, D));
    reach += sq_abs(factor) * square;
    any = true;
  }
  __device__ void leave(long long entry, int id, int D, T* rows, T* reaches, int* keys) const {
    if (any) store(rows + entry * D, D, sum);
    if (threadIdx.x % SQ_WARP > 0) return;
    keys[entry] = any ? id : -1;
    reaches[entry] = any ? reach : T(0);
  }
};

// rows (N L, D), reaches, keys (N L,): entry p L + turn is position p as a target. out_ids is `ids`
// with L = 1, or path_nodes (V, L) with path_signs. A warp an entry.
template <typename T, int K, bool SKIP>
__global__ void target_rows(const T* __restrict__ hidden, const int* __restrict__ hidden_ids,
                            const int* __restrict__ ids, const int* __restrict__ left,
                            const int* __restrict__ right, const int* __restrict__ path_nodes,
                            const signed char* __restrict__ path_signs, const T* __restrict__ pair_factors,
                            const T* __restrict__ squares, T* __restrict__ rows, T* __restrict__ reaches,
                            int* __restrict__ keys, int N, int D, int R, int L) {
  const long long entry = warp_number();
  const int p = int(entry / L), turn = int(entry % L);
  if (p >= N) return;
  const Chunk chunk = {left, right, N, R};
  const long long path = (long long)ids[p] * L + turn;
  const bool on_path = path_signs == nullptr || path_signs[path] != 0;
  OutRow<T, K> row = {zeros<T, K>(), T(0), false};
  const int first = !SKIP ? p : p > R ? p - R : 0, last = !SKIP ? p : p + R < N ? p + R : N - 1;
  for (int c = first; c <= last && on_path; ++c) {
    if (SKIP ? c == p || !chunk.reaches(c, p - c) : !chunk.has_context(c)) continue;
    const int slot = Examples<SKIP>::slot(chunk, p - c), slots = Examples<SKIP>::slots(chunk);
    const long long from = hidden_ids != nullptr ? hidden_ids[c] : c;
    row.take(pair_factors[((long long)c * slots + slot) * L + turn], squares[c], hidden + from * D, D);
  }
  row.leave(entry, path_nodes != nullptr ? path_nodes[path] : ids[p], D, rows, reaches, keys);
}

// rows (G M, D), reaches, keys (G M,): the noise words of each block. A warp an entry.
template <typename T, int K>
__global__ void noise_rows(const T* __restrict__ hidden, const int* __restrict__ hidden_ids,
                           const int* __restrict__ negatives, const T* __restrict__ noise_factors,
                           const T* __restrict__ squares, T* __restrict__ rows, T* __restrict__ reaches,
                           int* __restrict__ keys, long long entries, int N, int D, int M, int block) {
  const long long entry = warp_number();
  if (entry >= entries) return;
  const int g = int(entry / M), m = int(entry % M);
  const int last = N - g * block < block ? N : (g + 1) * block;
  OutRow<T, K> row = {zeros<T, K>(), T(0), false};
  for (int c = g * block; c < last; ++c) {
    const T factor = noise_factors[(long long)c * M + m];
    if (factor == T(0)) continue;
    const long long from = hidden_ids != nullptr ? hidden_ids[c] : c;
    row.take(factor, squares[c], hidden + from * D, D);
  }
  row.leave(entry, negatives[entry], D, rows, reaches, keys);
}

// rows (N, D), keys (N,): what CBOW's means pass back to each position as a context word; divided
// by the number of words in the mean, or as word2vec.c has it. A warp a position.
template <typename T, int K>
__global__ void context_rows(const T* __restrict__ d_hidden, const int* __restrict__ ids,
                             const int* __restrict__ left, const int* __restrict__ right,
                             T* __restrict__ rows, int* __restrict__ keys, int N, int D, int R,
                             bool divide) {
  const int p = int(warp_number());
  if (p >= N) return;
  const Chunk chunk = {left, right, N, R};
  Vector<T, K> sum = zeros<T, K>();
  bool any = false;
  const int first = p > R ? p - R : 0, last = p + R < N ? p + R : N - 1;
  for (int c = first; c <= last; ++c) {
    if (c == p || !chunk.reaches(c, p - c)) continue;
    const T share = divide ? T(1) / T(left[c] + right[c]) : T(1);
    add(sum, share, load<K>(d_hidden + (long long)c * D, D));
    any = true;
  }
  if (any) store(rows + (long long)p * D, D, sum);
  if (threadIdx.x % SQ_WARP == 0) keys[p] = any ? ids[p] : -1;
}

// total (1,): the sum of `count` losses. One block: always in the same order.
template <typename T>
__global__ void sum_losses(const T* __restrict__ losses, T* __restrict__ total, int count) {
  T sum = T(0);
  for (int i = threadIdx.x; i < count; i += blockDim.x) sum += losses[i];
  sum = sq_block_reduce(sum, SqAdd(), T(0));
  if (threadIdx.x == 0) total[0] = sum;
}
