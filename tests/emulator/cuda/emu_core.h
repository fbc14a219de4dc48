// SPDX-License-Identifier: Apache-2.0
// What a kernel's translation unit may ask of the runtime.
//
// Kernels and runtime are two translation units on purpose. The kernels are compiled with sanitizer
// instrumentation; the runtime is not, so its own memory never shows up in the race check. Every
// function here is therefore opaque to the compiler of the kernel: a call may switch to another
// CUDA thread, and no value of shared or global memory may be kept in a register across it.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "emu_types.h"

#define EMU_INLINE inline __attribute__((always_inline))

namespace emu {

// Indices. `const`: within one CUDA thread they never change, so the compiler may call each once.
__attribute__((const)) uint3 thread_index();
__attribute__((const)) uint3 block_index();
__attribute__((const)) dim3 block_extent();
__attribute__((const)) dim3 grid_extent();

// Memory of the calling thread's block.
void* dynamic_shared();

// Rendezvous. `file` and `line` name the call in messages and tell barriers apart.
void block_barrier(const char* file, int line);
int block_barrier_count(int predicate, const char* file, int line);
void grid_barrier(const char* file, int line);

// Lets every other thread and block run before the caller goes on: the body of a polling loop.
void yield_block();

// Warp operations: each returns once all lanes of `mask` have called it.
void warp_barrier(unsigned mask, int line);
uint64_t warp_exchange(unsigned mask, uint64_t bits, int source_lane, const char* op, int line);
void warp_gather(unsigned mask, uint64_t bits, uint64_t* all_lanes, const char* op, int line);
unsigned lane_index();

// Memory order. The accesses themselves are plain code: fibres never run at the same time. What
// is told here is what the race check must know about them.
enum class Strong { load, store, update };
void strong_access(const volatile void* address, unsigned bytes, Strong kind, void* pc);
void release_at(const volatile void* address);
void acquire_at(const volatile void* address);
void thread_fence();

uint64_t clock();
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace emu
