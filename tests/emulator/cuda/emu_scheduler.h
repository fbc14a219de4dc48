// SPDX-License-Identifier: Apache-2.0
// Who runs next.
//
// A pass lets every runnable thread run once, up to its next wait; then warp operations, block
// barriers and the grid barrier that are complete are released. A pass in which nothing ran and
// nothing was released is a deadlock. The five orders (emulator.py: ORDERS) differ in which thread
// goes first and how far a warp may run ahead of the others: outputs that depend on it are wrong.
#pragma once
#include "emu_release.h"

namespace emu {

enum Order { kForward, kReverse, kRandom, kWarpGreedy, kWarpGreedyReverse };
constexpr unsigned kMostThreads = 1024, kMostShared = 227 * 1024;
constexpr unsigned kMostIdlePasses = 2000;  // passes in which only polling loops ran

static Stacks stacks;
static Body body;
static unsigned random_state;
static bool moved;  // some thread did more than poll in this pass

static unsigned draw() {  // xorshift32 (Marsaglia 2003)
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

template <class T>
static void shuffle_order(std::vector<T>& items) {
  for (size_t i = items.size(); i > 1; i--) std::swap(items[i - 1], items[draw() % i]);
}

// ---- the fibre's side
static void wait(State state) {
  current->state = state;
  asm volatile("" ::: "memory");
  emu_switch(&current->stack_pointer, scheduler_stack);
  asm volatile("" ::: "memory");
}

static void fibre_entry() {
  body(launch->arguments);
  wait(State::done);
  abort();
}

// ---- passes
static std::vector<std::unique_ptr<Block>> blocks;  // those alive
static std::vector<unsigned> thread_order;

static bool step(Fibre& fibre) {
  if (fibre.state != State::runnable) return false;
  current = &fibre;
  emu_switch(&scheduler_stack, fibre.stack_pointer);
  if (failed) return false;
  fibre.strong_loads = 0;
  if (fibre.state == State::done) fibre.block->num_done++;
  if (fibre.state != State::yielded) moved = true;
  return true;
}

// One warp as far as it can go without the others.
static bool run_warp_greedily(Block& block, size_t warp) {
  bool any = false;
  do {
    for (unsigned lane = 0; lane < 32; lane++)
      if (Fibre* f = lane_of(block, warp, lane)) any |= step(*f);
    if (failed) return any;
  } while (release_warp(block, warp));
  return any;
}

static bool pass_over(Block& block) {
  make_resident(&block);
  bool any = false;
  if (launch->order == kWarpGreedy || launch->order == kWarpGreedyReverse) {
    const size_t n = num_warps(block);
    for (size_t i = 0; i < n && !failed; i++)
      any |= run_warp_greedily(block, launch->order == kWarpGreedy ? i : n - 1 - i);
  } else {
    if (launch->order == kRandom) shuffle_order(thread_order);
    for (unsigned i : thread_order) {
      any |= step(block.fibres[i]);
      if (failed) return any;
    }
  }
  for (size_t warp = 0; warp < num_warps(block) && !failed; warp++)
    any |= release_warp(block, warp);
  if (!failed) any |= release_block(block);
  return any;
}

static bool release_grid() {
  Fibre* first = nullptr;
  for (auto& block : blocks)
    for (Fibre& f : block->fibres) {
      if (f.state != State::grid_barrier) return false;
      if (!first) first = &f;
      if (!same_site(*first, f)) {
        current = &f;
        report("divergent grid barriers: %s:%d and %s:%d", f.file, f.line, first->file, first->line);
        return false;
      }
    }
  if (instrumented) order_grid(blocks);
  for (auto& block : blocks)
    for (Fibre& f : block->fibres) f.state = State::runnable;
  return first != nullptr;
}

static void report_deadlock(const char* why) {
  size_t done = 0, at_block = 0, at_grid = 0, in_warp = 0, polling = 0;
  const Fibre* example = nullptr;
  for (auto& block : blocks) {
    done += block->num_done;
    at_block += count(*block, State::block_barrier);
    at_grid += count(*block, State::grid_barrier);
    in_warp += count(*block, State::warp_op);
    polling += count(*block, State::yielded) + count(*block, State::runnable);
    for (Fibre& f : block->fibres)
      if (!example && f.state != State::done && f.op) example = &f, current = &f;
  }
  report("%s: %zu threads have exited, %zu wait at __syncthreads, %zu at the grid barrier, %zu in "
         "a warp operation, %zu poll; this one is in %s at line %d with mask %08x",
         why, done, at_block, at_grid, in_warp, polling, example ? example->op : "a polling loop",
         example ? example->line : 0, example ? example->mask : 0);
}

// Runs the live blocks to their end.
static void run_alive() {
  unsigned idle_passes = 0;
  std::vector<Block*> order;
  for (auto& block : blocks) order.push_back(block.get());
  if (launch->order == kReverse || launch->order == kWarpGreedyReverse)
    std::reverse(order.begin(), order.end());
  while (!failed) {
    if (launch->order == kRandom) shuffle_order(order);
    moved = false;
    bool any = false;
    size_t finished = 0;
    for (Block* block : order) {
      if (block->num_done < block->num_threads) any |= pass_over(*block);
      if (failed) return;
      finished += block->num_done == block->num_threads;
    }
    if (finished == blocks.size()) return;
    any |= release_grid();
    for (auto& block : blocks)
      for (Fibre& f : block->fibres)
        if (f.state == State::yielded) f.state = State::runnable;
    idle_passes = moved ? 0 : idle_passes + 1;
    if (failed) return;
    if (!any) return report_deadlock("deadlock");
    if (idle_passes > kMostIdlePasses) return report_deadlock("deadlock of polling loops");
  }
}

// ---- blocks
static void make_block(unsigned number, size_t first_stack) {
  const unsigned *g = launch->grid, *b = launch->block;
  auto block = std::make_unique<Block>();
  block->linear = number;
  block->index = {number % g[0], number / g[0] % g[1], number / (g[0] * g[1])};
  block->num_threads = b[0] * b[1] * b[2];
  block->num_done = 0;
  block->dynamic = std::make_unique<SharedArena>(launch->shared_bytes);
  block->dynamic->poison();
  block->statics.assign(statics.bytes, 0xff);
  block->fibres.assign(block->num_threads, Fibre());
  for (unsigned i = 0; i < block->num_threads; i++) {
    Fibre& f = block->fibres[i];
    f.linear = i;
    f.index = {i % b[0], i / b[0] % b[1], i / (b[0] * b[1])};
    f.block = block.get();
    f.state = State::runnable;
    prepare(f, stacks.low(first_stack + i), stacks.high(first_stack + i), fibre_entry);
  }
  if (instrumented) begin_shadow(*block, statics.first, statics.bytes);
  blocks.push_back(std::move(block));
}

static bool check_launch(const Launch& launch) {
  const unsigned *g = launch.grid, *b = launch.block;
  current = nullptr;
  const uint64_t threads = uint64_t(b[0]) * b[1] * b[2], total = uint64_t(g[0]) * g[1] * g[2];
  if (threads < 1 || threads > kMostThreads || b[2] > 64)
    return report("block of (%u,%u,%u) threads: 1 to %u are possible, z to 64", b[0], b[1], b[2],
                  kMostThreads), false;
  if (total < 1 || g[0] > 0x7fffffffu || g[1] > 65535 || g[2] > 65535)
    return report("grid of (%u,%u,%u) blocks: 1 to 2^31-1, 65535 and 65535 are possible", g[0],
                  g[1], g[2]), false;
  if (launch.shared_bytes + statics.bytes > kMostShared)
    return report("%llu bytes of dynamic and %zu of static shared memory: %u are possible",
                  static_cast<unsigned long long>(launch.shared_bytes), statics.bytes, kMostShared),
           false;
  if (!stacks.reserve(threads * (launch.cooperative ? total : 1), launch.stack_bytes))
    return report("no memory for the stacks of %llu threads",
                  static_cast<unsigned long long>(threads * total)), false;
  return true;
}

static void run_blocks(size_t total, size_t threads) {
  std::vector<unsigned> numbers(total);
  for (size_t i = 0; i < total; i++) numbers[i] = static_cast<unsigned>(i);
  if (launch->order == kReverse || launch->order == kWarpGreedyReverse)
    std::reverse(numbers.begin(), numbers.end());
  if (launch->order == kRandom) shuffle_order(numbers);
  for (size_t i = 0; i < total && !failed;) {
    blocks.clear();
    resident = nullptr;
    do make_block(numbers[i++], blocks.size() * threads);
    while (launch->cooperative && i < total);
    run_alive();
  }
  blocks.clear();
}

int run(Body kernel, const Launch& request) {
  launch = &request;
  body = kernel;
  failed = false;
  random_state = request.seed * 2654435761u + 1;
  if (!random_state) random_state = 1;
  statics = static_shared();
  if (!check_launch(request)) return 1;
  const size_t threads = size_t(request.block[0]) * request.block[1] * request.block[2];
  thread_order.resize(threads);
  for (size_t i = 0; i < threads; i++)
    thread_order[i] = static_cast<unsigned>(request.order == kReverse ? threads - 1 - i : i);
  {
    const size_t total = size_t(request.grid[0]) * request.grid[1] * request.grid[2];
    if (instrumented) begin_shadow(static_cast<unsigned>(total));
    SignalGuard guard;
    run_blocks(total, threads);
    end_shadow();
  }
  current = nullptr;
  return failed ? 2 : 0;
}

}  // namespace emu
