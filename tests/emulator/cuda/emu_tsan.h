// SPDX-License-Identifier: Apache-2.0
// The functions that -fsanitize=thread makes the kernels call, instead of ThreadSanitizer's own.
// (g++: gcc/sanitizer.def, "Thread Sanitizer".)
#pragma once
#include "emu_shadow.h"

// The return address points behind the call; one byte back it is on the line of the access.
#define EMU_HERE (static_cast<char*>(__builtin_return_address(0)) - 1)

#define EMU_TSAN(function, bytes, write)                                                      \
  extern "C" void __tsan_##function(void* address) {                                          \
    emu::check_access(reinterpret_cast<uintptr_t>(address), bytes, write, false, EMU_HERE);   \
  }
#define EMU_TSAN_SIZE(bytes)                     \
  EMU_TSAN(read##bytes, bytes, false)            \
  EMU_TSAN(write##bytes, bytes, true)            \
  EMU_TSAN(unaligned_read##bytes, bytes, false)  \
  EMU_TSAN(unaligned_write##bytes, bytes, true)
EMU_TSAN_SIZE(1)
EMU_TSAN_SIZE(2)
EMU_TSAN_SIZE(4)
EMU_TSAN_SIZE(8)
EMU_TSAN_SIZE(16)
#undef EMU_TSAN_SIZE
#undef EMU_TSAN

extern "C" void __tsan_read_range(void* address, size_t bytes) {
  emu::check_access(reinterpret_cast<uintptr_t>(address), bytes, false, false, EMU_HERE);
}
extern "C" void __tsan_write_range(void* address, size_t bytes) {
  emu::check_access(reinterpret_cast<uintptr_t>(address), bytes, true, false, EMU_HERE);
}

// `volatile` accesses: relaxed, and others may poll them.
#define EMU_TSAN_VOLATILE(prefix, bytes)                                                  \
  extern "C" void __tsan_##prefix##volatile_read##bytes(void* address) {                  \
    emu::strong_access(address, bytes, emu::Strong::load, EMU_HERE);                      \
  }                                                                                       \
  extern "C" void __tsan_##prefix##volatile_write##bytes(void* address) {                 \
    emu::strong_access(address, bytes, emu::Strong::store, EMU_HERE);                     \
  }
#define EMU_TSAN_VOLATILE_SIZE(bytes) \
  EMU_TSAN_VOLATILE(, bytes)          \
  EMU_TSAN_VOLATILE(unaligned_, bytes)
EMU_TSAN_VOLATILE_SIZE(1)
EMU_TSAN_VOLATILE_SIZE(2)
EMU_TSAN_VOLATILE_SIZE(4)
EMU_TSAN_VOLATILE_SIZE(8)
EMU_TSAN_VOLATILE_SIZE(16)
#undef EMU_TSAN_VOLATILE_SIZE
#undef EMU_TSAN_VOLATILE

extern "C" void __tsan_init() { emu::instrumented = true; }
extern "C" void __tsan_func_entry(void*) {}
extern "C" void __tsan_func_exit() {}
