// Building blocks of the attention kernels: packing to float32 and a register-blocked product.
#pragma once
#include "nn/cpu/attention_kernels.h"
#include "nn/cpu/vector.h"

namespace xright::cpu::XRIGHT_ISA {

constexpr float kLog2e = 1.4426950408889634f;
constexpr float kLn2 = 0.6931471805599453f;

// --- product: C[m, n] (+)= A[m, k] B[k, n], A with any strides, n in whole vectors ---

template <int kRows, int kVectors>
XRIGHT_INLINE void tile_product(int64_t depth, const float* a, int64_t a_row, int64_t a_depth,
                                const float* b, int64_t b_depth, float* c, int64_t c_row,
                                bool add) {
  vfloat acc[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j)
      acc[i][j] = add ? load(c + i * c_row + j * kLanes) : vfloat{};
  for (int64_t k = 0; k < depth; ++k) {
    vfloat bv[kVectors];
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) bv[j] = load(b + k * b_depth + j * kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const vfloat av = splat(a[i * a_row + k * a_depth]);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) acc[i][j] += av * bv[j];
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) store(c + i * c_row + j * kLanes, acc[i][j]);
}

template <int kVectors>
static void panel_product(int64_t m, int64_t depth, const float* a, int64_t a_row, int64_t a_depth,
                          const float* b, int64_t b_depth, float* c, int64_t c_row, bool add) {
  int64_t i = 0;
  for (; i + kTileRows <= m; i += kTileRows)
    tile_product<kTileRows, kVectors>(depth, a + i * a_row, a_row, a_depth, b, b_depth,
                                      c + i * c_row, c_row, add);
  const auto rest = [&]<int kRows> {
    tile_product<kRows, kVectors>(depth, a + i * a_row, a_row, a_depth, b, b_depth, c + i * c_row,
                                  c_row, add);
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

static void product(int64_t m, int64_t n, int64_t depth, const float* a, int64_t a_row,
                    int64_t a_depth, const float* b, int64_t b_depth, float* c, int64_t c_row,
                    bool add) {
  for (int64_t j = 0; j < n; j += kTileVectors * kLanes) {
    const int64_t vectors = (n - j) / kLanes;
    if (vectors >= kTileVectors)
      panel_product<kTileVectors>(m, depth, a, a_row, a_depth, b + j, b_depth, c + j, c_row, add);
    else if (vectors == 3)
      panel_product<3>(m, depth, a, a_row, a_depth, b + j, b_depth, c + j, c_row, add);
    else if (vectors == 2)
      panel_product<2>(m, depth, a, a_row, a_depth, b + j, b_depth, c + j, c_row, add);
    else
      panel_product<1>(m, depth, a, a_row, a_depth, b + j, b_depth, c + j, c_row, add);
  }
}

// --- conversion between the tensors and float32 scratch ---

XRIGHT_INLINE float widen(uint16_t x) {
  const uint32_t bits = static_cast<uint32_t>(x) << 16;
  float y;
  std::memcpy(&y, &bits, 4);
  return y;
}

// Round to nearest even; NaN stays NaN.
XRIGHT_INLINE uint16_t narrow(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
}

// One head of one token into dst[0, padded); the padding is zero.
XRIGHT_INLINE void read_row(bool bfloat16, const AttnView& view, int64_t token, int64_t head,
                            int64_t d, int64_t padded, float* __restrict dst) {
  const int64_t offset = token * view.token + head * view.head;
  if (bfloat16) {
    const uint16_t* src = static_cast<const uint16_t*>(view.data) + offset;
    for (int64_t c = 0; c < d; ++c) dst[c] = widen(src[c]);
  } else {
    const float* src = static_cast<const float*>(view.data) + offset;
    for (int64_t c = 0; c < d; ++c) dst[c] = src[c];
  }
  for (int64_t c = d; c < padded; ++c) dst[c] = 0;
}

// src[0, d) × factor into one head of one token.
XRIGHT_INLINE void write_row(bool bfloat16, const AttnView& view, int64_t token, int64_t head,
                             int64_t d, const float* __restrict src, float factor) {
  const int64_t offset = token * view.token + head * view.head;
  if (bfloat16) {
    uint16_t* dst = static_cast<uint16_t*>(view.data) + offset;
    for (int64_t c = 0; c < d; ++c) dst[c] = narrow(src[c] * factor);
  } else {
    float* dst = static_cast<float*>(view.data) + offset;
    for (int64_t c = 0; c < d; ++c) dst[c] = src[c] * factor;
  }
}

// A block's keys (or values) of one head: [count, padded], then zero rows up to a whole number of
// vectors.
XRIGHT_INLINE void read_block(const AttnArgs& args, const AttnView& view, const KeyBlock& block,
                              int64_t head, int64_t padded, float* rows) {
  for (int32_t j = 0; j < block.count; ++j)
    read_row(args.bfloat16, view, block.token + j, head, args.head_dim, padded, rows + j * padded);
  for (int64_t j = block.count * padded; j < round_up(block.count, kLanes) * padded; ++j)
    rows[j] = 0;
}

// columns[c, j] = rows[j, c], row stride kKeyBlock, four by four; n and d multiples of 4.
XRIGHT_INLINE void transpose_block(const float* rows, int64_t padded, int64_t n, int64_t d,
                                   float* columns) {
  typedef float quad __attribute__((vector_size(16)));
  typedef float quad_unaligned __attribute__((vector_size(16), aligned(4), may_alias));
  typedef int32_t index __attribute__((vector_size(16)));
  const auto at = [&](int64_t j, int64_t c) {
    return quad(*(const quad_unaligned*)(rows + j * padded + c));
  };
  for (int64_t j = 0; j < n; j += 4)
    for (int64_t c = 0; c < d; c += 4) {
      const quad r0 = at(j, c), r1 = at(j + 1, c), r2 = at(j + 2, c), r3 = at(j + 3, c);
      const quad a = __builtin_shuffle(r0, r1, index{0, 4, 1, 5}),
                 b = __builtin_shuffle(r2, r3, index{0, 4, 1, 5});
      const quad e = __builtin_shuffle(r0, r1, index{2, 6, 3, 7}),
                 f = __builtin_shuffle(r2, r3, index{2, 6, 3, 7});
      const quad out[4] = {
          __builtin_shuffle(a, b, index{0, 1, 4, 5}), __builtin_shuffle(a, b, index{2, 3, 6, 7}),
          __builtin_shuffle(e, f, index{0, 1, 4, 5}), __builtin_shuffle(e, f, index{2, 3, 6, 7})};
      for (int i = 0; i < 4; ++i) *(quad_unaligned*)(columns + (c + i) * kKeyBlock + j) = out[i];
    }
}

// --- which keys a query row sees ---

struct Visible {
  int32_t low, high;  // keys [low, high) of the block; high ≤ low: none
};

XRIGHT_INLINE Visible visible_keys(const AttnArgs& args, const KeyBlock& block, const KeyRef& ref,
                                   int64_t position) {
  const int64_t high = position - ref.position + 1;
  const int64_t low = args.window > 0 ? high - args.window : 0;
  const int32_t count = block.count;
  return {static_cast<int32_t>(low < 0       ? 0
                               : low > count ? count
                                             : low),
          static_cast<int32_t>(high < 0       ? 0
                               : high > count ? count
                                              : high)};
}

}  // namespace xright::cpu::XRIGHT_ISA
