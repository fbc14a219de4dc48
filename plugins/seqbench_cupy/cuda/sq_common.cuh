// SPDX-License-Identifier: Apache-2.0
// What every source of ours begins with: dynamic shared memory, infinities, reductions.
//
// No toolkit header is included anywhere: a user may have the runtime alone. The tests' emulator
// defines __CUDA_EMU__ and SQ_DYN_SHARED before this text.
#pragma once

#ifndef SQ_DYN_SHARED
#define SQ_DYN_SHARED(T, name)                                        \
  extern __shared__ __align__(16) unsigned char sq_dynamic_shared[];  \
  T* name = reinterpret_cast<T*>(sq_dynamic_shared)
#endif

constexpr unsigned SQ_FULL = 0xffffffffu;  // every lane of a warp
constexpr int SQ_WARP = 32;

template <typename T> __device__ __forceinline__ T sq_infinity();
template <> __device__ __forceinline__ float sq_infinity<float>() { return __int_as_float(0x7f800000); }
template <> __device__ __forceinline__ double sq_infinity<double>() {
  return __longlong_as_double(0x7ff0000000000000LL);
}

// Overloads by type, so that templates read like mathematics.
__device__ __forceinline__ float sq_exp(float x) { return expf(x); }
__device__ __forceinline__ double sq_exp(double x) { return exp(x); }
__device__ __forceinline__ float sq_log(float x) { return logf(x); }
__device__ __forceinline__ double sq_log(double x) { return log(x); }
__device__ __forceinline__ float sq_log1p(float x) { return log1pf(x); }
__device__ __forceinline__ double sq_log1p(double x) { return log1p(x); }
__device__ __forceinline__ float sq_tanh(float x) { return tanhf(x); }
__device__ __forceinline__ double sq_tanh(double x) { return tanh(x); }
__device__ __forceinline__ float sq_sqrt(float x) { return sqrtf(x); }
__device__ __forceinline__ double sq_sqrt(double x) { return sqrt(x); }
__device__ __forceinline__ float sq_abs(float x) { return fabsf(x); }
__device__ __forceinline__ double sq_abs(double x) { return fabs(x); }

// The larger; a NaN on either side stays a NaN (fmax would drop it).
template <typename T> __device__ __forceinline__ T sq_max(T a, T b) { return a > b || a != a ? a : b; }
template <typename T> __device__ __forceinline__ T sq_sigmoid(T x) {
  T small = sq_exp(-sq_abs(x));
  return (x >= T(0) ? T(1) : small) / (T(1) + small);
}

struct SqAdd {
  template <typename T> __device__ T operator()(T a, T b) const { return a + b; }
};
struct SqMax {
  template <typename T> __device__ T operator()(T a, T b) const { return sq_max(a, b); }
};

// The reduction of a whole warp, in every lane.
template <typename T, typename Op> __device__ __forceinline__ T sq_warp_reduce(T value, Op op) {
  for (int distance = SQ_WARP / 2; distance > 0; distance /= 2)
    value = op(value, __shfl_xor_sync(SQ_FULL, value, distance));
  return value;
}

// The reduction of a whole block, in every thread; blockDim.x is a multiple of 32 and the only
// dimension. `identity` leaves any value alone. Always in the same order: deterministic.
template <typename T, typename Op>
__device__ __forceinline__ T sq_block_reduce(T value, Op op, T identity) {
  __shared__ T parts[SQ_WARP];
  const int lane = threadIdx.x % SQ_WARP, warp = threadIdx.x / SQ_WARP;
  const int warps = blockDim.x / SQ_WARP;
  value = sq_warp_reduce(value, op);
  if (warps == 1) return value;
  __syncthreads();  // `parts` may still be read from the call before
  if (lane == 0) parts[warp] = value;
  __syncthreads();
  return sq_warp_reduce(lane < warps ? parts[lane] : identity, op);
}
