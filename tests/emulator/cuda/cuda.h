// SPDX-License-Identifier: Apache-2.0
// CUDA C++ on the CPU. Force-included before an unchanged .cu source; __CUDA_EMU__ tells the source.
#pragma once
#define __CUDA_EMU__ 1
#define __CUDA_ARCH__ 900

#include "emu_core.h"

#define __global__
#define __device__
#define __host__
#define __constant__ __attribute__((visibility("default")))  // so that Python can fill it by name
#define __forceinline__ EMU_INLINE
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define __restrict__

// Static shared variables become thread-local ones. All threads of a launch are fibres of one OS
// thread, so they share them, and the loader tells where the one segment of all of them lies: the
// runtime poisons it before every block. (A named section would do the same, but g++ refuses one
// for statics of templates and of plain functions in the same source.)
#define __shared__ static thread_local

// Dynamic shared memory. On a GPU the project's macro of this name declares `extern __shared__`.
#define SQ_DYN_SHARED(T, name) T* name = reinterpret_cast<T*>(emu::dynamic_shared())

#define threadIdx (emu::thread_index())
#define blockIdx (emu::block_index())
#define blockDim (emu::block_extent())
#define gridDim (emu::grid_extent())
#define warpSize 32

// Barriers are told apart by where they are written, not by their return address: an unrolled loop
// has several copies of one barrier.
#define __syncthreads() emu::block_barrier(__FILE__, __LINE__)
#define __syncthreads_count(p) emu::block_barrier_count(!!(p), __FILE__, __LINE__)
#define __syncthreads_or(p) (emu::block_barrier_count(!!(p), __FILE__, __LINE__) > 0)
#define __syncthreads_and(p) (emu::block_barrier_count(!(p), __FILE__, __LINE__) == 0)

#include "emu_math.h"
#include "emu_atomics.h"
#include "emu_warp.h"
#include "emu_launch.h"
