// SPDX-License-Identifier: Apache-2.0
// Races and bounds: every access of the kernels, checked.
//
// Kernels compiled with -fsanitize=thread call __tsan_read4(address) and the like before each
// access; ThreadSanitizer's library would answer, and here we do. An access must lie in memory that
// the launch knows: an argument, the block's shared memory, the library itself (constants,
// __device__ variables) or the thread's own stack. Each word of that memory has a cell with its
// last write and up to three reads since; an access that conflicts with one of them and is not
// ordered after it (emu_order.h) is a race, whatever order the fibres happened to run in.
#pragma once
#include "emu_order.h"

namespace emu {

static bool instrumented;  // __tsan_init was called: the kernels report their accesses
static std::vector<Region> regions;  // those of the launch
static size_t last_region;
static uintptr_t library_first, library_end;

inline bool inside(const Region& r, uintptr_t address, size_t bytes) {
  return address - r.first < r.bytes && bytes <= r.bytes - (address - r.first);
}

// The region of an access, or null. Kernels walk along few arrays: the last one is tried first.
inline Region* find_region(uintptr_t address, size_t bytes) {
  for (Region& r : current->block->shared)
    if (inside(r, address, bytes)) return &r;
  if (last_region < regions.size() && inside(regions[last_region], address, bytes))
    return &regions[last_region];
  for (size_t i = 0; i < regions.size(); i++)
    if (inside(regions[i], address, bytes)) return last_region = i, &regions[i];
  return nullptr;
}

// ---- messages
inline const char* describe_region(const Region& r, char* out, size_t size) {
  if (r.name) snprintf(out, size, "%s", r.name);
  else snprintf(out, size, "argument %d", r.parameter);
  return out;
}

inline void fail_bounds(uintptr_t address, size_t bytes, bool write, void* pc) {
  const Region* nearest = nullptr;
  size_t distance = ~size_t(0);
  auto consider = [&](const Region& r) {
    if (!r.bytes && r.parameter < 0) return;
    const size_t d = address < r.first ? r.first - address
                     : address >= r.first + r.bytes ? address - (r.first + r.bytes) : 0;
    if (d < distance) distance = d, nearest = &r;
  };
  for (const Region& r : current->block->shared) consider(r);
  for (const Region& r : regions) consider(r);
  char name[64] = "anything", where[96] = "";
  if (nearest) describe_region(*nearest, name, sizeof name);
  if (nearest)
    snprintf(where, sizeof where, ", which has %zu bytes (nearest: byte %lld)", nearest->bytes,
             static_cast<long long>(address - nearest->first));
  fail("%s of %zu bytes out of bounds at {%p}: outside %s%s", write ? "write" : "read", bytes, pc,
       name, where);
}

inline void fail_race(const Region& r, const Access& before, bool before_writes, const Access& now,
                      bool write, uintptr_t address) {
  char name[64];
  const Block& block = *current->block;
  const unsigned thread = before.thread - 1;
  const auto place = [](const Access& a) {
    return reinterpret_cast<void*>(library_first + a.place);
  };
  fail("race on byte %llu of %s: %s%s at {%p}, and %s%s at {%p} by thread %u of block %u, with no "
       "barrier between them",
       static_cast<unsigned long long>(address - r.first), describe_region(r, name, sizeof name),
       now.strong ? "atomic " : "", write ? "write" : "read", place(now),
       before.strong ? "atomic " : "", before_writes ? "write" : "read", place(before),
       thread % block.num_threads, thread / block.num_threads);
}

// ---- the check
inline bool conflicts(const Access& before, const Access& now) {
  if (!before.thread || before.thread == now.thread) return false;
  if (before.strong && now.strong) return false;
  return !comes_before(before, *current);
}

// Three reads stand for all: one that comes before the new one is replaced by it, for whatever is
// ordered after the new one is ordered after both; and a different warp is kept apart, because the
// writer to come may be ordered after its own warp's reads only.
inline void remember_read(Cell& cell, const Access& now) {
  for (Access& read : cell.reads)
    if (read.thread == now.thread) return void(read = now);
  for (Access& read : cell.reads) {
    Access plain = read;
    plain.strong = 0;
    if (!conflicts(plain, now)) return void(read = now);
  }
  const unsigned warp = (now.thread - 1) / 32;
  for (Access& read : cell.reads)
    if ((read.thread - 1) / 32 == warp) return;
  cell.reads[2] = now;
}

inline void check_cell(Cell& cell, const Region& r, const Access& now, bool write,
                       uintptr_t address) {
  if (conflicts(cell.write, now)) fail_race(r, cell.write, true, now, write, address);
  if (!write) return remember_read(cell, now);
  for (Access& read : cell.reads) {
    if (conflicts(read, now)) fail_race(r, read, false, now, write, address);
    read.thread = 0;
  }
  cell.write = now;
}

inline void check_access(uintptr_t address, size_t bytes, bool write, bool strong, void* pc) {
  if (!current) return;
  if (address - reinterpret_cast<uintptr_t>(current->stack_low) < launch->stack_bytes) return;
  Region* r = find_region(address, bytes);
  if (!r) return fail_bounds(address, bytes, write, pc);
  size_t offset = address - r->first;
  if ((offset | bytes) & ((size_t(1) << r->log_granule) - 1)) r->split();
  const Block& block = *current->block;
  Access now;
  now.thread = block.linear * block.num_threads + current->linear + 1;
  now.epoch = block.epoch;
  now.clock = current->clock;
  now.place = static_cast<unsigned>(reinterpret_cast<uintptr_t>(pc) - library_first);
  now.strong = strong;
  const size_t last = (offset + bytes - 1) >> r->log_granule;
  for (size_t i = offset >> r->log_granule; i <= last; i++)
    check_cell(r->cells[i], *r, now, write, address);
}

// ---- the launch's memory
inline Region make_region(const void* first, size_t bytes, const char* name, int granule = 4) {
  Region r;
  r.first = reinterpret_cast<uintptr_t>(first);
  r.bytes = bytes;
  r.name = name;
  r.log_granule = granule >= 4 ? 2 : granule == 2 ? 1 : 0;
  r.allocate();
  return r;
}

inline void begin_shadow(unsigned num_blocks) {
  floors.assign(num_blocks, 0);
  flags.clear();
  last_region = 0;
  for (int i = 0; i < launch->num_ranges; i++) {
    const Range& range = launch->ranges[i];
    Region r = make_region(range.first, range.bytes, nullptr, range.element_bytes);
    r.parameter = range.parameter;
    regions.push_back(r);
  }
  regions.push_back(make_region(reinterpret_cast<void*>(library_first),
                                library_end - library_first, "the module's variables"));
}

inline void end_shadow() {
  for (Region& r : regions) r.release();
  regions.clear();
  flags.clear();
}

inline void begin_shadow(Block& block, void* statics, size_t static_bytes) {
  block.seen.assign(block.num_threads, Block::Row{});
  for (Fibre& f : block.fibres) f.clock = 1;
  block.shared[0] = make_region(block.dynamic->data(), launch->shared_bytes,
                                "dynamic shared memory");
  block.shared[1] = make_region(statics, static_bytes, "static shared memory");
  // A flag in shared memory ends with its block.
  for (auto flag = flags.begin(); flag != flags.end();)
    flag = inside(block.shared[0], flag->first, 1) || inside(block.shared[1], flag->first, 1)
               ? flags.erase(flag) : std::next(flag);
}

}  // namespace emu
