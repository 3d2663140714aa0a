#include "io/dequantise.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cstring>
#include <map>

namespace xright {
namespace {

template <class T>
T load(const uint8_t* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
float half(const uint8_t* p) { return static_cast<float>(load<c10::Half>(p)); }

template <class T>
void plain(const uint8_t* in, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = static_cast<float>(load<T>(in + i * static_cast<int64_t>(sizeof(T))));
}

void q8_0(const uint8_t* in, float* out, int64_t blocks) {
  for (; blocks-- > 0; in += 34, out += 32) {
    const float d = half(in);
    for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(static_cast<int8_t>(in[2 + i])) * d;
  }
}

// Four- and five-bit blocks of 32: numbers i and i + 16 share a byte. The fifth bits, where there
// are any, are a 32-bit word in front of the nibbles. With a minimum, x = q d + m; without, x = (q
// - offset) d.
template <bool kFifthBit, bool kMinimum>
void nibbles(const uint8_t* in, float* out, int64_t blocks) {
  constexpr int kHeader = kMinimum ? 4 : 2, kBytes = kHeader + (kFifthBit ? 4 : 0) + 16;
  constexpr int kOffset = kMinimum ? 0 : (kFifthBit ? 16 : 8);
  for (; blocks-- > 0; in += kBytes, out += 32) {
    const float d = half(in), m = kMinimum ? half(in + 2) : 0.0f;
    const uint32_t fifth = kFifthBit ? load<uint32_t>(in + kHeader) : 0;
    const uint8_t* q = in + kBytes - 16;
    for (int i = 0; i < 16; ++i) {
      const int low = (q[i] & 15) | static_cast<int>((fifth >> i & 1) << 4);
      const int high = (q[i] >> 4) | static_cast<int>((fifth >> (i + 16) & 1) << 4);
      out[i] = static_cast<float>(low - kOffset) * d + m;
      out[i + 16] = static_cast<float>(high - kOffset) * d + m;
    }
  }
}

struct ScaleMin {
  int scale, min;
};

// Scale and minimum j of a K-quant super-block: eight pairs of six bits packed into twelve bytes.
ScaleMin scale_min(const uint8_t* s, int j) {
  if (j < 4) return {s[j] & 63, s[j + 4] & 63};
  return {(s[j + 4] & 15) | (s[j - 4] >> 6) << 4, (s[j + 4] >> 4) | (s[j] >> 6) << 4};
}

// Super-blocks of 256 in eight groups of 32; groups 2g and 2g + 1 share bytes.
template <bool kFifthBit>
void k_nibbles(const uint8_t* in, float* out, int64_t blocks) {
  constexpr int kBytes = kFifthBit ? 176 : 144;
  for (; blocks-- > 0; in += kBytes, out += 256) {
    const float d = half(in), min = half(in + 2);
    const uint8_t* fifth = in + 16;
    const uint8_t* q = in + kBytes - 128;
    for (int group = 0; group < 8; ++group) {
      const auto [scale, m] = scale_min(in + 4, group);
      const float step = d * static_cast<float>(scale), base = min * static_cast<float>(m);
      for (int i = 0; i < 32; ++i) {
        int v = group % 2 ? q[group / 2 * 32 + i] >> 4 : q[group / 2 * 32 + i] & 15;
        if (kFifthBit) v |= (fifth[i] >> group & 1) << 4;
        out[group * 32 + i] = step * static_cast<float>(v) - base;
      }
    }
  }
}

// Two halves of 128: 64 bytes of low nibbles, 32 of high bit pairs, eight scales each; one float16
// at the end.
void q6_k(const uint8_t* in, float* out, int64_t blocks) {
  for (; blocks-- > 0; in += 210, out += 256) {
    const float d = half(in + 208);
    for (int part = 0; part < 2; ++part) {
      const uint8_t *low = in + part * 64, *high = in + 128 + part * 32,
                    *scales = in + 192 + part * 8;
      for (int i = 0; i < 128; ++i) {
        const int quarter = i / 32, l = i % 32;
        const int nibble =
            quarter < 2 ? low[quarter * 32 + l] & 15 : low[(quarter - 2) * 32 + l] >> 4;
        const int v = (nibble | (high[l] >> quarter * 2 & 3) << 4) - 32;
        const auto scale = static_cast<float>(static_cast<int8_t>(scales[quarter * 2 + l / 16]));
        out[part * 128 + i] = d * scale * static_cast<float>(v);
      }
    }
  }
}

}  // namespace

const Storage* storage_of(const std::string& name) {
  static const std::map<std::string, Storage> table = {
      {"F64", {1, 8, plain<double>}},
      {"F32", {1, 4, plain<float>}},
      {"F16", {1, 2, plain<c10::Half>}},
      {"BF16", {1, 2, plain<c10::BFloat16>}},
      {"Q8_0", {32, 34, q8_0}},
      {"Q4_0", {32, 18, nibbles<false, false>}},
      {"Q4_1", {32, 20, nibbles<false, true>}},
      {"Q5_0", {32, 22, nibbles<true, false>}},
      {"Q5_1", {32, 24, nibbles<true, true>}},
      {"Q4_K", {256, 144, k_nibbles<false>}},
      {"Q5_K", {256, 176, k_nibbles<true>}},
      {"Q6_K", {256, 210, q6_k}},
  };
  auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace xright
