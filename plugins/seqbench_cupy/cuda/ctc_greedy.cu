// SPDX-License-Identifier: Apache-2.0
// A36, best path decoding (Graves et al. 2006, section 3.2): the likeliest label of each frame,
// equal neighbours merged, blanks dropped.
//
// logits (T, B, V); lengths (B,); path, best (T, B): the label of a frame and its log probability;
// labels (B, T), label_lengths, scores (B,).
#include "sq_common.cuh"

// A warp a row; of equal logits the lowest id wins. Rows past the lengths are left alone.
template <typename T>
__global__ void ctc_best_labels(const T* __restrict__ logits, const int* __restrict__ lengths,
                                int* __restrict__ path, T* __restrict__ best, int rows, int B, int V) {
  const int lane = threadIdx.x % SQ_WARP;
  const int row = blockIdx.x * (blockDim.x / SQ_WARP) + threadIdx.x / SQ_WARP;
  if (row >= rows || row / B >= lengths[row % B]) return;
  const T* x = logits + (long long)row * V;
  T largest = -sq_infinity<T>();
  int where = V;  // a lane without a number has no id
  for (int v = lane; v < V; v += SQ_WARP)
    if (x[v] > largest || where == V) {
      largest = x[v];
      where = v;
    }
  for (int distance = SQ_WARP / 2; distance > 0; distance /= 2) {
    const T other = __shfl_xor_sync(SQ_FULL, largest, distance);
    const int at = __shfl_xor_sync(SQ_FULL, where, distance);
    if (other > largest || (other == largest && at < where)) {
      largest = other;
      where = at;
    }
  }
  T sum = T(0);
  for (int v = lane; v < V; v += SQ_WARP) sum += sq_exp(x[v] - largest);
  sum = sq_warp_reduce(sum, SqAdd());
  if (lane > 0) return;
  path[row] = where;
  best[row] = -sq_log(sum);
}

// A block of whole warps a sequence: a frame a thread, places by ballot and a scan of the warps.
template <typename T>
__global__ void ctc_collapse(const int* __restrict__ path, const T* __restrict__ best,
                             const int* __restrict__ lengths, int* __restrict__ labels,
                             int* __restrict__ label_lengths, T* __restrict__ scores, int steps, int B,
                             int blank) {
  __shared__ int counts[2][SQ_WARP];  // in turn, so that one barrier a chunk is enough
  const int b = blockIdx.x, lane = threadIdx.x % SQ_WARP, warp = threadIdx.x / SQ_WARP;
  const int warps = blockDim.x / SQ_WARP, frames = lengths[b];
  int* mine = labels + (long long)b * steps;
  int written = 0, turn = 0;
  T score = T(0);
  for (int first = 0; first < frames; first += blockDim.x) {
    const int t = first + threadIdx.x;
    int label = blank;
    bool kept = false;
    if (t < frames) {
      label = path[(long long)t * B + b];
      kept = label != blank && (t == 0 || label != path[(long long)(t - 1) * B + b]);
      score += best[(long long)t * B + b];
    }
    const unsigned votes = __ballot_sync(SQ_FULL, kept);
    if (lane == 0) counts[turn][warp] = __popc(votes);
    __syncthreads();
    int before = written;
    for (int w = 0; w < warps; w++) {
      if (w == warp && kept) mine[before + __popc(votes & ((1u << lane) - 1))] = label;
      before += counts[turn][w];
    }
    written = before;
    turn ^= 1;
  }
  for (int t = written + threadIdx.x; t < steps; t += blockDim.x) mine[t] = blank;
  score = sq_block_reduce(score, SqAdd(), T(0));
  if (threadIdx.x > 0) return;
  label_lengths[b] = written;
  scores[b] = score;
}
