// Row-wise helpers for kernels_*.cpp: float32/bfloat16 loads and stores, partial vectors, exp and
// the normal distribution.
#pragma once
#include "nn/cpu/vector.h"

namespace xright::cpu::XRIGHT_ISA {

struct Bf16 {
  uint16_t bits;
};

typedef uint16_t vhalf_unaligned __attribute__((vector_size(kLanes * 2), aligned(2), may_alias));

// How many lanes of a vector exist: Full is known at compile time, a number is a row's end (the
// rest reads as 0).
struct Full {};

XRIGHT_INLINE vfloat load(const Bf16* p) {
  const vhalf bits = *reinterpret_cast<const vhalf_unaligned*>(p);
  return reinterpret_cast<vfloat>(__builtin_convertvector(bits, vuint) << 16);
}

// Rounds to nearest even; a NaN stays a (quiet) NaN.
XRIGHT_INLINE void store(Bf16* p, vfloat x) {
  const vuint bits = reinterpret_cast<vuint>(x);
  const vuint rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const vuint nan = (bits >> 16) | 0x40u;
  const vuint chosen = x == x ? rounded : nan;
  *reinterpret_cast<vhalf_unaligned*>(p) = __builtin_convertvector(chosen, vhalf);
}

template <typename T>
XRIGHT_INLINE vfloat load(const T* p, Full) {
  return load(p);
}
template <typename T>
XRIGHT_INLINE vfloat load(const T* p, int64_t n) {
  T part[kLanes] = {};
  for (int64_t i = 0; i < n; ++i) part[i] = p[i];
  return load(part);
}
template <typename T>
XRIGHT_INLINE void store(T* p, vfloat x, Full) {
  store(p, x);
}
template <typename T>
XRIGHT_INLINE void store(T* p, vfloat x, int64_t n) {
  T part[kLanes];
  store(part, x);
  for (int64_t i = 0; i < n; ++i) p[i] = part[i];
}

// x with the lanes that do not exist replaced by `rest`.
XRIGHT_INLINE vfloat keep(vfloat x, Full, float) { return x; }
XRIGHT_INLINE vfloat keep(vfloat x, int64_t n, float rest) {
  float lanes[kLanes];
  store(lanes, x);
  for (int64_t i = n; i < kLanes; ++i) lanes[i] = rest;
  return load(lanes);
}

// f(offset, lanes) for each vector of a row.
template <typename F>
XRIGHT_INLINE void each_vector(int64_t begin, int64_t end, F&& f) {
  int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes) f(i, Full{});
  if (i < end) f(i, end - i);
}

// e^x within 2 ulp: 0 below e^-87.3, infinity above the float32 range, NaN stays NaN.
// x = n ln 2 + r (ln 2 in two parts), e^r by a minimax polynomial, n added to the exponent bits.
XRIGHT_INLINE vfloat exp_lanes(vfloat x) {
  const vfloat shifted = x * 1.44269504f + 12582912.0f;
  const vfloat n = shifted - 12582912.0f;
  const vfloat r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  vfloat p = splat(1.38145441e-3f);
  p = p * r + 8.36871471e-3f;
  p = p * r + 4.16683890e-2f;
  p = p * r + 1.66665211e-1f;
  p = p * r + 4.99999940e-1f;
  p = p * (r * r) + r + 1.0f;
  const vfloat scaled =
      reinterpret_cast<vfloat>(reinterpret_cast<vint>(p) + (reinterpret_cast<vint>(shifted) << 23));
  vfloat result = x > 88.7228f ? splat(__builtin_inff()) : scaled;
  result = x < -87.3f ? vfloat{} : result;
  return x == x ? result : x;
}

XRIGHT_INLINE vfloat sigmoid_lanes(vfloat x) { return 1.0f / (1.0f + exp_lanes(-x)); }

// Distribution function and density of the standard normal at x, each to about 1e-7 relative even
// in the left tail. erfc(z) e^(z²) as a minimax polynomial in t = 1 / (1 + 0.4 z), z = |x| / √2.
XRIGHT_INLINE void normal_lanes(vfloat x, vfloat& distribution, vfloat& density) {
  const vfloat z = (x < 0.0f ? -x : x) * 0.707106781f;
  const vfloat t = 1.0f / (1.0f + 0.4f * z);
  vfloat p = splat(0.0412527733f);
  p = p * t - 0.140318319f;
  p = p * t + 0.0839861631f;
  p = p * t + 0.0879647657f;
  p = p * t + 0.0797567740f;
  p = p * t + 0.193392858f;
  p = p * t + 0.201887742f;
  p = p * t + 0.226443082f;
  p = p * t + 0.225634232f;
  const vfloat e = exp_lanes(-0.5f * x * x);
  const vfloat tail = 0.5f * (p * t) * e;
  distribution = x < 0.0f ? tail : 1.0f - tail;
  density = e * 0.398942280f;
}

}  // namespace xright::cpu::XRIGHT_ISA
