// What rope.cpp hands to the CPU rotation kernel.
#pragma once
#include <cstdint>

#include "nn/cpu/isa.h"

namespace xright::cpu {

struct RopeArgs {
  void* x;  // [tokens, heads, head_dim], strides in elements, innermost 1
  int64_t token_stride, head_stride, heads;
  const float* cos;  // [tokens, half]
  const float* sin;
  int64_t half;  // rotary_dim / 2
  bool inverse, bfloat16;
};

}  // namespace xright::cpu

XRIGHT_DECLARE_KERNEL(void, rope_rotate, const RopeArgs& args, int64_t begin, int64_t end)
