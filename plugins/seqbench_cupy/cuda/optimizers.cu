// SPDX-License-Identifier: Apache-2.0
// A38: one visit to every weight and what stands beside it, updated in place.
//
// All arrays (count,); gradient is read only. A thread takes W neighbours at a time; the count % W
// weights at the end are taken one by one. Bytes are all there is to it: 7 numbers a weight for
// Adam, 5 for AdaGrad and SGD.
#include "sq_pack.cuh"

template <int W> struct Width {
  static constexpr int value = W;
};

// step(i, width) for every pack of W, then for what is left.
template <int W, typename Step> __device__ void every_pack(long long count, const Step& step) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  const long long thread = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  const long long packs = count / W;
  for (long long i = thread; i < packs; i += stride) step(i * W, Width<W>());
  for (long long i = packs * W + thread; i < count; i += stride) step(i, Width<1>());
}

// velocity = momentum velocity + gradient, weight -= rate velocity (Polyak 1964).
template <typename T, int W>
__global__ void sgd(T* weight, T* velocity, const T* __restrict__ gradient, long long count, T rate,
                    T momentum) {
  every_pack<W>(count, [&](long long at, auto width) {
    constexpr int N = decltype(width)::value;
    SqPack<T, N> w = sq_load<N>(weight + at), v = sq_load<N>(velocity + at);
    const SqPack<T, N> g = sq_load<N>(gradient + at);
#pragma unroll
    for (int i = 0; i < N; ++i) {
      v.at[i] = momentum * v.at[i] + g.at[i];
      w.at[i] -= rate * v.at[i];
    }
    sq_store<N>(velocity + at, v);
    sq_store<N>(weight + at, w);
  });
}

// squares += gradient^2, weight -= rate gradient / (sqrt(squares) + epsilon) (Duchi et al. 2011).
template <typename T, int W>
__global__ void adagrad(T* weight, T* squares, const T* __restrict__ gradient, long long count, T rate,
                        T epsilon) {
  every_pack<W>(count, [&](long long at, auto width) {
    constexpr int N = decltype(width)::value;
    SqPack<T, N> w = sq_load<N>(weight + at), s = sq_load<N>(squares + at);
    const SqPack<T, N> g = sq_load<N>(gradient + at);
#pragma unroll
    for (int i = 0; i < N; ++i) {
      s.at[i] += g.at[i] * g.at[i];
      w.at[i] -= rate * g.at[i] / (sq_sqrt(s.at[i]) + epsilon);
    }
    sq_store<N>(squares + at, s);
    sq_store<N>(weight + at, w);
  });
}

// Kingma & Ba (2015), algorithm 1; new1 = 1 - beta1, new2 = 1 - beta2; rate and epsilon hold both
// corrections for the start at zero; decay = 1 - learning rate * decoupled weight decay.
template <typename T, int W>
__global__ void adam(T* weight, T* m, T* v, const T* __restrict__ gradient, long long count, T rate,
                     T new1, T new2, T epsilon, T decay) {
  every_pack<W>(count, [&](long long at, auto width) {
    constexpr int N = decltype(width)::value;
    SqPack<T, N> w = sq_load<N>(weight + at), first = sq_load<N>(m + at), second = sq_load<N>(v + at);
    const SqPack<T, N> g = sq_load<N>(gradient + at);
#pragma unroll
    for (int i = 0; i < N; ++i) {
      first.at[i] += new1 * (g.at[i] - first.at[i]);
      second.at[i] += new2 * (g.at[i] * g.at[i] - second.at[i]);
      w.at[i] = decay * w.at[i] - rate * first.at[i] / (sq_sqrt(second.at[i]) + epsilon);
    }
    sq_store<N>(m + at, first);
    sq_store<N>(v + at, second);
    sq_store<N>(weight + at, w);
  });
}
