// SPDX-License-Identifier: Apache-2.0
// From Python's argument buffers to a call of the kernel, and the kernel's signature for Python.
#pragma once
#include "emu_core.h"

namespace emu {

// One launch, as Python fills it (emulator.py: _Launch). Extents and grid in threads and blocks.
struct Range {
  const char* first;  // an argument's memory: [first, first + bytes)
  uint64_t bytes;
  int parameter, element_bytes;
};
struct Launch {
  void** arguments;
  unsigned grid[3], block[3];
  uint64_t shared_bytes;
  int cooperative, order;
  unsigned seed;
  int num_ranges;
  const Range* ranges;
  uint64_t stack_bytes;
  double limit_s;
  char* error;
  int error_bytes;
};

using Body = void (*)(void** arguments);
int run(Body body, const Launch& launch);

template <class T>
using bare = typename std::remove_cv<typename std::remove_reference<T>::type>::type;

// Runs as the first frame of each fibre. Not instrumented: the buffers belong to Python.
template <class... A>
struct Call {
  template <void (*kernel)(A...), size_t... I>
  __attribute__((no_sanitize("thread"), no_sanitize("undefined"))) static void body(
      void** arguments, std::index_sequence<I...>) {
    kernel(*reinterpret_cast<bare<A>*>(arguments[I])...);
  }
  template <void (*kernel)(A...)>
  __attribute__((no_sanitize("thread"), no_sanitize("undefined"))) static void all(void** a) {
    body<kernel>(a, std::index_sequence_for<A...>{});
  }
};

// p pointer, f float, i integer, s structure by value
template <class T>
constexpr char kind() {
  return std::is_pointer<T>::value          ? 'p'
         : std::is_floating_point<T>::value ? 'f'
         : std::is_class<T>::value          ? 's'
                                            : 'i';
}

struct Parameter {
  int kind, bytes;                  // of the parameter itself
  int element_kind, element_bytes;  // of what a pointer points to; 0 bytes for void
};

template <class T>
Parameter describe() {
  using E = bare<typename std::remove_pointer<T>::type>;
  Parameter p{kind<T>(), static_cast<int>(sizeof(T)), 0, 0};
  if constexpr (std::is_pointer<T>::value && !std::is_void<E>::value) {
    p.element_kind = kind<E>();
    p.element_bytes = static_cast<int>(sizeof(E));
  }
  return p;
}

template <class... A>
int signature(void (*)(A...), Parameter* out, int capacity) {
  Parameter all[] = {describe<bare<A>>()..., Parameter{}};
  for (int i = 0; i < static_cast<int>(sizeof...(A)) && i < capacity; i++) out[i] = all[i];
  return sizeof...(A);
}

template <class... A>
Call<A...> call_of(void (*)(A...));

}  // namespace emu

// The two symbols that Python looks up for a kernel.
#define EMU_EXPORT(symbol, ...)                                                               \
  extern "C" __attribute__((visibility("default"))) int symbol(const emu::Launch* launch) {  \
    return emu::run(&decltype(emu::call_of(&__VA_ARGS__))::template all<&__VA_ARGS__>,        \
                    *launch);                                                                 \
  }                                                                                           \
  extern "C" __attribute__((visibility("default"))) int symbol##_signature(                  \
      emu::Parameter* out, int capacity) {                                                    \
    return emu::signature(&__VA_ARGS__, out, capacity);                                       \
  }
