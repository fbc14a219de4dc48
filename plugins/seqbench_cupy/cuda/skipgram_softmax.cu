// SPDX-License-Identifier: Apache-2.0
// A17: skip-gram with the full softmax (Mikolov et al. 2013a, equation 2), between the products of
// whole matrices that cuBLAS does: logits = hidden weight_out^T before, both gradients after.
//
// ids, left, right (N,): words of the chunk, context words before and after each position. hidden
// (N, D), row c for word ids[c]; logits (N, V) become d loss / d logits in place; losses, squares
// (N,), squares = |hidden|^2.
#include "sq_common.cuh"

// How often the word at c + offset stands in the window of c, told by its first place only: 0 later.
__device__ __forceinline__ int times_in_window(const int* ids, int c, int left, int right, int offset) {
  const int word = ids[c + offset];
  int times = 0;
  for (int other = -left; other <= right; ++other) {
    if (other == 0 || ids[c + other] != word) continue;
    if (other < offset) return 0;
    ++times;
  }
  return times;
}

// A block a position. The loss of w context words is w log sum exp - the logits of these words; its
// gradient w softmax - their counts. A position without context gives no loss and zeros.
template <typename T>
__global__ void window_softmax(T* logits, const T* __restrict__ hidden, const int* __restrict__ ids,
                               const int* __restrict__ left, const int* __restrict__ right,
                               T* __restrict__ losses, T* __restrict__ squares, int V, int D,
                               bool gradient) {
  const int c = blockIdx.x, before = left[c], after = right[c], words = before + after;
  T* row = logits + (long long)c * V;
  T largest = -sq_infinity<T>(), sum = T(0), picked = T(0), square = T(0);
  for (int d = threadIdx.x; d < D; d += blockDim.x) {
    const T h = hidden[(long long)c * D + d];
    square += h * h;
  }
  for (int v = threadIdx.x; v < V && words > 0; v += blockDim.x) largest = sq_max(largest, row[v]);
  largest = sq_block_reduce(largest, SqMax(), -sq_infinity<T>());
  for (int v = threadIdx.x; v < V && words > 0; v += blockDim.x) sum += sq_exp(row[v] - largest);
  for (int offset = int(threadIdx.x) - before; offset <= after; offset += blockDim.x)
    if (offset != 0) picked += row[ids[c + offset]] - largest;
  sum = sq_block_reduce(sum, SqAdd(), T(0));
  picked = sq_block_reduce(picked, SqAdd(), T(0));
  square = sq_block_reduce(square, SqAdd(), T(0));
  if (threadIdx.x == 0) {
    losses[c] = words > 0 ? T(words) * sq_log(sum) - picked : T(0);
    squares[c] = square;
  }
  if (!gradient) return;
  __syncthreads();  // the row was read by others; sums within one warp have no barrier
  const T share = words > 0 ? T(words) / sum : T(0);
  for (int v = threadIdx.x; v < V; v += blockDim.x)
    row[v] = words > 0 ? share * sq_exp(row[v] - largest) : T(0);
  __syncthreads();
  for (int offset = int(threadIdx.x) - before; offset <= after; offset += blockDim.x) {
    if (offset == 0) continue;
    const int times = times_in_window(ids, c, before, after, offset);
    if (times > 0) row[ids[c + offset]] -= T(times);  // by one thread, however often it stands there
  }
}

constexpr int REACH_ROWS = 8;  // threads that share a column

// reach (V,) = sum over positions of |d_logits| |hidden|^2. A block 32 columns: 32 x REACH_ROWS.
template <typename T>
__global__ void column_reach(const T* __restrict__ d_logits, const T* __restrict__ squares,
                             T* __restrict__ reach, int N, int V) {
  __shared__ T shares[REACH_ROWS][SQ_WARP];
  const int lane = threadIdx.x % SQ_WARP, group = threadIdx.x / SQ_WARP;
  const int v = blockIdx.x * SQ_WARP + lane;
  T mine = T(0);
  for (int n = group; n < N && v < V; n += REACH_ROWS)
    mine += sq_abs(d_logits[(long long)n * V + v]) * squares[n];
  shares[group][lane] = mine;
  __syncthreads();
  if (group > 0 || v >= V) return;
  mine = T(0);
  for (int g = 0; g < REACH_ROWS; ++g) mine += shares[g][lane];
  reach[v] = mine;
}

// out (V, D) += scale upstream rows / (1 + damping reach of the row); rows (V, D), reach (V,) or null.
template <typename T>
__global__ void add_matrix(T* __restrict__ out, const T* __restrict__ rows, const T* __restrict__ reach,
                           long long count, int D, T scale, const T* __restrict__ upstream, T damping) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  const T given = upstream != nullptr ? scale * upstream[0] : scale;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride) {
    const T factor = reach != nullptr ? given / (T(1) + damping * reach[i / D]) : given;
    out[i] += factor * rows[i];
  }
}

// total (1,): the sum of `count` losses. One block: always in the same order.
template <typename T>
__global__ void sum_losses(const T* __restrict__ losses, T* __restrict__ total, int count) {
  T sum = T(0);
  for (int i = threadIdx.x; i < count; i += blockDim.x) sum += losses[i];
  sum = sq_block_reduce(sum, SqAdd(), T(0));
  if (threadIdx.x == 0) total[0] = sum;
}
