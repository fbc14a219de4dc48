// SPDX-License-Identifier: Apache-2.0
// What releases a waiting thread: warp operations and block barriers that are complete; and the
// static shared memory, which only one block at a time can occupy.
#pragma once
#include <link.h>

#include <algorithm>

#include "emu_shadow.h"

namespace emu {

Fibre* current;
const Launch* launch;

// ---- static shared memory: the module's one thread-local segment
struct Segment {
  unsigned char* first = nullptr;
  size_t bytes = 0;
};
static int marker;  // an address of this library

static int match_segment(dl_phdr_info* info, size_t, void* out) {
  bool ours = false;
  uintptr_t end = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const auto& header = info->dlpi_phdr[i];
    const auto first = info->dlpi_addr + header.p_vaddr;
    const auto here = reinterpret_cast<uintptr_t>(&marker);
    if (header.p_type != PT_LOAD) continue;
    if (here >= first && here < first + header.p_memsz) ours = true;
    end = std::max(end, first + header.p_memsz);
  }
  if (!ours) return 0;
  library_first = info->dlpi_addr;
  library_end = end;
  static_cast<Segment*>(out)->first = static_cast<unsigned char*>(info->dlpi_tls_data);
  return 1;
}

// Linked last, so it ends the kernels' variables; and glibc allocates the segment on first use.
static thread_local char end_of_shared;

static Segment static_shared() {
  auto* end = reinterpret_cast<unsigned char*>(&end_of_shared);
  asm volatile("" ::"r"(end) : "memory");
  Segment segment;
  dl_iterate_phdr(match_segment, &segment);
  segment.bytes = segment.first ? end - segment.first : 0;
  return segment;
}

static Segment statics;
static Block* resident;  // whose static shared memory the segment holds

static void make_resident(Block* block) {
  if (resident == block) return;
  if (resident) memcpy(resident->statics.data(), statics.first, statics.bytes);
  memcpy(statics.first, block->statics.data(), statics.bytes);
  resident = block;
}

// ---- releases
static Fibre* lane_of(Block& block, size_t warp, unsigned lane) {
  const size_t i = warp * 32 + lane;
  return i < block.num_threads ? &block.fibres[i] : nullptr;
}

// Have all lanes that `fibre` names arrived at the same operation with the same mask? Lanes that a
// partial last warp lacks need not.
static bool complete(Block& block, size_t warp, const Fibre& fibre) {
  for (unsigned lane = 0; lane < 32; lane++) {
    if (!(fibre.mask >> lane & 1)) continue;
    const Fibre* other = lane_of(block, warp, lane);
    if (!other) continue;
    if (other->state != State::warp_op || other->mask != fibre.mask) return false;
    if (other->op != fibre.op && strcmp(other->op, fibre.op)) return false;
  }
  return true;
}

static bool answer(Block& block, size_t warp, const Fibre& asking) {
  const unsigned mask = asking.mask;
  if (instrumented && !strcmp(asking.op, "__syncwarp")) order_warp(block, warp, mask);
  uint64_t all[32] = {};
  for (unsigned lane = 0; lane < 32; lane++)
    if (Fibre* f = mask >> lane & 1 ? lane_of(block, warp, lane) : nullptr) all[lane] = f->bits;
  for (unsigned lane = 0; lane < 32; lane++) {
    Fibre* f = mask >> lane & 1 ? lane_of(block, warp, lane) : nullptr;
    if (!f) continue;
    f->state = State::runnable;
    if (f->gather) memcpy(f->gather, all, sizeof all);
    if (f->source < 0) continue;
    if (!(mask >> f->source & 1) || !lane_of(block, warp, f->source)) {
      current = f;
      report("%s at line %d: reads lane %d outside mask %08x or the block", f->op, f->line,
             f->source, mask);
      return false;
    }
    f->result = all[f->source];
  }
  return true;
}

static bool release_warp(Block& block, size_t warp) {
  bool any = false;
  for (unsigned lane = 0; lane < 32; lane++) {
    Fibre* f = lane_of(block, warp, lane);
    if (!f || f->state != State::warp_op || !complete(block, warp, *f)) continue;
    if (!answer(block, warp, *f)) return false;
    any = true;
  }
  return any;
}

static size_t num_warps(const Block& block) { return (block.num_threads + 31) / 32; }

static size_t count(const Block& block, State state) {
  size_t n = 0;
  for (const Fibre& f : block.fibres) n += f.state == state;
  return n;
}

static bool same_site(const Fibre& a, const Fibre& b) {
  return a.line == b.line && !strcmp(a.op, b.op) && (a.file == b.file || !strcmp(a.file, b.file));
}

// All threads of the block are at a barrier, or have exited.
static bool release_block(Block& block) {
  const size_t waiting = count(block, State::block_barrier);
  if (!waiting || waiting + block.num_done < block.num_threads) return false;
  Fibre* first = nullptr;
  int votes = 0;
  for (Fibre& f : block.fibres) {
    if (f.state != State::block_barrier) continue;
    if (!first) first = &f;
    votes += f.bits != 0;
    current = &f;
    if (block.num_done) {
      report("%s at %s:%d, but %u threads have exited", f.op, f.file, f.line, block.num_done);
      return false;
    }
    if (!same_site(*first, f)) {
      report("divergent barriers: %s at %s:%d, and thread %u at %s:%d", f.op, f.file, f.line,
             first->linear, first->file, first->line);
      return false;
    }
  }
  if (instrumented) order_block(block);
  for (Fibre& f : block.fibres) f.result = votes, f.state = State::runnable;
  return true;
}

}  // namespace emu
