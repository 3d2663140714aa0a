#include "nn/cpu/elementwise.h"
#include "nn/cpu/rope_kernels.h"

namespace xright::cpu::XRIGHT_ISA {
namespace {

template <typename T>
void rotate_tokens(const RopeArgs& a, int64_t begin, int64_t end) {
  const float sign = a.inverse ? -1.0f : 1.0f;
  for (int64_t t = begin; t < end; ++t) {
    const float* cos = a.cos + t * a.half;
    const float* sin = a.sin + t * a.half;
    for (int64_t head = 0; head < a.heads; ++head) {
      T* low = static_cast<T*>(a.x) + t * a.token_stride + head * a.head_stride;
      T* high = low + a.half;
      each_vector(0, a.half, [&](int64_t i, auto lanes) {
        const vfloat c = load(cos + i, lanes), s = load(sin + i, lanes) * sign;
        const vfloat x = load(low + i, lanes), y = load(high + i, lanes);
        store(low + i, x * c - y * s, lanes);
        store(high + i, y * c + x * s, lanes);
      });
    }
  }
}

}  // namespace

void rope_rotate(const RopeArgs& args, int64_t begin, int64_t end) {
  (args.bfloat16 ? rotate_tokens<Bf16> : rotate_tokens<float>)(args, begin, end);
}

}  // namespace xright::cpu::XRIGHT_ISA
