// SPDX-License-Identifier: Apache-2.0
// A36, prefix beam search (Graves 2012, section 7.5; Hannun et al. 2014, algorithm 1), with an optional
// language model as an automaton over labels.
//
// logits (T, B, V); lengths (B,); log_sums (T, B) double. A block an utterance, all frames in one
// launch. The beam lives in shared memory: of each of K prefixes the log mass ending in a blank and in
// its last label, what the language model added, the automaton's state, hashes of the prefix and of
// its parent, and its node in the trie. Nodes (parent node, label) stand in global memory, nodes
// (B, T, K, 2): node t K + r is the prefix that came to slot r in frame t; its labels are read off
// once, at the end. bonus, next_state (G, V), final (G,), or null.
//
// Where labels are many and no language model ranks them, only the best of a frame are looked at.
// Candidates of a frame, in the order that breaks ties: the K prefixes kept, then their extensions
// K + k V + v.
#include "sq_ctc.cuh"
#include "sq_select.cuh"
#include "sq_sort.cuh"

constexpr unsigned long long SQ_MULTIPLIER = 0x9E3779B97F4A7C15ull;

struct Prefixes {
  double *ending_blank, *ending_label, *prior;
  unsigned long long *key, *parent_key;
  int *last, *state, *node, *depth;  // last: -1 for none; node: -1 for the root
};

// What a frame makes of the prefixes; children: lists of the prefixes that extend one of the beam.
struct Frame {
  double *total, *kept_blank, *kept_label, *kept;
  int *first_child, *next_child;
};

// Slots of dynamic shared memory, the widest first.
struct Arena {
  unsigned char* next;
  template <typename X> __device__ X* take(int count) {
    X* taken = (X*)next;
    next += sizeof(X) * count;
    return taken;
  }
  __device__ void wide(Prefixes* p, int K) {
    p->ending_blank = take<double>(K);
    p->ending_label = take<double>(K);
    p->prior = take<double>(K);
    p->key = take<unsigned long long>(K);
    p->parent_key = take<unsigned long long>(K);
  }
  __device__ void narrow(Prefixes* p, int K) {
    p->last = take<int>(K);
    p->state = take<int>(K);
    p->node = take<int>(K);
    p->depth = take<int>(K);
  }
};

__device__ __forceinline__ double log_add(double a, double b) {
  const double top = a > b ? a : b;
  if (top == -sq_infinity<double>()) return top;
  return top + log(exp(a - top) + exp(b - top));
}

__device__ __forceinline__ unsigned long long extended_key(unsigned long long key, int label) {
  const unsigned long long mixed = (key ^ (unsigned long long)(label + 1)) * SQ_MULTIPLIER;
  return mixed ^ (mixed >> 29);
}

template <typename T> struct Candidates {
  using Item = SqItem<unsigned long long>;
  const T* logits;  // of this frame
  const T* bonus;
  const int* top;  // this frame's best labels, null where all are looked at
  double log_sum;
  Prefixes beam;
  Frame frame;
  int K, V, blank, width;  // width: how many labels are looked at
  // log mass of prefix k and one label more, before the language model
  __device__ __forceinline__ double extension(int k, int v) const {
    const double mass = v == beam.last[k] ? beam.ending_blank[k] : frame.total[k];
    return mass + (double(logits[v]) - log_sum);
  }
  // of a candidate by its index in the order that breaks ties
  __device__ __forceinline__ double rank(unsigned int i) const {
    if (i < K) return frame.kept[i];
    const int k = int((i - K) / V), v = int((i - K) % V);
    if (v == blank) return -sq_infinity<double>();
    for (int c = frame.first_child[k]; c >= 0; c = frame.next_child[c])
      if (beam.last[c] == v) return -sq_infinity<double>();  // its mass went to the child
    double value = extension(k, v) + beam.prior[k];
    if (bonus != nullptr) value += double(bonus[(long long)beam.state[k] * V + v]);
    return value;
  }
  // the i-th that is looked at
  __device__ __forceinline__ Item operator()(unsigned int i) const {
    unsigned int index = i;
    if (top != nullptr && i >= K) index = K + (i - K) / width * V + top[(i - K) % width];
    return {sq_order(rank(index)), ~index};
  }
};

// Slot k's masses if it is kept. A prefix whose parent is in the beam gets its extension's mass too.
template <typename T>
__device__ void keep(const Candidates<T>& all, int k) {
  const Prefixes& beam = all.beam;
  const Frame& frame = all.frame;
  const int last = beam.last[k];
  double arriving = -sq_infinity<double>();
  if (last >= 0) {
    int parent = 0;
    while (parent < all.K && beam.key[parent] != beam.parent_key[k]) parent++;
    if (parent < all.K) {
      arriving = all.extension(parent, last);
      frame.next_child[k] = atomicExch(&frame.first_child[parent], k);
    }
  }
  const double at_blank = double(all.logits[all.blank]) - all.log_sum;
  const double at_last = double(all.logits[last < 0 ? all.blank : last]) - all.log_sum;
  frame.kept_blank[k] = frame.total[k] + at_blank;
  frame.kept_label[k] = log_add(beam.ending_label[k] + at_last, arriving);
  frame.kept[k] = log_add(frame.kept_blank[k], frame.kept_label[k]) + beam.prior[k];
}

// Slot r of the next beam from candidate i.
template <typename T>
__device__ void move_to(const Candidates<T>& all, Prefixes after, int r, unsigned int i,
                        const int* next_state, int* nodes, int frame_index) {
  const Prefixes& before = all.beam;
  const bool is_new = i >= all.K;
  const int k = is_new ? int((i - all.K) / all.V) : int(i);
  const int label = is_new ? int((i - all.K) % all.V) : -1;
  const double nothing = -sq_infinity<double>();
  const bool there = all.rank(i) != nothing;
  const int state = before.state[k];
  double prior = before.prior[k];
  if (is_new && there && all.bonus != nullptr) prior += double(all.bonus[(long long)state * all.V + label]);
  after.ending_blank[r] = is_new || !there ? nothing : all.frame.kept_blank[k];
  after.ending_label[r] = !there ? nothing : is_new ? all.extension(k, label) : all.frame.kept_label[k];
  after.prior[r] = prior;
  after.key[r] = is_new ? extended_key(before.key[k], label) : before.key[k];
  after.parent_key[r] = is_new ? before.key[k] : before.parent_key[k];
  after.last[r] = !there ? -1 : is_new ? label : before.last[k];
  after.state[r] = is_new && next_state != nullptr ? next_state[(long long)state * all.V + label] : state;
  after.node[r] = before.node[k];
  after.depth[r] = before.depth[k];
  if (!is_new || !there) return;
  const int node = frame_index * all.K + r;
  nodes[2 * (long long)node] = before.node[k];
  nodes[2 * (long long)node + 1] = label;
  after.node[r] = node;
  after.depth[r]++;
}

// top (T*B, width): the best labels of each frame, in any order; of equal ones the lowest ids. A block a
// row. Without a language model 2K are enough: of a prefix's extensions by these one is the blank's,
// at most K - 1 are in the beam already, and K are left, none below what is not looked at.
template <typename T>
__global__ void ctc_top_labels(const T* __restrict__ logits, const int* __restrict__ lengths,
                               int* __restrict__ top, int B, int V, int width) {
  using Key = typename SqOrdered<T>::type;
  __shared__ SqSelectShared select;
  __shared__ unsigned int written;
  const int row = blockIdx.x;
  if (row / B >= lengths[row % B]) return;  // the whole block
  const T* x = logits + (long long)row * V;
  auto items = [x](unsigned int v) { return SqItem<Key>{sq_order(x[v]), ~v}; };
  if (threadIdx.x == 0) written = 0;
  const SqThreshold<Key> kept = sq_select<Key>(&select, items, V, width);
  for (int v = threadIdx.x; v < V; v += blockDim.x)
    if (kept.reached(items(v))) top[(long long)row * width + atomicAdd(&written, 1u)] = v;
}

// labels (B, n_best, T), label_lengths, scores, ranks (B, n_best).
template <typename T>
__global__ void __launch_bounds__(512, 1)
    ctc_prefixes(const T* __restrict__ logits, const double* __restrict__ log_sums,
                 const int* __restrict__ lengths, const T* __restrict__ bonus,
                 const int* __restrict__ next_state, const T* __restrict__ final_bonus,
                 const int* __restrict__ top, int width,
                 int* __restrict__ nodes, int* __restrict__ labels, int* __restrict__ label_lengths,
                 T* __restrict__ scores, T* __restrict__ ranks, int steps, int B, int V, int K, int n_best,
                 int blank, int sortable) {
  SQ_DYN_SHARED(unsigned char, memory);
  __shared__ SqSelectShared select;
  __shared__ unsigned int written;
  Arena arena = {memory};
  Prefixes before, after;
  Frame frame;
  arena.wide(&before, K);
  arena.wide(&after, K);
  frame.total = arena.take<double>(K);
  frame.kept_blank = arena.take<double>(K);
  frame.kept_label = arena.take<double>(K);
  frame.kept = arena.take<double>(K);
  unsigned long long* values = arena.take<unsigned long long>(sortable);
  unsigned int* ties = arena.take<unsigned int>(sortable);
  arena.narrow(&before, K);
  arena.narrow(&after, K);
  frame.first_child = arena.take<int>(K);
  frame.next_child = arena.take<int>(K);
  const int b = blockIdx.x, frames = lengths[b];
  int* mine = nodes + 2 * (long long)b * steps * K;
  const double nothing = -sq_infinity<double>();
  for (int k = threadIdx.x; k < K; k += blockDim.x) {
    before.ending_blank[k] = k == 0 ? 0.0 : nothing;
    before.ending_label[k] = nothing;
    before.prior[k] = 0.0;
    before.key[k] = 1;
    before.parent_key[k] = 0;
    before.last[k] = before.node[k] = -1;
    before.state[k] = before.depth[k] = 0;
  }
  for (int t = 0; t < frames; t++) {
    const long long row = (long long)t * B + b;
    const int* looked_at = top != nullptr ? top + row * width : nullptr;
    const Candidates<T> all = {logits + row * V, bonus, looked_at, log_sums[row], before,
                               frame,            K,     V,         blank,         width};
    for (int k = threadIdx.x; k < K; k += blockDim.x) {
      frame.total[k] = log_add(before.ending_blank[k], before.ending_label[k]);
      frame.first_child[k] = -1;
    }
    if (threadIdx.x == 0) written = 0;
    __syncthreads();
    for (int k = threadIdx.x; k < K; k += blockDim.x) keep(all, k);
    const unsigned int count = (unsigned int)K * (width + 1);
    const SqThreshold<unsigned long long> kept = sq_select<unsigned long long>(&select, all, count, K);
    for (unsigned int i = threadIdx.x; i < count; i += blockDim.x) {
      const auto x = all(i);
      if (!kept.reached(x)) continue;
      const unsigned int at = atomicAdd(&written, 1u);
      values[at] = x.value;
      ties[at] = x.tie;
    }
    for (int i = K + threadIdx.x; i < sortable; i += blockDim.x) {
      values[i] = 0;
      ties[i] = 0;
    }
    sq_sort_descending(values, ties, sortable);
    for (int r = threadIdx.x; r < K; r += blockDim.x) move_to(all, after, r, ~ties[r], next_state, mine, t);
    __syncthreads();
    const Prefixes swapped = before;
    before = after;
    after = swapped;
  }
  for (int k = threadIdx.x; k < sortable; k += blockDim.x) {
    double rank = nothing;
    if (k < K) {
      rank = log_add(before.ending_blank[k], before.ending_label[k]) + before.prior[k];
      if (final_bonus != nullptr) rank += double(final_bonus[before.state[k]]);
    }
    values[k] = k < K ? sq_order(rank) : 0;
    ties[k] = k < K ? ~(unsigned int)k : 0;
  }
  sq_sort_descending(values, ties, sortable);
  for (int i = threadIdx.x; i < n_best; i += blockDim.x) {
    const int k = int(~ties[i]);
    const long long at = (long long)b * n_best + i;
    const double score = log_add(before.ending_blank[k], before.ending_label[k]);
    const double rank = score + before.prior[k];
    scores[at] = T(score);
    ranks[at] = T(final_bonus != nullptr ? rank + double(final_bonus[before.state[k]]) : rank);
    label_lengths[at] = before.depth[k];
    int* out = labels + at * steps;
    int place = before.depth[k];
    for (int node = before.node[k]; node >= 0; node = mine[2 * (long long)node])
      out[--place] = mine[2 * (long long)node + 1];
    for (int t = before.depth[k]; t < steps; t++) out[t] = blank;
  }
}
