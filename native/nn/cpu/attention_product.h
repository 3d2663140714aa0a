// A register-blocked product with float32 sums, of float32 numbers or of pairs of bfloat16.
#pragma once
#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#include "nn/cpu/vector.h"

namespace xright::cpu::XRIGHT_ISA {

// Two bfloat16 numbers that follow each other along a product's depth, the first in the low half.
struct Pair {
  uint32_t bits;
};

// Numbers along the depth that one element of a product's operands holds.
template <typename T>
constexpr int kDepth = 1;
template <>
inline constexpr int kDepth<Pair> = 2;

XRIGHT_INLINE vfloat load_lanes(const float* p) { return load(p); }
XRIGHT_INLINE vfloat splat_lanes(float x) { return splat(x); }
XRIGHT_INLINE vfloat multiply_add(vfloat sum, vfloat a, vfloat b) { return sum + a * b; }
XRIGHT_INLINE void put_row(float* row, int64_t j, vfloat x) { store(row + j, x); }

#if defined(__AVX512BF16__)
constexpr bool kPairs = true;  // products of pairs exist
XRIGHT_INLINE __m512i load_lanes(const Pair* p) { return _mm512_loadu_si512(p); }
XRIGHT_INLINE __m512i splat_lanes(Pair x) { return _mm512_set1_epi32(static_cast<int>(x.bits)); }
XRIGHT_INLINE vfloat multiply_add(vfloat sum, __m512i a, __m512i b) {
  return vfloat(_mm512_dpbf16_ps(__m512(sum), __m512bh(a), __m512bh(b)));
}

// Rounds to nearest even into numbers j … j + kLanes of a row of pairs.
XRIGHT_INLINE void put_row(Pair* row, int64_t j, vfloat x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(row + j / 2),
                      __m256i(_mm512_cvtneps_pbh(__m512(x))));
}
// The same into pairs (low, high) of two rows.
XRIGHT_INLINE void put_stack(Pair* out, vfloat low, vfloat high) {
  const auto wide = [](vfloat x) {
    return __builtin_convertvector(vhalf(_mm512_cvtneps_pbh(__m512(x))), vuint);
  };
  _mm512_storeu_si512(out, __m512i(wide(low) | wide(high) << 16));
}
#else
constexpr bool kPairs = false;
#endif

template <typename T>
using Lanes = decltype(load_lanes(static_cast<const T*>(nullptr)));

template <typename T, int kRows, int kVectors>
XRIGHT_INLINE void tile_product(int64_t depth, const T* a, int64_t a_row, int64_t a_depth,
                                const T* b, int64_t b_depth, float* c, int64_t c_row, bool add) {
  vfloat acc[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j)
      acc[i][j] = add ? load(c + i * c_row + j * kLanes) : vfloat{};
  for (int64_t k = 0; k < depth; ++k) {
    Lanes<T> bv[kVectors];
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) bv[j] = load_lanes(b + k * b_depth + j * kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const Lanes<T> av = splat_lanes(a[i * a_row + k * a_depth]);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) acc[i][j] = multiply_add(acc[i][j], av, bv[j]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) store(c + i * c_row + j * kLanes, acc[i][j]);
}

template <typename T, int kVectors>
static void panel_product(int64_t m, int64_t depth, const T* a, int64_t a_row, int64_t a_depth,
                          const T* b, int64_t b_depth, float* c, int64_t c_row, bool add) {
  int64_t i = 0;
  for (; i + kTileRows <= m; i += kTileRows)
    tile_product<T, kTileRows, kVectors>(depth, a + i * a_row, a_row, a_depth, b, b_depth,
                                         c + i * c_row, c_row, add);
  const auto rest = [&]<int kRows> {
    tile_product<T, kRows, kVectors>(depth, a + i * a_row, a_row, a_depth, b, b_depth,
                                     c + i * c_row, c_row, add);
  };
  switch (m - i) {
    case 5:
      return rest.template operator()<5>();
    case 4:
      return rest.template operator()<4>();
    case 3:
      return rest.template operator()<3>();
    case 2:
      return rest.template operator()<2>();
    case 1:
      return rest.template operator()<1>();
    default:
      return;
  }
}

// C[m, n] (+)= A[m, depth] B[depth, n], A with any strides, n in whole vectors.
template <typename T>
static void product(int64_t m, int64_t n, int64_t depth, const T* a, int64_t a_row, int64_t a_depth,
                    const T* b, int64_t b_depth, float* c, int64_t c_row, bool add) {
  for (int64_t j = 0; j < n; j += kTileVectors * kLanes) {
    const int64_t vectors = (n - j) / kLanes;
    if (vectors >= kTileVectors)
      panel_product<T, kTileVectors>(m, depth, a, a_row, a_depth, b + j, b_depth, c + j, c_row,
                                     add);
    else if (vectors == 3)
      panel_product<T, 3>(m, depth, a, a_row, a_depth, b + j, b_depth, c + j, c_row, add);
    else if (vectors == 2)
      panel_product<T, 2>(m, depth, a, a_row, a_depth, b + j, b_depth, c + j, c_row, add);
    else
      panel_product<T, 1>(m, depth, a, a_row, a_depth, b + j, b_depth, c + j, c_row, add);
  }
}

}  // namespace xright::cpu::XRIGHT_ISA
