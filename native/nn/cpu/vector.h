// Vectors of float32 as wide as the instruction set this file is compiled for (GCC/Clang vector
// extensions). For kernels_*.cpp only: everything is static, so that no copy leaks from one
// instruction set into another.
#pragma once
#include <cstdint>
#include <cstring>

namespace xright::cpu::XRIGHT_ISA {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
constexpr int kTileVectors = 4;  // register tile: 6 rows × 4 vectors of 32 registers
#elif defined(__AVX2__)
constexpr int kLanes = 8;
constexpr int kTileVectors = 2;
#else
constexpr int kLanes = 4;
constexpr int kTileVectors = 2;
#endif
constexpr int kTileRows = 6;

typedef float vfloat __attribute__((vector_size(kLanes * 4)));
typedef int32_t vint __attribute__((vector_size(kLanes * 4)));
typedef uint32_t vuint __attribute__((vector_size(kLanes * 4)));
typedef uint16_t vhalf __attribute__((vector_size(kLanes * 2)));
typedef float vfloat_unaligned __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

#define XRIGHT_INLINE static inline __attribute__((always_inline))

XRIGHT_INLINE vfloat load(const float* p) { return *reinterpret_cast<const vfloat_unaligned*>(p); }
XRIGHT_INLINE void store(float* p, vfloat x) { *reinterpret_cast<vfloat_unaligned*>(p) = x; }
XRIGHT_INLINE vfloat splat(float x) { return x - vfloat{}; }
XRIGHT_INLINE vfloat max(vfloat a, vfloat b) { return a > b ? a : b; }
XRIGHT_INLINE int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

XRIGHT_INLINE float sum_lanes(vfloat x) {
  float lanes[kLanes];
  store(lanes, x);
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  return lanes[0];
}

XRIGHT_INLINE float max_lanes(vfloat x) {
  float lanes[kLanes];
  store(lanes, x);
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i)
      lanes[i] = lanes[i] > lanes[i + width] ? lanes[i] : lanes[i + width];
  return lanes[0];
}

// 2^x within 1.5 ulp; 0 below 2^-126 (so −inf gives 0), NaN stays NaN, x ≤ 127 is assumed.
// x = n + r with |r| ≤ 1/2 by adding 1.5·2^23; 2^r by a minimax polynomial; n added to the exponent
// bits.
XRIGHT_INLINE vfloat exp2_lanes(vfloat x) {
  const vfloat shifted = x + 12582912.0f;
  const vfloat r = x - (shifted - 12582912.0f);
  vfloat p = splat(1.535336194e-4f);
  p = p * r + 1.339887444e-3f;
  p = p * r + 9.618437358e-3f;
  p = p * r + 5.550332471e-2f;
  p = p * r + 2.402264791e-1f;
  p = p * r + 6.931472029e-1f;
  p = p * r + 1.0f;
  const vfloat scaled =
      reinterpret_cast<vfloat>(reinterpret_cast<vint>(p) + (reinterpret_cast<vint>(shifted) << 23));
  return x < -126.0f ? vfloat{} : scaled;
}

}  // namespace xright::cpu::XRIGHT_ISA
