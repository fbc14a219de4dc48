// SPDX-License-Identifier: Apache-2.0
// 16-bit floats for storage: sq_half (IEEE 754 binary16) and sq_bfloat16 (the upper half of a
// float32). Kernels load, compute in float, and round once when they store; hence no arithmetic.
//
// No toolkit header declares them here, because a user may have the CUDA runtime only. On a GPU
// the conversions are one PTX instruction each (PTX ISA, "cvt"); elsewhere plain C++ of the same
// function: round to nearest, ties to even, subnormal numbers kept, NaN becomes 0x7fff.
#pragma once

namespace sq {

// ---- binary16: sign 1, exponent 5 (bias 15), fraction 10
__device__ __forceinline__ unsigned short float_to_half_bits(float x) {
#ifndef __CUDA_EMU__
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
#else
  const unsigned word = __float_as_uint(x), magnitude = word & 0x7fffffffu;
  const unsigned sign = word >> 16 & 0x8000u;
  if (magnitude > 0x7f800000u) return 0x7fff;                 // NaN
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;        // from 65520 on: infinity
  if (magnitude >= 0x38800000u) {                             // from 2^-14 on: normal
    const unsigned odd = magnitude >> 13 & 1u;                // ties go to the even neighbour
    return sign | ((magnitude + 0xfffu + odd - 0x38000000u) >> 13);
  }
  if (magnitude < 0x33000000u) return sign;                   // below 2^-25: zero
  const unsigned significand = (magnitude & 0x7fffffu) | 0x800000u;
  const unsigned shift = 126u - (magnitude >> 23);            // 14 to 24, in units of 2^-24
  const unsigned half = 1u << (shift - 1), rest = significand & (2u * half - 1u);
  const unsigned whole = significand >> shift;
  return sign | (whole + (rest > half || (rest == half && (whole & 1u))));
#endif
}

__device__ __forceinline__ float half_bits_to_float(unsigned short bits) {
#ifndef __CUDA_EMU__
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
  return x;
#else
  const unsigned sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, fraction = bits & 0x3ffu;
  if (exponent == 31u) return __uint_as_float(sign | 0x7f800000u | fraction << 13);
  if (exponent) return __uint_as_float(sign | (exponent + 112u) << 23 | fraction << 13);
  return __uint_as_float(sign | __float_as_uint(float(fraction) * 5.9604644775390625e-8f));  // 2^-24
#endif
}

// ---- bfloat16: sign 1, exponent 8 (bias 127), fraction 7
__device__ __forceinline__ unsigned short float_to_bfloat16_bits(float x) {
#if !defined(__CUDA_EMU__) && __CUDA_ARCH__ >= 800
  unsigned short bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
#else
  const unsigned word = __float_as_uint(x);
  if ((word & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return static_cast<unsigned short>((word + 0x7fffu + (word >> 16 & 1u)) >> 16);
#endif
}

__device__ __forceinline__ float bfloat16_bits_to_float(unsigned short bits) {
  return __uint_as_float(static_cast<unsigned>(bits) << 16);
}

}  // namespace sq

struct __align__(2) sq_half {
  unsigned short bits;
  sq_half() = default;
  __device__ __forceinline__ explicit sq_half(float x) : bits(sq::float_to_half_bits(x)) {}
  __device__ __forceinline__ explicit operator float() const {
    return sq::half_bits_to_float(bits);
  }
};

struct __align__(2) sq_bfloat16 {
  unsigned short bits;
  sq_bfloat16() = default;
  __device__ __forceinline__ explicit sq_bfloat16(float x) : bits(sq::float_to_bfloat16_bits(x)) {}
  __device__ __forceinline__ explicit operator float() const {
    return sq::bfloat16_bits_to_float(bits);
  }
};
