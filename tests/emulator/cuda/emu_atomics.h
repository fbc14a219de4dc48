// SPDX-License-Identifier: Apache-2.0
// Atomics, fences, and loads and stores that other blocks may watch.
//
// Fibres never run at the same time, so plain code is atomic. What matters here is the report to
// the race check: atomics never race with each other, they race with plain accesses, and they are
// relaxed, as on a GPU: only with __threadfence() before (writer) and after (reader) do they order
// other memory.
#pragma once
#include "emu_core.h"

namespace emu {

// The second argument must not take part in deducing T: atomicAdd(float*, 1) is legal CUDA.
template <class T>
struct same {
  using type = T;
};

// Not instrumented: the report below stands for the access.
// Never inlined, and their callers always: the return address is then in the kernel's own line.
#define EMU_QUIET __attribute__((noinline, no_sanitize("thread")))
#define EMU_CALLER (static_cast<char*>(__builtin_return_address(0)) - 1)

template <class T, class F>
EMU_QUIET T update(T* address, F change) {
  static_assert(sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8, "no such atomic on a GPU");
  strong_access(address, sizeof(T), Strong::update, EMU_CALLER);
  T old = *address;
  *address = change(old);
  return old;
}

template <class T>
EMU_QUIET T strong_load(const volatile T* address) {
  strong_access(address, sizeof(T), Strong::load, EMU_CALLER);
  return *address;
}

template <class T>
EMU_QUIET void strong_store(volatile T* address, T value) {
  strong_access(address, sizeof(T), Strong::store, EMU_CALLER);
  *address = value;
}

template <class T>
EMU_QUIET T load_acquire(const T* address) {
  strong_access(address, sizeof(T), Strong::load, EMU_CALLER);
  acquire_at(address);
  T value = *const_cast<const volatile T*>(address);
  return value;
}

template <class T>
EMU_QUIET void store_release(T* address, T value) {
  strong_access(address, sizeof(T), Strong::store, EMU_CALLER);
  release_at(address);
  *const_cast<volatile T*>(address) = value;
}

// Sums of signed integers wrap on a GPU; in C++ that is undefined, so they are formed unsigned.
template <class T>
T wrapping_sum(T a, T b) {
  if constexpr (std::is_integral<T>::value) {
    using U = typename std::make_unsigned<T>::type;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  } else {
    return T(a + b);
  }
}

template <class T>
T wrapping_difference(T a, T b) {
  if constexpr (std::is_integral<T>::value) {
    using U = typename std::make_unsigned<T>::type;
    return static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
  } else {
    return T(a - b);
  }
}

}  // namespace emu

#define EMU_ATOMIC(name, expression)                                            \
  template <class T>                                                            \
  EMU_INLINE T name(T* address, typename emu::same<T>::type value) {                \
    return emu::update(address, [value](T old) -> T { return expression; });    \
  }                                                                             \
  template <class T>                                                            \
  EMU_INLINE T name##_block(T* address, typename emu::same<T>::type value) {        \
    return name(address, value);                                                \
  }
EMU_ATOMIC(atomicAdd, emu::wrapping_sum(old, value))
EMU_ATOMIC(atomicSub, emu::wrapping_difference(old, value))
EMU_ATOMIC(atomicExch, ((void)old, value))
EMU_ATOMIC(atomicMax, old > value ? old : value)
EMU_ATOMIC(atomicMin, old < value ? old : value)
EMU_ATOMIC(atomicAnd, old & value)
EMU_ATOMIC(atomicOr, old | value)
EMU_ATOMIC(atomicXor, old ^ value)
EMU_ATOMIC(atomicInc, old >= value ? 0 : old + 1)
EMU_ATOMIC(atomicDec, old == 0 || old > value ? value : old - 1)
#undef EMU_ATOMIC

template <class T>
EMU_INLINE T atomicCAS(T* address, typename emu::same<T>::type expected,
                   typename emu::same<T>::type desired) {
  static_assert(std::is_integral<T>::value, "atomicCAS takes integers of 16, 32 or 64 bits");
  return emu::update(address, [=](T old) -> T { return old == expected ? desired : old; });
}

inline void __threadfence() { emu::thread_fence(); }
inline void __threadfence_block() { emu::thread_fence(); }
inline void __threadfence_system() { emu::thread_fence(); }
