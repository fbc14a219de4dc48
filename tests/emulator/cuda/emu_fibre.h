// SPDX-License-Identifier: Apache-2.0
// One CUDA thread is one fibre: a stack and a saved stack pointer, all on one OS thread.
#pragma once
#include <sys/mman.h>

#include <memory>
#include <vector>

#include "emu_launch.h"

namespace emu {

enum class State : uint8_t { runnable, yielded, block_barrier, grid_barrier, warp_op, done };

struct Block;
struct Knowledge;  // emu_order.h
using Known = std::shared_ptr<const Knowledge>;

struct Fibre {
  void* stack_pointer;
  char* stack_low;  // lowest usable byte
  uint3 index;      // threadIdx
  unsigned linear;  // its number in the block
  Block* block;
  State state;
  // What it waits for, filled in by the waiting call.
  const char* op;
  const char* file;
  int line;
  unsigned mask;     // of a warp operation
  int source;        // the lane a shuffle reads, or -1
  uint64_t bits;     // what it hands over: a shuffled value, a predicate
  uint64_t result;   // what it gets back
  uint64_t* gather;  // where to copy the values of all 32 lanes, or null
  unsigned strong_loads;  // since it last let others run
  // For the race check.
  unsigned clock;  // counts what this thread told others about
  Known known;     // accesses of other blocks and warps that come before this thread's next one
  Known pending;   // ... that will, after its next fence
  Known fenced;    // what came before its last fence
};

extern Fibre* current;
extern const Launch* launch;

// Saves the callee-saved registers and the stack pointer, and goes on where `to` was saved.
extern "C" void emu_switch(void** save, void* to);
#if defined(__x86_64__)
asm(R"(
.text
.globl emu_switch
.hidden emu_switch
.type emu_switch,@function
emu_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size emu_switch,.-emu_switch
)");
constexpr int kSavedRegisters = 6;
#else
#error "the emulator's fibre switch is written for x86-64 only"
#endif

// Stacks of all live fibres in one reservation, kept between launches. Pages that no thread
// touches cost nothing, so a cooperative launch of 128 x 256 threads reserves 2 GiB and uses little.
class Stacks {
 public:
  // A guard page under every stack turns an overflow into an error instead of a corrupted
  // neighbour. Linux allows a process some 65,000 mappings and each guard makes two, in every
  // library of kernels that a test run loads: past that, all memory is refused. So large launches
  // do without; their kernels have small ones too.
  static constexpr size_t kGuard = 4096, kMostGuarded = 128;

  bool reserve(size_t count, size_t bytes) {
    if (count <= count_ && bytes == bytes_) return true;
    if (base_) munmap(base_, count_ * bytes_);
    void* base = mmap(nullptr, count * bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    base_ = base == MAP_FAILED ? nullptr : static_cast<char*>(base);
    count_ = base_ ? count : 0;
    bytes_ = bytes;
    for (size_t i = 0; i < count_ && count_ <= kMostGuarded; i++)
      mprotect(base_ + i * bytes, kGuard, PROT_NONE);
    return base_ != nullptr;
  }
  char* low(size_t i) const { return base_ + i * bytes_ + kGuard; }
  char* high(size_t i) const { return base_ + (i + 1) * bytes_; }

 private:
  char* base_ = nullptr;
  size_t count_ = 0, bytes_ = 0;
};

// Makes a fibre start in `entry` when it is first switched to.
inline void prepare(Fibre& fibre, char* low, char* high, void (*entry)()) {
  void** top = reinterpret_cast<void**>(high - 64);  // 16-byte aligned, as the ABI wants at a call
  *--top = nullptr;                                  // return address of entry: never used
  *--top = reinterpret_cast<void*>(entry);
  for (int i = 0; i < kSavedRegisters; i++) *--top = nullptr;
  fibre.stack_pointer = top;
  fibre.stack_low = low;
}

}  // namespace emu
