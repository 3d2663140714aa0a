// Building blocks of the attention kernels: what is packed for their products, and who sees whom.
#pragma once
#include "nn/cpu/attention_kernels.h"
#include "nn/cpu/attention_product.h"

namespace xright::cpu::XRIGHT_ISA {

constexpr float kLog2e = 1.4426950408889634f;
constexpr float kLn2 = 0.6931471805599453f;

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

// The same as pairs along the head: dst[0, padded / 2). bfloat16 only.
XRIGHT_INLINE void read_row(bool, const AttnView& view, int64_t token, int64_t head, int64_t d,
                            int64_t padded, Pair* __restrict dst) {
  const uint16_t* src =
      static_cast<const uint16_t*>(view.data) + token * view.token + head * view.head;
  std::memcpy(dst, src, d * sizeof(uint16_t));
  for (int64_t c = d / 2; c < padded / 2; ++c) dst[c].bits = 0;
}

// A block's keys (or values) of one head: [count, padded / kDepth], then zero rows up to a whole
// number of vectors.
template <typename T>
XRIGHT_INLINE void read_block(const AttnArgs& args, const AttnView& view, const KeyBlock& block,
                              int64_t head, int64_t padded, T* rows) {
  const int64_t width = padded / kDepth<T>;
  for (int32_t j = 0; j < block.count; ++j)
    read_row(args.bfloat16, view, block.token + j, head, args.head_dim, padded, rows + j * width);
  const int64_t rest = round_up(block.count, kLanes) - block.count;
  std::memset(static_cast<void*>(rows + block.count * width), 0, rest * width * sizeof(T));
}

// out[c] = (low[c], high[c]) for c in [0, 2 n): the pairs along the rows become pairs across them.
XRIGHT_INLINE void interleave(const Pair* __restrict low, const Pair* __restrict high, int64_t n,
                              Pair* __restrict out) {
  for (int64_t c = 0; c < n; ++c) {
    out[2 * c].bits = (low[c].bits & 0xffffu) | high[c].bits << 16;
    out[2 * c + 1].bits = low[c].bits >> 16 | (high[c].bits & 0xffff0000u);
  }
}

// columns[c, j] = rows[j, c] of 32-bit elements, row stride kKeyBlock, four by four; n and d
// multiples of 4.
XRIGHT_INLINE void transpose_block(const void* from, int64_t width, int64_t n, int64_t d,
                                   void* to) {
  const float* rows = static_cast<const float*>(from);
  float* columns = static_cast<float*>(to);
  typedef float quad __attribute__((vector_size(16)));
  typedef float quad_unaligned __attribute__((vector_size(16), aligned(4), may_alias));
  typedef int32_t index __attribute__((vector_size(16)));
  const auto at = [&](int64_t j, int64_t c) {
    return quad(*(const quad_unaligned*)(rows + j * width + c));
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

// Rows [n, padded] as the second operand of a product over the rows: pairs hold rows 2 i and 2 i +
// 1 side by side (n is even), float32 rows stay as they are.
XRIGHT_INLINE void stack_rows(const float*, int64_t, int64_t, float*) {}
XRIGHT_INLINE void stack_rows(const Pair* rows, int64_t n, int64_t padded, Pair* out) {
  for (int64_t i = 0; i < n / 2; ++i)
    interleave(rows + i * padded, rows + i * padded + padded / 2, padded / 2, out + i * padded);
}

// Packs a block for products over the head (`columns`) and over the keys (`stacked`); null where
// one is not needed. Either is padded * kKeyBlock / kDepth long.
template <typename T>
XRIGHT_INLINE void pack_block(const AttnArgs& args, const AttnView& view, const KeyBlock& block,
                              int64_t head, int64_t padded, T* stage, T* columns, T* stacked) {
  const int64_t n = round_up(block.count, kLanes);
  T* rows = kDepth<T> == 1 && stacked ? stacked : stage;
  read_block(args, view, block, head, padded, rows);
  if (columns) transpose_block(rows, padded / kDepth<T>, n, args.head_dim / kDepth<T>, columns);
  if (stacked) stack_rows(rows, n, padded, stacked);
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
