// SPDX-License-Identifier: Apache-2.0
// Kernels that each do one thing wrong, and a few that only look as if they did.
__constant__ float scale[2];
extern "C" __global__ void divergent(int* y) {
  if (threadIdx.x < 32) __syncthreads();
  else
    __syncthreads();
}
extern "C" __global__ void early_exit(int* y) {
  if (threadIdx.x == 7) return;
  __syncthreads();
}
extern "C" __global__ void not_in_mask(int* y) { y[threadIdx.x] = __shfl_sync(0xffffu, 1, 0); }
extern "C" __global__ void source_not_in_mask(int* y) {
  if (threadIdx.x < 16) y[threadIdx.x] = __shfl_sync(0xffffu, 1, 20);
}
extern "C" __global__ void masks_differ(int* y) {
  __syncwarp(threadIdx.x < 16 ? 0xffffffffu : 0xffff0000u);
}
extern "C" __global__ void lanes_exit(int* y) {
  if (threadIdx.x < 4) return;
  __syncwarp();
}
extern "C" __global__ void waits_for_nobody(int* y) {
  if (threadIdx.x == 0)
    while (!emu::strong_load(y)) emu::yield_block();
}
extern "C" __global__ void polls_without_pause(int* y) {
  while (!emu::strong_load(y)) {}
}
extern "C" __global__ void endless(volatile int* y) {
  for (;;) y[0] = 1;
}
extern "C" __global__ void reads_behind(const int* x, int* y) {
  y[threadIdx.x] = x[threadIdx.x + 1];
}
extern "C" __global__ void writes_before(int* y) { y[static_cast<int>(threadIdx.x) - 1] = 1; }
extern "C" __global__ void shared_overrun(int* y) {
  SQ_DYN_SHARED(int, s);
  s[threadIdx.x + 1] = 1;
}
extern "C" __global__ void far_off(int* y) { y[1ll << 40] = 1; }
extern "C" __global__ void overflows(int* y) { y[0] += 0x7fffffff; }
extern "C" __global__ void shifts(int* y) { y[0] = 1 << y[1]; }
extern "C" __global__ void divides(int* y) { y[0] = 1 / y[1]; }
extern "C" __global__ void misaligned(float* y) { *reinterpret_cast<float4*>(y + 1) = {}; }
extern "C" __global__ void array_index(int* y) {
  int local[4] = {};
  for (int i = 0; i <= y[0]; i++) local[i] = i;
  y[0] = local[1];
}
__device__ int deep(int n) {
  volatile char room[2000];
  room[n % 9] = 1;
  return n ? deep(n - 1) + room[1] : 0;
}
extern "C" __global__ void recursion(int* y) { y[0] = deep(y[0]); }
extern "C" __global__ void grid_alone(int* y) { emu::grid_barrier("here.cu", 5); }
extern "C" __global__ void some_blocks(int* y) { if (blockIdx.x) emu::grid_barrier("here.cu", 5); }
extern "C" __global__ void plain_store(int* y) { y[0] = 3; }
extern "C" __global__ void same_from_warps(int* y) { if (threadIdx.x % 32 == 0) y[0] = 3; }
extern "C" __global__ void marked_store(int* y) { emu::strong_store(y, 3); }
extern "C" __global__ void mixed(int* y) {
  if (threadIdx.x == 0) y[0] = 1;
  else atomicAdd(&y[0], 1);
}
extern "C" __global__ void counts(int* y) { atomicAdd(&y[0], 1); }
extern "C" __global__ void own_bytes(unsigned char* y) { y[threadIdx.x] = 1; }
extern "C" __global__ void shuffled_order(int* y) {
  SQ_DYN_SHARED(int, s);
  s[threadIdx.x] = 1;
  int got = __shfl_sync(0xffffffffu, 5, 0);
  y[threadIdx.x] = s[31 - threadIdx.x] + got;
}
extern "C" __global__ void volatile_flag(int* y, volatile int* flag) {
  if (blockIdx.x == 0) { y[0] = 42; __threadfence(); *flag = 1; }
  else { while (!*flag) __nanosleep(10); __threadfence(); y[1] = y[0]; }
}
extern "C" __global__ void unfenced_flag(int* y, volatile int* flag) {
  if (blockIdx.x == 0) { y[0] = 42; *flag = 1; }
  else { while (!*flag) __nanosleep(10); __threadfence(); y[1] = y[0]; }
}
extern "C" __global__ void poison(float* y) {
  SQ_DYN_SHARED(float, s);
  __shared__ float t[32];
  y[threadIdx.x] = s[threadIdx.x];
  y[32 + threadIdx.x] = t[threadIdx.x];
}
extern "C" __global__ void scaled(float* y) { y[threadIdx.x] = scale[threadIdx.x % 2]; }
struct Pair { float a; int b; };
extern "C" __global__ void kinds(float* a, double b, short c, Pair d, const void* e) {}
extern "C" __global__ void two_readers_of_one_warp(int* y) {  // ordered against one, not the other
  SQ_DYN_SHARED(int, s);
  if (threadIdx.x == 0) s[0] = 1;
  __syncthreads();
  int seen = s[0];
  if (threadIdx.x < 32) __syncwarp();
  if (threadIdx.x == 0) s[0] = 2;
  y[threadIdx.x] = seen;
}
