// SPDX-License-Identifier: Apache-2.0
// A35, connectionist temporal classification (Graves et al. 2006, section 4.1): loss and gradient.
//
// logits, d_logits (T, B, V); targets (B, L) in [0, V), never the blank; lengths, target_lengths
// (B,). An utterance has S = 2 target_length + 1 states: its labels with blanks around them.
//
// Four kernels. `ctc_normalise`: log-sum-exp of every row, log_sums (T, B) double. `ctc_masses`: a
// block an utterance and direction, time in a loop, a barrier a frame; states live in shared memory.
// `ctc_reduce`: the batch's loss. `ctc_gradient`: a warp a row, softmax minus posteriors.
//
// A mass is a double in [1, 2^43) times two to an integer: the range of log space without a logarithm in
// the chain from frame to frame. Zero is {0, SQ_NOWHERE}; a frame's log probability below -2^44 bits
// (1.2e13 nats), but above -inf, counts as that. Time and labels backwards make beta an alpha, so both
// directions are one text. For the gradient every frame leaves, by state, (B, T, 2L + 1): in the
// forward direction what flows in before the frame's emission, in the backward direction what is
// ahead with it; their product is the posterior times the likelihood. mantissas (2, B, T, 2L + 1),
// exponents alike, int: a likelihood below 2^-2^29 (3.7e8 nats) leaves NaN as gradient.
#include "sq_ctc.cuh"

struct Mass {
  double m;
  long long e;
};

constexpr int SQ_NORMALISE_EVERY = 16;  // frames; a mantissa grows less than sixfold in one
constexpr double SQ_LOG2E = 1.4426950408889634, SQ_LN2 = 0.6931471805599453;
constexpr long long SQ_FAR = 1ll << 29, SQ_FAINTEST = -(1ll << 44), SQ_NOWHERE = -(1ll << 60);

__device__ __forceinline__ Mass no_mass() { return {0.0, SQ_NOWHERE}; }

// 2^d for d <= 0; 0 below the smallest normal double.
__device__ __forceinline__ double power_of_two(long long d) {
  const int k = d < -1022 ? -1023 : int(d);
  return __longlong_as_double((long long)(1023 + k) << 52);
}

__device__ __forceinline__ Mass plus(Mass a, Mass b, Mass c) {
  long long e = a.e > b.e ? a.e : b.e;
  e = c.e > e ? c.e : e;
  const double ab = a.m * power_of_two(a.e - e) + b.m * power_of_two(b.e - e);
  return {ab + c.m * power_of_two(c.e - e), e};
}

// The mantissa back in [1, 2); zero and NaN as they are.
__device__ __forceinline__ Mass normalised(Mass a) {
  if (!(a.m > 0.0)) return a;
  const long long bits = __double_as_longlong(a.m);
  const long long shift = (bits >> 52) - 1023;
  return {__longlong_as_double(bits - (shift << 52)), a.e + shift};
}

__device__ __forceinline__ float two_to(float x) { return exp2f(x); }
__device__ __forceinline__ double two_to(double x) { return exp2(x); }

// exp(logit - log_sum). The difference is taken in double: a logit of 80 has 5e-6 of noise in float.
template <typename T> __device__ __forceinline__ Mass emission(T logit, double log_sum) {
  const double bits = (double(logit) - log_sum) * SQ_LOG2E;
  if (bits == -sq_infinity<double>()) return no_mass();
  if (bits != bits) return {bits, 0};
  if (bits < double(SQ_FAINTEST)) return {1.0, SQ_FAINTEST};
  const double e = floor(bits);
  return {double(two_to(T(bits - e))), (long long)e};
}

// The state `s` of direction `backward`, counted from where the direction starts: its label, and in
// the sign bit whether mass may skip into it from two before.
__device__ __forceinline__ int state_code(const int* targets, int s, int S, int blank, bool backward) {
  const int forward_state = backward ? S - 1 - s : s;
  if (forward_state % 2 == 0) return blank;
  const int label = targets[forward_state / 2];
  if (s < 3) return label;  // nothing stands two before
  const int before = targets[(forward_state + (backward ? 2 : -2)) / 2];
  return label != before ? label | (int)0x80000000 : label;
}

// A block an utterance (blockIdx.x) and direction (blockIdx.y: 0 forward, 1 backward). A thread owns
// R states, blockDim.x apart. Dynamic shared memory: two buffers of 2 + (2L + 1) masses, the first
// two of each always empty, so that no state looks for its neighbours.
template <typename T, int R>
__global__ void __launch_bounds__(512, 1)
    ctc_masses(const T* __restrict__ logits, const double* __restrict__ log_sums,
               const int* __restrict__ targets, const int* __restrict__ lengths,
               const int* __restrict__ target_lengths, T* __restrict__ mantissas,
               int* __restrict__ exponents, double* __restrict__ likelihoods, T* __restrict__ losses,
               int steps, int B, int V, int L, int blank, bool zero_infinity) {
  SQ_DYN_SHARED(Mass, buffers);
  const int b = blockIdx.x, W = blockDim.x, width = 2 * L + 1;
  const bool backward = blockIdx.y == 1;
  const int frames = lengths[b], S = 2 * target_lengths[b] + 1;
  int code[R];
  T ahead[R];  // the logits of the coming frame, asked for one frame early
  Mass mine[R];
  double log_sum = 0.0;
  const int first = backward ? frames - 1 : 0;
  if (frames > 0) log_sum = log_sums[(long long)first * B + b];
#pragma unroll
  for (int r = 0; r < R; r++) {
    const int s = threadIdx.x + r * W;
    mine[r] = s == 0 ? Mass{1.0, 0} : no_mass();
    if (s >= S) continue;
    code[r] = state_code(targets + (long long)b * L, s, S, blank, backward);
    if (frames > 0) ahead[r] = logits[((long long)first * B + b) * V + (code[r] & 0x7fffffff)];
    buffers[2 + s] = mine[r];
  }
  if (threadIdx.x < 4) buffers[threadIdx.x / 2 * (2 + width) + threadIdx.x % 2] = no_mass();
  __syncthreads();
  Mass* before = buffers;
  Mass* after = buffers + 2 + width;
  for (int i = 0; i < frames; i++) {
    const int t = backward ? frames - 1 - i : i;
    const int next = backward ? (t > 0 ? t - 1 : 0) : (t + 1 < frames ? t + 1 : t);
    const double next_log_sum = log_sums[(long long)next * B + b];
    const long long kept = (((long long)blockIdx.y * B + b) * steps + t) * width;
#pragma unroll
    for (int r = 0; r < R; r++) {
      const int s = threadIdx.x + r * W;
      if (s >= S) continue;
      const Mass emitted = emission(ahead[r], log_sum);
      ahead[r] = logits[((long long)next * B + b) * V + (code[r] & 0x7fffffff)];
      Mass inflow = plus(mine[r], before[1 + s], code[r] < 0 ? before[s] : no_mass());
      if (i % SQ_NORMALISE_EVERY == 0) inflow = normalised(inflow);
      // No exponent falls below 3 SQ_NOWHERE: what flows into a blank has at least `no_mass`'s, and
      // a label takes the larger of its own and a blank's.
      mine[r] = {inflow.m * emitted.m, inflow.e + emitted.e};
      after[2 + s] = mine[r];
      if (mantissas == nullptr) continue;
      const Mass left = backward ? mine[r] : inflow;
      const int forward_state = backward ? S - 1 - s : s;
      mantissas[kept + forward_state] = T(left.m);
      exponents[kept + forward_state] = int(left.e > -2 * SQ_FAR ? left.e : -2 * SQ_FAR);
    }
    __syncthreads();
    Mass* swapped = before;
    before = after;
    after = swapped;
    log_sum = next_log_sum;
  }
  if (backward || threadIdx.x != 0) return;
  const Mass total = normalised(plus(before[1 + S], before[S], no_mass()));
  likelihoods[2 * b] = total.m;
  likelihoods[2 * b + 1] = double(total.e);
  const double log_likelihood = total.m == 0.0 ? -sq_infinity<double>() : log(total.m) + double(total.e) * SQ_LN2;
  const double loss = 0.0 - log_likelihood;
  losses[b] = zero_infinity && loss == sq_infinity<double>() ? T(0) : T(loss);
}

// total (1,): the sum of the losses, over num_labels (1,) where `mean`; that is written here. One
// block: deterministic.
template <typename T>
__global__ void ctc_reduce(const double* __restrict__ likelihoods, const int* __restrict__ target_lengths,
                           T* __restrict__ total, double* __restrict__ num_labels, int B, bool mean,
                           bool zero_infinity) {
  double sum = 0.0;
  long long labels = 0;
  for (int b = threadIdx.x; b < B; b += blockDim.x) {
    const double m = likelihoods[2 * b];
    if (m != 0.0)
      sum -= log(m) + likelihoods[2 * b + 1] * SQ_LN2;
    else if (!zero_infinity)
      sum = sq_infinity<double>();
    labels += target_lengths[b];
  }
  sum = sq_block_reduce(sum, SqAdd(), 0.0);
  labels = sq_block_reduce(labels, SqAdd(), 0ll);
  if (threadIdx.x != 0) return;
  num_labels[0] = mean && labels > 1 ? double(labels) : 1.0;
  total[0] = T(sum / num_labels[0]);
}

// chains (2, B, L): where the same label stands next, -1 for nowhere; and whether it stood before.
// A block an utterance.
__global__ void ctc_chains(const int* __restrict__ targets, const int* __restrict__ target_lengths,
                           int* __restrict__ chains, int B, int L) {
  const int b = blockIdx.x, count = target_lengths[b];
  const int* labels = targets + (long long)b * L;
  for (int j = threadIdx.x; j < count; j += blockDim.x) {
    int next = j + 1, before = j - 1;
    while (next < count && labels[next] != labels[j]) next++;
    while (before >= 0 && labels[before] != labels[j]) before--;
    chains[(long long)b * L + j] = next < count ? next : -1;
    chains[((long long)B + b) * L + j] = before >= 0;
  }
}

// The posterior of one state in one frame.
template <typename T>
__device__ __forceinline__ double posterior(const T* mantissas, const int* exponents, long long at,
                                            long long other, double total_m, long long total_e) {
  const double m = double(mantissas[at]) * double(mantissas[at + other]);
  if (m == 0.0) return 0.0;
  const long long e = (long long)exponents[at] + exponents[at + other] - total_e;
  // Mantissas are at least 1 and a posterior is at most 1, so e is small or far below 0.
  return m / total_m * (e <= 0 ? power_of_two(e) : 1.0 / power_of_two(-e));
}

// d_logits (T, B, V): (softmax - posteriors of the row's labels) times the utterance's scale. A warp a
// row. Equal labels are added along their chain by one lane: always in the same order.
template <typename T>
__global__ void ctc_gradient(const T* __restrict__ logits, const double* __restrict__ log_sums,
                             const int* __restrict__ targets, const int* __restrict__ lengths,
                             const int* __restrict__ target_lengths, const int* __restrict__ chains,
                             const T* __restrict__ mantissas, const int* __restrict__ exponents,
                             const double* __restrict__ likelihoods, const T* __restrict__ d_loss,
                             const double* __restrict__ num_labels, T* __restrict__ d_logits, int steps,
                             int B, int V, int L, int blank, bool a_row, bool zero_infinity) {
  const int lane = threadIdx.x % SQ_WARP;
  const int row = blockIdx.x * (blockDim.x / SQ_WARP) + threadIdx.x / SQ_WARP;
  if (row >= steps * B) return;
  const int t = row / B, b = row % B;
  T* out = d_logits + (long long)row * V;
  const double total_m = likelihoods[2 * b];
  const long long total_e = (long long)likelihoods[2 * b + 1];
  const bool impossible = total_m == 0.0;
  if (t >= lengths[b] || (impossible && zero_infinity)) {
    for (int v = lane; v < V; v += SQ_WARP) out[v] = T(0);
    return;
  }
  if (impossible || !(total_e > -SQ_FAR)) {
    for (int v = lane; v < V; v += SQ_WARP) out[v] = T(0) * sq_infinity<T>();
    return;
  }
  double scale = d_loss != nullptr ? double(d_loss[a_row ? b : 0]) : 1.0;
  if (num_labels != nullptr) scale /= num_labels[0];
  const T* x = logits + (long long)row * V;
  const double log_sum = log_sums[row];
  for (int v = lane; v < V; v += SQ_WARP)
    out[v] = T(double(sq_exp(T(double(x[v]) - log_sum))) * scale);
  __syncwarp();  // below a lane reads what another wrote
  const long long width = 2 * L + 1, at = ((long long)b * steps + t) * width;
  const long long other = (long long)B * steps * width;
  const int count = target_lengths[b];
  double blanks = 0.0;
  for (int j = lane; j <= count; j += SQ_WARP)
    blanks += posterior(mantissas, exponents, at + 2 * j, other, total_m, total_e);
  blanks = sq_warp_reduce(blanks, SqAdd());
  if (lane == 0) out[blank] = T((double(sq_exp(T(double(x[blank]) - log_sum))) - blanks) * scale);
  const int* next = chains + (long long)b * L;
  const int* repeated = chains + ((long long)B + b) * L;
  for (int j = lane; j < count; j += SQ_WARP) {
    if (repeated[j]) continue;
    double sum = 0.0;
    for (int k = j; k >= 0; k = next[k])
      sum += posterior(mantissas, exponents, at + 2 * k + 1, other, total_m, total_e);
    const int v = targets[(long long)b * L + j];
    out[v] = T((double(sq_exp(T(double(x[v]) - log_sum))) - sum) * scale);
  }
}
