// SPDX-License-Identifier: Apache-2.0
// Intrinsics and the functions that CUDA declares without a header.
//
// The fast float functions (__expf ...) are computed exactly here; their error on a GPU (a few ulp
// up to 2^-21, CUDA C++ Programming Guide, "Intrinsic Functions") is not emulated.
#pragma once
#include "emu_core.h"

using std::isfinite;
using std::isinf;
using std::isnan;
using std::signbit;

// ---- bits
template <class To, class From>
inline To emu_bit_cast(From value) {
  static_assert(sizeof(To) == sizeof(From), "bit cast between sizes");
  To result;
  memcpy(&result, &value, sizeof result);
  return result;
}
inline float __int_as_float(int x) { return emu_bit_cast<float>(x); }
inline int __float_as_int(float x) { return emu_bit_cast<int>(x); }
inline float __uint_as_float(unsigned x) { return emu_bit_cast<float>(x); }
inline unsigned __float_as_uint(float x) { return emu_bit_cast<unsigned>(x); }
inline double __longlong_as_double(long long x) { return emu_bit_cast<double>(x); }
inline long long __double_as_longlong(double x) { return emu_bit_cast<long long>(x); }

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline int __clz(int x) { return x ? __builtin_clz(static_cast<unsigned>(x)) : 32; }
inline int __clzll(long long x) {
  return x ? __builtin_clzll(static_cast<unsigned long long>(x)) : 64;
}
inline unsigned __brev(unsigned x) {
  unsigned reversed = 0;
  for (int bit = 0; bit < 32; bit++) reversed |= (x >> bit & 1u) << (31 - bit);
  return reversed;
}
// 64 bits hi:lo shifted by `shift` modulo 32; the upper (left) or lower (right) word.
inline unsigned __funnelshift_l(unsigned lo, unsigned hi, unsigned shift) {
  unsigned long long both = static_cast<unsigned long long>(hi) << 32 | lo;
  return static_cast<unsigned>(both << (shift & 31) >> 32);
}
inline unsigned __funnelshift_r(unsigned lo, unsigned hi, unsigned shift) {
  unsigned long long both = static_cast<unsigned long long>(hi) << 32 | lo;
  return static_cast<unsigned>(both >> (shift & 31));
}

// ---- integers
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<unsigned long long>(a) * b >> 32);
}
inline int __mulhi(int a, int b) {
  return static_cast<int>(static_cast<long long>(a) * b >> 32);
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>(static_cast<unsigned __int128>(a) * b >> 64);
}
inline int __mul24(int a, int b) {  // the low 24 bits of each, signed; the low 32 of the product
  long long x = static_cast<int>(static_cast<unsigned>(a) << 8) >> 8;
  long long y = static_cast<int>(static_cast<unsigned>(b) << 8) >> 8;
  return static_cast<int>(static_cast<unsigned>(x * y));
}
inline unsigned __umul24(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<unsigned long long>(a & 0xffffffu) * (b & 0xffffffu));
}

#define EMU_MIN_MAX(T)                               \
  inline T min(T a, T b) { return b < a ? b : a; }   \
  inline T max(T a, T b) { return a < b ? b : a; }
EMU_MIN_MAX(int)
EMU_MIN_MAX(unsigned)
EMU_MIN_MAX(long)
EMU_MIN_MAX(unsigned long)
EMU_MIN_MAX(long long)
EMU_MIN_MAX(unsigned long long)
#undef EMU_MIN_MAX
// On floats they are fmin and fmax: a NaN loses.
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

// ---- floats
inline float __expf(float x) { return expf(x); }
inline float __exp10f(float x) { return powf(10.f, x); }
inline float __logf(float x) { return logf(x); }
inline float __log2f(float x) { return log2f(x); }
inline float __log10f(float x) { return log10f(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline float __tanf(float x) { return tanf(x); }
inline void __sincosf(float x, float* s, float* c) { *s = sinf(x), *c = cosf(x); }
inline float __saturatef(float x) { return x > 0.f ? (x < 1.f ? x : 1.f) : 0.f; }  // NaN gives 0
inline float __fdividef(float a, float b) { return a / b; }
inline float rsqrtf(float x) { return 1.f / sqrtf(x); }
inline double rsqrt(double x) { return 1. / sqrt(x); }
inline void sincospif(float x, float* s, float* c) {
  // Reduced exactly first, as CUDA does: sinpi of an integer is zero.
  double turn = std::remainder(static_cast<double>(x), 2.0), angle = M_PI * turn;
  bool whole = turn == std::floor(turn), half = turn + 0.5 == std::floor(turn + 0.5);
  *s = whole ? std::copysign(0.f, x) : static_cast<float>(std::sin(angle));
  *c = half && !whole ? 0.f : static_cast<float>(std::cos(angle));
}
inline float sinpif(float x) {
  float s, c;
  sincospif(x, &s, &c);
  return s;
}
inline float cospif(float x) {
  float s, c;
  sincospif(x, &s, &c);
  return c;
}
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __frsqrt_rn(float x) { return static_cast<float>(1. / sqrt(static_cast<double>(x))); }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }

// ---- conversions. A GPU saturates and turns NaN into 0; a plain C++ cast is undefined there.
namespace emu {
template <class T>
T saturate(double x) {
  const double low = static_cast<double>(std::is_signed<T>::value ? T(T(1) << (8 * sizeof(T) - 1)) : T(0));
  const double beyond = std::ldexp(1.0, 8 * sizeof(T) - std::is_signed<T>::value);
  if (x != x) return 0;
  if (x <= low) return static_cast<T>(low);
  if (x >= beyond) return static_cast<T>(~(std::is_signed<T>::value ? T(T(1) << (8 * sizeof(T) - 1)) : T(0)));
  return static_cast<T>(x);
}
}  // namespace emu
#define EMU_CONVERT(suffix, rounding)                                                          \
  inline int __float2int_##suffix(float x) { return emu::saturate<int>(rounding(x)); }         \
  inline unsigned __float2uint_##suffix(float x) { return emu::saturate<unsigned>(rounding(x)); } \
  inline long long __float2ll_##suffix(float x) { return emu::saturate<long long>(rounding(x)); } \
  inline int __double2int_##suffix(double x) { return emu::saturate<int>(rounding(x)); }       \
  inline long long __double2ll_##suffix(double x) { return emu::saturate<long long>(rounding(x)); }
EMU_CONVERT(rn, std::nearbyint)
EMU_CONVERT(rz, std::trunc)
EMU_CONVERT(rd, std::floor)
EMU_CONVERT(ru, std::ceil)
#undef EMU_CONVERT
inline float __int2float_rn(int x) { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) { return static_cast<float>(x); }
inline float __ll2float_rn(long long x) { return static_cast<float>(x); }
inline float __double2float_rn(double x) { return static_cast<float>(x); }

// ---- cached loads and stores: plain accesses, and the race check sees them as such
template <class T> inline T __ldg(const T* p) { return *p; }
template <class T> inline T __ldca(const T* p) { return *p; }
template <class T> inline T __ldcg(const T* p) { return *p; }
template <class T> inline T __ldcs(const T* p) { return *p; }
template <class T> inline void __stcg(T* p, T value) { *p = value; }
template <class T> inline void __stcs(T* p, T value) { *p = value; }
template <class T> inline void __stwt(T* p, T value) { *p = value; }

// ---- time
inline void __nanosleep(unsigned) { emu::yield_block(); }
inline long long clock64() { return static_cast<long long>(emu::clock()); }
