// SPDX-License-Identifier: Apache-2.0
// A28, one step of beam search (Sutskever et al. 2014, section 3.2; Huang, Zhao & Ma 2017, section 3):
// log-sum-exp, the best K continuations of each sentence, end of sentence, pool, done flags.
//
// logits (K, B, V); scores, finished, log_sums, eos_scores, pool and all results (K, B); done (B,).
// A row is read once: it leaves its log-sum-exp and, of every group of SQ_GROUP logits in a row, the
// best candidate's value, best (B, K, G). The K best candidates of a sentence lie in the K groups of
// the best values, ties to the lower group: whatever is in another group has K before it. So K groups
// are selected, then K of their K * SQ_GROUP candidates, then these are sorted. Candidates are
// score + (logit - log_sum), as in the shared text; of equal ones the lowest index k V + v wins.
//
// A small beam does all behind the rows in one block a sentence (`beam_finish`, groups == nullptr).
// For a large one parts of the groups, then of the candidates, are selected by a block each.
#include "sq_select.cuh"
#include "sq_sort.cuh"

constexpr int SQ_GROUP = 128;
constexpr unsigned int SQ_NOTHING = 0xffffffffu;

// A block of whole warps a row (k, b); a warp a group.
template <typename T>
__global__ void beam_rows(const T* __restrict__ logits, const T* __restrict__ scores,
                          const bool* __restrict__ finished, T* __restrict__ log_sums, T* best,
                          T* __restrict__ eos_scores, int K, int B, int V, int eos, bool bound) {
  __shared__ T tops[SQ_WARP], sums[SQ_WARP];
  const int row = blockIdx.x, k = row / B, b = row % B;
  const int lane = threadIdx.x % SQ_WARP, warp = threadIdx.x / SQ_WARP, warps = blockDim.x / SQ_WARP;
  const int G = (V + SQ_GROUP - 1) / SQ_GROUP;
  const T score = scores[row], nothing = -sq_infinity<T>();
  T* mine = best + ((long long)b * K + k) * G;
  if (finished[row] || !(score > nothing)) {  // not live: the whole block leaves
    for (int g = threadIdx.x; g < G; g += blockDim.x) mine[g] = nothing;
    if (threadIdx.x == 0) {
      log_sums[row] = sq_infinity<T>();  // no logit of this row makes a candidate
      eos_scores[row] = nothing;
    }
    return;
  }
  const T* x = logits + (long long)row * V;
  T top = nothing, sum = T(0);  // top is the warp's, sum the lane's
  for (int g = warp; g < G; g += warps) {
    T value[SQ_GROUP / SQ_WARP], largest = nothing, without_eos = nothing;
    for (int j = 0; j < SQ_GROUP / SQ_WARP; j++) {
      const int v = g * SQ_GROUP + j * SQ_WARP + lane;
      value[j] = v < V ? x[v] : nothing;
      largest = sq_max(value[j], largest);
      if (!(bound && v == eos)) without_eos = sq_max(value[j], without_eos);
    }
    largest = sq_warp_reduce(largest, SqMax());
    without_eos = bound ? sq_warp_reduce(without_eos, SqMax()) : largest;
    if (lane == 0) mine[g] = without_eos;
    if (largest == nothing) continue;
    if (!(largest <= top)) {
      sum = top == nothing ? T(0) : sum * sq_exp(top - largest);
      top = largest;
    }
    for (int j = 0; j < SQ_GROUP / SQ_WARP; j++) sum += sq_exp(value[j] - top);
  }
  sum = sq_warp_reduce(sum, SqAdd());
  if (lane == 0) {
    tops[warp] = top;
    sums[warp] = sum;
  }
  __syncthreads();
  const T mine_top = lane < warps ? tops[lane] : nothing;
  top = sq_warp_reduce(mine_top, SqMax());
  sum = lane < warps && mine_top != nothing ? sums[lane] * sq_exp(mine_top - top) : T(0);
  sum = sq_warp_reduce(sum, SqAdd());
  const T log_sum = top + sq_log(sum);
  for (int g = threadIdx.x; g < G; g += blockDim.x) mine[g] = score + (mine[g] - log_sum);
  if (threadIdx.x > 0) return;
  log_sums[row] = log_sum;
  eos_scores[row] = score + (x[eos] - log_sum);
}

// Groups of a sentence, by their index k G + g: all in order, or those of a list.
template <typename T> struct Groups {
  using Item = SqItem<typename SqOrdered<T>::type>;
  const T* best;
  const unsigned int* list;
  unsigned int first;
  __device__ __forceinline__ Item operator()(unsigned int i) const {
    const unsigned int group = list != nullptr ? list[i] : first + i;
    if (group == SQ_NOTHING) return {0, 0u};
    return {sq_order(best[group]), ~group};
  }
};

// Continuations of a sentence, by their index k V + v.
template <typename T> struct Continuations {
  using Item = SqItem<typename SqOrdered<T>::type>;
  const T* logits;  // of the sentence, as scores and log_sums: rows are B V, or B, apart
  const T* scores;
  const T* log_sums;
  int B, V, eos;  // eos: left out; -1 for none
  __device__ __forceinline__ Item at(unsigned int k, int v) const {
    if (v == eos) return {0, ~(unsigned int)(k * (unsigned int)V + v)};
    const T x = logits[(long long)k * B * V + v];
    const long long row = (long long)k * B;
    return {sq_order(scores[row] + (x - log_sums[row])), ~(unsigned int)(k * (unsigned int)V + v)};
  }
};

// Those of a list of groups, or of a list of continuations.
template <typename T> struct InGroups {
  Continuations<T> all;
  const unsigned int* groups;
  int G;
  __device__ __forceinline__ typename Continuations<T>::Item operator()(unsigned int i) const {
    const unsigned int group = groups[i / SQ_GROUP];
    if (group == SQ_NOTHING) return {0, 0u};
    const int v = int(group % G) * SQ_GROUP + int(i % SQ_GROUP);
    if (v >= all.V) return {0, 0u};
    return all.at(group / G, v);
  }
};
template <typename T> struct InList {
  Continuations<T> all;
  const unsigned int* list;
  __device__ __forceinline__ typename Continuations<T>::Item operator()(unsigned int i) const {
    if (list[i] == SQ_NOTHING) return {0, 0u};
    return all.at(list[i] / all.V, int(list[i] % all.V));
  }
};

struct SelectShared {
  SqSelectShared digits;
  unsigned int written;
};

// The indices of the k largest items into `out`, in any order, SQ_NOTHING behind them.
template <typename Key, typename Items>
__device__ void select_into(SelectShared* shared, Items items, unsigned int count, unsigned int k,
                            unsigned int* out) {
  SqThreshold<Key> kept = {0, 0, 0u, 0u};
  if (threadIdx.x == 0) shared->written = 0;
  if (count > k)
    kept = sq_select<Key>(&shared->digits, items, count, k);
  else
    __syncthreads();
  for (unsigned int i = threadIdx.x; i < count; i += blockDim.x) {
    const SqItem<Key> x = items(i);
    if (x.tie == 0u || !kept.reached(x)) continue;
    out[atomicAdd(&shared->written, 1u)] = ~x.tie;
  }
  __syncthreads();
  for (unsigned int i = shared->written + threadIdx.x; i < k; i += blockDim.x) out[i] = SQ_NOTHING;
  __syncthreads();
}

// chosen (B, parts, K): the K best groups of each part of a sentence, blockIdx.x; of its groups in
// order where `list` is null, else of list (B, count).
template <typename T>
__global__ void beam_groups(const T* __restrict__ best, const unsigned int* __restrict__ list,
                            unsigned int* __restrict__ chosen, int K, int G, long long count) {
  __shared__ SelectShared shared;
  using Key = typename SqOrdered<T>::type;
  const int b = blockIdx.y, parts = gridDim.x;
  const long long each = (count + parts - 1) / parts, first = each * blockIdx.x;
  const long long here = first < count ? min(each, count - first) : 0ll;
  const unsigned int* mine = list != nullptr ? list + b * count + first : nullptr;
  const Groups<T> groups = {best + (long long)b * K * G, mine, (unsigned int)first};
  select_into<Key>(&shared, groups, (unsigned int)here, K, chosen + ((long long)b * parts + blockIdx.x) * K);
}

// chosen (B, parts, K): the K best continuations of each part of the groups (B, K).
template <typename T>
__global__ void beam_candidates(const T* __restrict__ logits, const T* __restrict__ scores,
                                const T* __restrict__ log_sums, const unsigned int* __restrict__ groups,
                                unsigned int* __restrict__ chosen, int K, int B, int V, int eos) {
  __shared__ SelectShared shared;
  using Key = typename SqOrdered<T>::type;
  const int b = blockIdx.y, parts = gridDim.x, G = (V + SQ_GROUP - 1) / SQ_GROUP;
  const int each = (K + parts - 1) / parts, first = each * blockIdx.x;
  const int here = first < K ? min(each, K - first) : 0;
  const Continuations<T> all = {logits + (long long)b * V, scores + b, log_sums + b, B, V, eos};
  const InGroups<T> items = {all, groups + (long long)b * K + first, G};
  select_into<Key>(&shared, items, (unsigned int)here * SQ_GROUP, K,
                   chosen + ((long long)b * parts + blockIdx.x) * K);
}

// A value back from its order.
__device__ __forceinline__ float in_order(unsigned int key) {
  return __uint_as_float(key >> 31 ? key & 0x7fffffffu : ~key);
}
__device__ __forceinline__ double in_order(unsigned long long key) {
  const unsigned long long bits = key >> 63 ? key & 0x7fffffffffffffffull : ~key;
  return __longlong_as_double((long long)bits);
}

// The best K of the old pool and of the hypotheses that end now, sorted in shared memory; whether
// `hope`, a bound of what is live, cannot enter the best n_best.
template <typename T, typename Key>
__device__ bool merge_pool(const T* pool, const T* eos_scores, T* new_pool, int* sources, Key* values,
                           unsigned int* ties, int K, int B, int b, T penalty, int n_best, T hope) {
  int size = 1;
  while (size < 2 * K) size *= 2;
  for (int i = threadIdx.x; i < size; i += blockDim.x) {
    const long long at = (long long)(i % K) * B + b;
    values[i] = i < K ? sq_order(pool[at]) : i < 2 * K ? sq_order(eos_scores[at] / penalty) : Key(0);
    ties[i] = i < 2 * K ? ~(unsigned int)i : 0u;
  }
  sq_sort_descending(values, ties, size);
  bool done = false;
  for (int i = threadIdx.x; i < K; i += blockDim.x) {
    const int source = int(~ties[i]);
    const long long at = (long long)(source % K) * B + b;
    const T value = source < K ? pool[at] : eos_scores[at] / penalty;
    new_pool[(long long)i * B + b] = value;
    sources[(long long)i * B + b] = source;
    if (i == n_best - 1) done = hope <= value;
  }
  return done;
}

// A block a sentence. list (B, count): continuations that hold the best K; null where the block finds
// them itself. Dynamic shared memory: keys and ties of 2K items, rounded up to a power of two, then
// K groups.
template <typename T>
__global__ void __launch_bounds__(1024, 1)
    beam_finish(const T* __restrict__ logits, const T* __restrict__ scores, const bool* __restrict__ finished,
                const T* __restrict__ log_sums, const T* __restrict__ best,
                const unsigned int* __restrict__ list, const T* __restrict__ eos_scores,
                const T* __restrict__ pool, T* __restrict__ new_scores, int* __restrict__ tokens,
                int* __restrict__ parents, bool* __restrict__ new_finished, bool* __restrict__ done,
                T* __restrict__ new_pool, int* __restrict__ sources, int count, int K, int B, int V, int eos,
                T penalty, T bound_penalty, int n_best, int sortable) {
  using Key = typename SqOrdered<T>::type;
  SQ_DYN_SHARED(Key, values);
  __shared__ SelectShared shared;
  __shared__ int counts[2][SQ_WARP];  // in turn, so that one barrier a chunk is enough
  unsigned int* ties = (unsigned int*)(values + sortable);
  unsigned int* groups = ties + sortable;
  const int b = blockIdx.x, lane = threadIdx.x % SQ_WARP, warp = threadIdx.x / SQ_WARP;
  const int G = (V + SQ_GROUP - 1) / SQ_GROUP, left_out = pool != nullptr ? eos : -1;
  const T nothing = -sq_infinity<T>();
  const Continuations<T> all = {logits + (long long)b * V, scores + b, log_sums + b, B, V, left_out};
  if (list == nullptr) {
    const Groups<T> by_value = {best + (long long)b * K * G, nullptr, 0u};
    select_into<Key>(&shared, by_value, (unsigned int)K * G, K, groups);
    select_into<Key>(&shared, InGroups<T>{all, groups, G}, (unsigned int)K * SQ_GROUP, K, ties);
  } else {
    select_into<Key>(&shared, InList<T>{all, list + (long long)b * count}, count, K, ties);
  }
  int size = 1;
  while (size < K) size *= 2;
  for (int i = threadIdx.x; i < size; i += blockDim.x) {  // indices become items
    SqItem<Key> x = {0, 0u};
    if (i < K && ties[i] != SQ_NOTHING) x = all.at(ties[i] / V, int(ties[i] % V));
    values[i] = x.value;
    ties[i] = x.tie;
  }
  sq_sort_descending(values, ties, size);
  // The r-th best goes to the r-th free slot.
  int ranked = 0, live = 0, turn = 0;
  T hope = nothing;
  for (int first = 0; first < K; first += blockDim.x) {
    const int k = first + threadIdx.x;
    const long long at = (long long)k * B + b;
    const bool is_finished = k < K && finished[at], free = k < K && !is_finished;
    const unsigned votes = __ballot_sync(SQ_FULL, free);
    if (lane == 0) counts[turn][warp] = __popc(votes);
    __syncthreads();
    int rank = ranked + __popc(votes & ((1u << lane) - 1));
    for (int w = 0; w < int(blockDim.x) / SQ_WARP; w++) {
      if (w < warp) rank += counts[turn][w];
      ranked += counts[turn][w];
    }
    turn ^= 1;
    if (k >= K) continue;
    const T value = free ? in_order(values[rank]) : scores[at];
    const bool taken = free && value > nothing;
    const unsigned int chosen = taken ? ~ties[rank] : 0u;
    const int token = taken ? int(chosen % V) : eos;
    const bool ends = is_finished || (taken && token == eos);
    new_scores[at] = free && !taken ? nothing : value;
    tokens[at] = token;
    parents[at] = taken ? int(chosen / V) : k;
    new_finished[at] = ends;
    live |= !ends && taken;
    if (taken || is_finished) hope = sq_max(value, hope);
  }
  bool over = sq_block_reduce(live, SqMax(), 0) == 0;
  if (pool != nullptr) {
    hope = sq_block_reduce(hope, SqMax(), nothing) / bound_penalty;
    const bool beaten = merge_pool(pool, eos_scores, new_pool, sources, values, ties, K, B, b, penalty,
                                   n_best, hope);
    over |= sq_block_reduce(int(beaten), SqMax(), 0) != 0;
    if (over)  // what is live becomes empty: later steps cannot change a done sentence
      for (int k = threadIdx.x; k < K; k += blockDim.x) new_scores[(long long)k * B + b] = nothing;
  }
  if (threadIdx.x == 0) done[b] = over;
}
