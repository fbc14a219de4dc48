// SPDX-License-Identifier: Apache-2.0
// Vector types, with CUDA's alignment: a misaligned float4 access is an error on a GPU, and is one
// here, because -fsanitize=undefined checks `alignas`.
#pragma once

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

// TYPE2, TYPE3, TYPE4 and their make_ functions. CUDA aligns the three-element types to one element.
#define EMU_VECTOR_TYPES(element, name)                                                       \
  struct alignas(2 * sizeof(element)) name##2 {                                               \
    element x, y;                                                                             \
  };                                                                                          \
  struct alignas(sizeof(element)) name##3 {                                                   \
    element x, y, z;                                                                          \
  };                                                                                          \
  struct alignas(4 * sizeof(element) > 16 ? 16 : 4 * sizeof(element)) name##4 {               \
    element x, y, z, w;                                                                       \
  };                                                                                          \
  inline name##2 make_##name##2(element x, element y) { return {x, y}; }                      \
  inline name##3 make_##name##3(element x, element y, element z) { return {x, y, z}; }        \
  inline name##4 make_##name##4(element x, element y, element z, element w) {                 \
    return {x, y, z, w};                                                                      \
  }

// uint3 exists already: it is the type of threadIdx.
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

EMU_VECTOR_TYPES(signed char, char)
EMU_VECTOR_TYPES(unsigned char, uchar)
EMU_VECTOR_TYPES(short, short)
EMU_VECTOR_TYPES(unsigned short, ushort)
EMU_VECTOR_TYPES(int, int)
EMU_VECTOR_TYPES(long long, longlong)
EMU_VECTOR_TYPES(unsigned long long, ulonglong)
EMU_VECTOR_TYPES(float, float)
EMU_VECTOR_TYPES(double, double)
#undef EMU_VECTOR_TYPES
