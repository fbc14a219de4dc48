// SPDX-License-Identifier: Apache-2.0
// Blocks of one launch that wait for each other: memory that others watch, polling, and a barrier
// of the whole grid.
//
// Everything here needs all blocks resident at once: launch cooperatively, with a grid no larger
// than occupancy x multiprocessors. PTX of the memory model: PTX ISA, "Memory Consistency Model";
// sm_70 or newer.
//
//   sq_load_relaxed, sq_store_relaxed   one word of 4 or 8 bytes that another block may access at
//                                       the same time; orders nothing else
//   sq_load_acquire, sq_store_release   the same, and what the writer wrote before the release can
//                                       be read after the acquire
//   sq_spin_pause                       in every polling loop
//   sq_grid_sync                        a barrier of all threads of the grid
//
// A word that carries its own payload (a value and its step in 8 bytes) needs only the relaxed
// pair. A flag that announces other memory needs acquire and release, and __syncthreads() between
// the one thread that touches the flag and the others of its block.
#pragma once

#ifdef __CUDA_EMU__

template <typename T>
__device__ __forceinline__ T sq_load_relaxed(const T* address) {
  return emu::strong_load(address);
}
template <typename T>
__device__ __forceinline__ void sq_store_relaxed(T* address, T value) {
  emu::strong_store(address, value);
}
template <typename T>
__device__ __forceinline__ T sq_load_acquire(const T* address) {
  return emu::load_acquire(address);
}
template <typename T>
__device__ __forceinline__ void sq_store_release(T* address, T value) {
  emu::store_release(address, value);
}
__device__ __forceinline__ void sq_spin_pause() { emu::yield_block(); }

#else

namespace sq {

// One instruction for each width; T is any plain type of 4 or 8 bytes.
template <int bytes>
struct Strong;

#define SQ_STRONG(bytes, word, width, constraint)                                                \
  template <>                                                                                    \
  struct Strong<bytes> {                                                                         \
    using Word = word;                                                                           \
    static __device__ __forceinline__ Word load_relaxed(const void* p) {                         \
      Word v;                                                                                    \
      asm volatile("ld.relaxed.gpu." width " %0, [%1];" : "=" constraint(v) : "l"(p) : "memory"); \
      return v;                                                                                  \
    }                                                                                            \
    static __device__ __forceinline__ Word load_acquire(const void* p) {                         \
      Word v;                                                                                    \
      asm volatile("ld.acquire.gpu." width " %0, [%1];" : "=" constraint(v) : "l"(p) : "memory"); \
      return v;                                                                                  \
    }                                                                                            \
    static __device__ __forceinline__ void store_relaxed(void* p, Word v) {                      \
      asm volatile("st.relaxed.gpu." width " [%0], %1;" ::"l"(p), constraint(v) : "memory");     \
    }                                                                                            \
    static __device__ __forceinline__ void store_release(void* p, Word v) {                      \
      asm volatile("st.release.gpu." width " [%0], %1;" ::"l"(p), constraint(v) : "memory");     \
    }                                                                                            \
  };
SQ_STRONG(4, unsigned int, "b32", "r")
SQ_STRONG(8, unsigned long long, "b64", "l")
#undef SQ_STRONG

template <typename To, typename From>
__device__ __forceinline__ To same_bits(From value) {
  static_assert(sizeof(To) == sizeof(From), "words of one size");
  union Both {
    From from;
    To to;
    __device__ Both() {}
  } both;
  both.from = value;
  return both.to;
}

}  // namespace sq

template <typename T>
__device__ __forceinline__ T sq_load_relaxed(const T* address) {
  return sq::same_bits<T>(sq::Strong<sizeof(T)>::load_relaxed(address));
}
template <typename T>
__device__ __forceinline__ void sq_store_relaxed(T* address, T value) {
  using S = sq::Strong<sizeof(T)>;
  S::store_relaxed(address, sq::same_bits<typename S::Word>(value));
}
template <typename T>
__device__ __forceinline__ T sq_load_acquire(const T* address) {
  return sq::same_bits<T>(sq::Strong<sizeof(T)>::load_acquire(address));
}
template <typename T>
__device__ __forceinline__ void sq_store_release(T* address, T value) {
  using S = sq::Strong<sizeof(T)>;
  S::store_release(address, sq::same_bits<typename S::Word>(value));
}
__device__ __forceinline__ void sq_spin_pause() { __nanosleep(20); }

#endif

// The barrier as a GPU runs it. `arrivals` is one word of global memory, zero before the launch;
// every block adds one and waits until all blocks of this round have. The counter only grows, so
// nobody has to reset it between two rounds: 2^32 / blocks rounds a launch.
__device__ __forceinline__ void sq_grid_sync_by_counter(unsigned int* arrivals) {
  __syncthreads();  // all of the block has arrived
  if (threadIdx.x == 0 && threadIdx.y == 0 && threadIdx.z == 0) {
    const unsigned int blocks = gridDim.x * gridDim.y * gridDim.z;
    __threadfence();  // what this block wrote comes before its arrival
    const unsigned int before = atomicAdd(arrivals, 1u);
    const unsigned int round_ends = (before / blocks + 1u) * blocks;
    while (sq_load_acquire(arrivals) < round_ends) sq_spin_pause();
    // not needed alone: the load that ended the wait acquires; kept, as it costs nothing beside it
    __threadfence();  // and what the others wrote can be read
  }
  __syncthreads();
}

// The emulator has a barrier of its own, which knows a deadlock and tells the race check; a test
// runs the counter's there too.
#if defined(__CUDA_EMU__) && !defined(SQ_GRID_BY_COUNTER)
inline void sq_grid_sync(unsigned int* arrivals, const char* file = __builtin_FILE(),
                         int line = __builtin_LINE()) {
  if (!arrivals) emu::fail("sq_grid_sync at %s:%d: no counter", file, line);
  emu::grid_barrier(file, line);
}
#else
__device__ __forceinline__ void sq_grid_sync(unsigned int* arrivals) {
  sq_grid_sync_by_counter(arrivals);
}
#endif
