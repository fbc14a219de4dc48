// SPDX-License-Identifier: Apache-2.0
// Warp operations: shuffles, votes, match, reduce.
//
// Each lane hands over its value as 64 bits and waits until all lanes of the mask have done the
// same; the runtime then fills in every lane's answer at once, so one operation costs one switch a
// lane. A lane outside its own mask, a source outside the mask and lanes with different masks are
// errors. The last parameter is the caller's line, for messages.
#pragma once
#include "emu_core.h"

inline void __syncwarp(unsigned mask = 0xffffffffu, int line = __builtin_LINE()) {
  emu::warp_barrier(mask, line);
}

namespace emu {

template <class T>
uint64_t to_bits(T value) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable<T>::value,
                "warp operations take values of at most eight bytes");
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  return bits;
}

template <class T>
T from_bits(uint64_t bits) {
  T value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// First lane of the segment of `width` lanes that holds `lane`.
inline int segment(int lane, int width) { return lane & ~(width - 1); }

template <class T>
T shuffle(unsigned mask, T value, int source, const char* op, int line) {
  return from_bits<T>(warp_exchange(mask, to_bits(value), source, op, line));
}

inline void check_width(int width, const char* op, int line) {
  if (width < 1 || width > 32 || (width & (width - 1)))
    fail("%s at line %d: width %d is not a power of two up to 32", op, line, width);
}

}  // namespace emu

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, int line = __builtin_LINE()) {
  emu::check_width(width, "__shfl_sync", line);
  int first = emu::segment(emu::lane_index(), width);
  return emu::shuffle(mask, value, first + (source & (width - 1)), "__shfl_sync", line);
}

// Where the source lies outside the segment, the lane keeps its own value.
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, int line = __builtin_LINE()) {
  emu::check_width(width, "__shfl_xor_sync", line);
  int lane = emu::lane_index(), source = lane ^ bits;
  if (source >= emu::segment(lane, width) + width) source = lane;
  return emu::shuffle(mask, value, source, "__shfl_xor_sync", line);
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 int line = __builtin_LINE()) {
  emu::check_width(width, "__shfl_up_sync", line);
  int lane = emu::lane_index(), source = lane - static_cast<int>(delta);
  if (source < emu::segment(lane, width)) source = lane;
  return emu::shuffle(mask, value, source, "__shfl_up_sync", line);
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   int line = __builtin_LINE()) {
  emu::check_width(width, "__shfl_down_sync", line);
  int lane = emu::lane_index(), source = lane + static_cast<int>(delta);
  if (source >= emu::segment(lane, width) + width) source = lane;
  return emu::shuffle(mask, value, source, "__shfl_down_sync", line);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  uint64_t all[32];
  emu::warp_gather(mask, predicate != 0, all, "__ballot_sync", line);
  unsigned ballot = 0;
  for (int lane = 0; lane < 32; lane++)
    if ((mask >> lane & 1) && all[lane]) ballot |= 1u << lane;
  return ballot;
}

inline int __any_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  return __ballot_sync(mask, predicate, line) != 0;
}

inline int __all_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  return __ballot_sync(mask, !predicate, line) == 0;
}

template <class T>
unsigned __match_any_sync(unsigned mask, T value, int line = __builtin_LINE()) {
  uint64_t all[32], mine = emu::to_bits(value);
  emu::warp_gather(mask, mine, all, "__match_any_sync", line);
  unsigned same = 0;
  for (int lane = 0; lane < 32; lane++)
    if ((mask >> lane & 1) && all[lane] == mine) same |= 1u << lane;
  return same;
}

template <class T>
unsigned __match_all_sync(unsigned mask, T value, int* all_same, int line = __builtin_LINE()) {
  unsigned same = __match_any_sync(mask, value, line);
  *all_same = same == mask;
  return *all_same ? mask : 0;
}

namespace emu {

// Lanes that a partial last warp lacks are left out; `all` says 0 for them.
unsigned present_lanes();

template <class T, class Combine>
T reduce(unsigned mask, T value, const char* op, int line, Combine combine) {
  uint64_t all[32];
  warp_gather(mask, to_bits(value), all, op, line);
  mask &= present_lanes();
  int first = __builtin_ctz(mask);
  T result = from_bits<T>(all[first]);
  for (int lane = first + 1; lane < 32; lane++)
    if (mask >> lane & 1) result = combine(result, from_bits<T>(all[lane]));
  return result;
}

}  // namespace emu

#define EMU_REDUCE(name, T, expression)                                                      \
  inline T name(unsigned mask, T value, int line = __builtin_LINE()) {                       \
    return emu::reduce(mask, value, #name, line, [](T a, T b) -> T { return expression; });  \
  }
EMU_REDUCE(__reduce_add_sync, unsigned, a + b)
EMU_REDUCE(__reduce_add_sync, int, static_cast<int>(static_cast<unsigned>(a) + unsigned(b)))
EMU_REDUCE(__reduce_min_sync, unsigned, a < b ? a : b)
EMU_REDUCE(__reduce_min_sync, int, a < b ? a : b)
EMU_REDUCE(__reduce_max_sync, unsigned, a > b ? a : b)
EMU_REDUCE(__reduce_max_sync, int, a > b ? a : b)
EMU_REDUCE(__reduce_and_sync, unsigned, a & b)
EMU_REDUCE(__reduce_or_sync, unsigned, a | b)
EMU_REDUCE(__reduce_xor_sync, unsigned, a ^ b)
#undef EMU_REDUCE
