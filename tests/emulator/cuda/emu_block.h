// SPDX-License-Identifier: Apache-2.0
// A block: its fibres, its shared memory, and the shadow of that memory.
#pragma once
#include "emu_fibre.h"

namespace emu {

// One access, as the shadow memory keeps it.
struct Access {
  unsigned thread;  // its number in the grid plus one; 0: none
  unsigned epoch, clock;
  unsigned place : 31;  // code address, from the library's start
  unsigned strong : 1;  // atomic, or an sq_ load or store
};

// What is known of one word: its last write, and reads since.
struct Cell {
  Access write, reads[3];  // 64 bytes: one cache line
};

// Memory that a kernel may access, with a cell for each 1, 2 or 4 bytes.
struct Region {
  uintptr_t first = 0;
  size_t bytes = 0;
  int parameter = -1;          // number of the argument, or -1
  const char* name = nullptr;  // of what is no argument
  int log_granule = 2;
  Cell* cells = nullptr;  // zero pages until touched
  size_t cell_bytes = 0;

  void allocate() {
    cell_bytes = ((bytes >> log_granule) + 1) * sizeof(Cell);
    cells = static_cast<Cell*>(mmap(nullptr, cell_bytes, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  }
  void release() {
    if (cells) munmap(cells, cell_bytes);
    cells = nullptr;
  }
  // One-byte cells from now on; what a coarser cell knew holds for each of its bytes.
  void split() {
    Region fine = *this;
    fine.log_granule = 0;
    fine.allocate();
    for (size_t i = 0; i < bytes; i++) {
      const Cell& coarse = cells[i >> log_granule];
      if (coarse.write.thread || coarse.reads[0].thread) fine.cells[i] = coarse;
    }
    release();
    *this = fine;
  }
};

// Dynamic shared memory between two guard pages, flush with the upper one: an index too large is an
// error even where accesses are not checked one by one.
class SharedArena {
 public:
  explicit SharedArena(size_t bytes) : bytes_((bytes + 15) & ~size_t(15)) {
    const size_t pages = (bytes_ + kPage - 1) / kPage * kPage;
    mapped_ = pages + 2 * kPage;
    base_ = static_cast<char*>(
        mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    mprotect(base_ + kPage, pages, PROT_READ | PROT_WRITE);
    data_ = base_ + kPage + pages - bytes_;
  }
  ~SharedArena() { munmap(base_, mapped_); }
  SharedArena(const SharedArena&) = delete;
  SharedArena& operator=(const SharedArena&) = delete;
  char* data() const { return data_; }
  void poison() { memset(data_, 0xff, bytes_); }  // NaN, -1, and a bool that is none

 private:
  static constexpr size_t kPage = 4096;
  size_t bytes_, mapped_;
  char *base_, *data_;
};

struct Block {
  uint3 index;
  unsigned linear;
  unsigned num_threads;
  unsigned num_done;
  std::vector<Fibre> fibres;
  std::unique_ptr<SharedArena> dynamic;
  std::vector<unsigned char> statics;  // static shared memory while another block runs
  // For the race check.
  unsigned epoch = 1;  // __syncthreads passed, plus one
  struct Row {
    unsigned clocks[32];
  };
  std::vector<Row> seen;  // of each thread: the clock of each lane of its warp that it has seen
  Region shared[2];       // dynamic and static shared memory

  ~Block() {
    for (Region& r : shared) r.release();
  }
};

}  // namespace emu
