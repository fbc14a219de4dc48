// SPDX-License-Identifier: Apache-2.0
// The runtime: compiled once, without instrumentation, and linked to every module.
#include <dlfcn.h>

#include "emu_scheduler.h"
#include "emu_tsan.h"

namespace emu {

uint3 thread_index() { return current->index; }
uint3 block_index() { return current->block->index; }
dim3 block_extent() { return {launch->block[0], launch->block[1], launch->block[2]}; }
dim3 grid_extent() { return {launch->grid[0], launch->grid[1], launch->grid[2]}; }
unsigned lane_index() { return current->linear & 31; }

unsigned present_lanes() {
  const unsigned left = current->block->num_threads - (current->linear & ~31u);
  return left >= 32 ? 0xffffffffu : (1u << left) - 1;
}

void* dynamic_shared() { return current->block->dynamic->data(); }

static void wait_at(State state, const char* op, const char* file, int line, uint64_t bits) {
  current->op = op;
  current->file = file;
  current->line = line;
  current->bits = bits;
  wait(state);
  current->op = nullptr;
}

void block_barrier(const char* file, int line) {
  wait_at(State::block_barrier, "__syncthreads", file, line, 0);
}

int block_barrier_count(int predicate, const char* file, int line) {
  wait_at(State::block_barrier, "__syncthreads_count/or/and", file, line, predicate);
  return static_cast<int>(current->result);
}

void grid_barrier(const char* file, int line) {
  if (!launch->cooperative)
    fail("grid barrier at %s:%d in a launch that is not cooperative", file, line);
  wait_at(State::grid_barrier, "the grid barrier", file, line, 0);
}

void yield_block() { wait(State::yielded); }

static void warp_wait(unsigned mask, uint64_t bits, int source, uint64_t* gather, const char* op,
                      int line) {
  if (!(mask >> lane_index() & 1))
    fail("%s at line %d: calling lane %u is not in mask %08x", op, line, lane_index(), mask);
  current->mask = mask;
  current->source = source;
  current->gather = gather;
  wait_at(State::warp_op, op, "", line, bits);
}

void warp_barrier(unsigned mask, int line) {
  warp_wait(mask, 0, -1, nullptr, "__syncwarp", line);
}

uint64_t warp_exchange(unsigned mask, uint64_t bits, int source, const char* op, int line) {
  warp_wait(mask, bits, source, nullptr, op, line);
  return current->result;
}

void warp_gather(unsigned mask, uint64_t bits, uint64_t* all, const char* op, int line) {
  warp_wait(mask, bits, -1, all, op, line);
}

// A polling loop without a pause must not hold up the block that it waits for.
constexpr unsigned kStrongLoadsBeforeYield = 64;

void strong_access(const volatile void* address, unsigned bytes, Strong kind, void* pc) {
  if (kind != Strong::store && ++current->strong_loads > kStrongLoadsBeforeYield) yield_block();
  if (!instrumented) return;
  check_access(reinterpret_cast<uintptr_t>(address), bytes, kind != Strong::load, true, pc);
  if (kind != Strong::store) learn(*current, address, false);
  if (kind != Strong::load) publish(*current, address, false, kind == Strong::update);
}

void release_at(const volatile void* address) {
  if (instrumented) publish(*current, address, true, false);
}
void acquire_at(const volatile void* address) {
  if (instrumented) learn(*current, address, true);
}
void thread_fence() {
  if (instrumented) fence(*current);
}

uint64_t clock() { return __builtin_ia32_rdtsc(); }

}  // namespace emu

// For Python: where this library was loaded.
extern "C" __attribute__((visibility("default"))) void* emu_load_address() {
  Dl_info info;
  return dladdr(&emu::marker, &info) ? info.dli_fbase : nullptr;
}
