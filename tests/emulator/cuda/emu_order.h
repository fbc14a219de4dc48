// SPDX-License-Identifier: Apache-2.0
// Which accesses of other threads come before the present one: happens-before, kept compactly.
//
// A full vector clock has one number for every thread of the grid. Barriers make that unnecessary:
//   block     every __syncthreads starts a new epoch; all accesses of earlier epochs of the own
//             block come before.
//   warp      within an epoch, __syncwarp orders the lanes of its mask. Each lane has a clock, and
//             a warp keeps the 32 x 32 matrix of what each lane has seen of each other one.
//   grid      a grid barrier ends the epochs of all blocks; what lies before it is forgotten.
//   flags     between blocks, or without a barrier, a thread learns from atomics and the sq_
//             loads and stores. What it learns is a Knowledge: for each block the epoch before
//             which everything is known, and the clocks of single warps in their current epoch.
//
// Fences follow C++: a relaxed store publishes what came before the thread's last __threadfence; a
// relaxed load brings knowledge that counts from the reader's next __threadfence on. So a missing
// fence is a race here, though no order of fibres could ever make it fail.
//
// Shuffles and votes order no memory: the CUDA C++ Programming Guide says of them that they imply
// no memory barrier.
#pragma once
#include <algorithm>
#include <memory>
#include <unordered_map>
#include <vector>

#include "emu_faults.h"

namespace emu {

struct WarpSeen {
  unsigned warp;  // its number in the grid
  unsigned epoch;
  unsigned clocks[32];
};

struct Knowledge {
  std::vector<unsigned> epochs;  // of each block: everything before this epoch is known
  std::vector<WarpSeen> warps;   // and of some warps, everything up to these clocks in their epoch
};

static std::vector<unsigned> floors;  // of each block: epochs below come before everything
static std::unordered_map<uintptr_t, Known> flags;  // what the last store to an address published

inline unsigned warp_in_grid(const Fibre& f) {
  return f.block->linear * ((f.block->num_threads + 31) / 32) + f.linear / 32;
}

inline Known join(const Known& a, const Known& b) {
  if (!a || a == b) return b;
  if (!b) return a;
  auto both = std::make_shared<Knowledge>(*a);
  for (size_t i = 0; i < both->epochs.size(); i++)
    both->epochs[i] = std::max(both->epochs[i], b->epochs[i]);
  for (const WarpSeen& theirs : b->warps) {
    auto mine = std::find_if(both->warps.begin(), both->warps.end(),
                             [&](const WarpSeen& w) { return w.warp == theirs.warp; });
    if (mine == both->warps.end()) both->warps.push_back(theirs);
    else if (mine->epoch < theirs.epoch) *mine = theirs;
    else if (mine->epoch == theirs.epoch)
      for (int lane = 0; lane < 32; lane++)
        mine->clocks[lane] = std::max(mine->clocks[lane], theirs.clocks[lane]);
  }
  return both;
}

// Everything that comes before this moment of `f`. Its later accesses get a later clock.
inline Known snapshot(Fibre& f) {
  auto known = std::make_shared<Knowledge>();
  known->epochs.assign(floors.size(), 0);
  if (f.known) *known = *f.known;
  Block& block = *f.block;
  known->epochs[block.linear] = block.epoch;
  WarpSeen now{warp_in_grid(f), block.epoch, {}};
  unsigned* row = block.seen[f.linear].clocks;
  row[f.linear & 31] = f.clock++;
  std::copy(row, row + 32, now.clocks);
  auto& warps = known->warps;
  warps.erase(std::remove_if(warps.begin(), warps.end(),
                             [&](const WarpSeen& w) { return w.warp == now.warp; }),
              warps.end());
  warps.push_back(now);
  return known;
}

// Does `access`, of another thread, come before what `f` does now?
inline bool comes_before(const Access& access, const Fibre& f) {
  const Block& mine = *f.block;
  const unsigned thread = access.thread - 1, block = thread / mine.num_threads;
  const unsigned linear = thread % mine.num_threads, lane = linear & 31;
  if (access.epoch < floors[block]) return true;
  if (block == mine.linear) {
    if (access.epoch < mine.epoch) return true;
    if (linear / 32 == f.linear / 32 && access.clock <= mine.seen[f.linear].clocks[lane]) return true;
  }
  if (!f.known) return false;
  if (access.epoch < f.known->epochs[block]) return true;
  const unsigned warp = block * ((mine.num_threads + 31) / 32) + linear / 32;
  for (const WarpSeen& w : f.known->warps)
    if (w.warp == warp) return w.epoch == access.epoch && access.clock <= w.clocks[lane];
  return false;
}

// ---- what the scheduler tells when it releases threads
inline void order_warp(Block& block, size_t warp, unsigned mask) {
  unsigned joint[32] = {};
  Known known;
  for (unsigned lane = 0; lane < 32; lane++) {
    const size_t i = warp * 32 + lane;
    if (!(mask >> lane & 1) || i >= block.num_threads) continue;
    block.seen[i].clocks[lane] = block.fibres[i].clock++;
    for (int k = 0; k < 32; k++) joint[k] = std::max(joint[k], block.seen[i].clocks[k]);
    known = join(known, block.fibres[i].known);
  }
  for (unsigned lane = 0; lane < 32; lane++) {
    const size_t i = warp * 32 + lane;
    if (!(mask >> lane & 1) || i >= block.num_threads) continue;
    std::copy(joint, joint + 32, block.seen[i].clocks);
    block.fibres[i].known = known;
  }
}

inline void order_block(Block& block) {
  Known known;
  for (Fibre& f : block.fibres) known = join(known, f.known);
  for (Fibre& f : block.fibres) f.known = known;
  block.epoch++;
}

inline void order_grid(std::vector<std::unique_ptr<Block>>& blocks) {
  for (auto& block : blocks) {
    floors[block->linear] = ++block->epoch;
    for (Fibre& f : block->fibres) f.known = f.pending = f.fenced = nullptr;
  }
  flags.clear();
}

// ---- what atomics, sq_ accesses and fences tell
inline void learn(Fibre& f, const volatile void* address, bool acquire) {
  auto flag = flags.find(reinterpret_cast<uintptr_t>(address));
  if (flag == flags.end()) return;
  Known& into = acquire ? f.known : f.pending;
  into = join(into, flag->second);
}

// A plain store replaces what the address published before; an atomic update adds to it.
inline void publish(Fibre& f, const volatile void* address, bool release, bool update) {
  Known now = release ? snapshot(f) : f.fenced;
  Known& flag = flags[reinterpret_cast<uintptr_t>(address)];
  flag = update ? join(flag, now) : now;
}

inline void fence(Fibre& f) {
  f.known = join(f.known, f.pending);
  f.pending = nullptr;
  f.fenced = snapshot(f);
}

}  // namespace emu
