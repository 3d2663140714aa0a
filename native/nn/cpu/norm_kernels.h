// What norm.cpp hands to the CPU norm kernels: plain pointers, rows of `width` numbers, no ATen.
#pragma once
#include <cstdint>

#include "nn/cpu/isa.h"

namespace xright::cpu {

// Model-dtype pointers are void: bfloat16 when `bfloat16`, else float32. Rows are contiguous but
// for delta's.
struct NormForwardArgs {
  int64_t width;
  float eps;
  float offset;  // added to the weight
  bool layer, bfloat16;
  const float* weight;
  const float* bias;  // null without
  float* x;
  const void* delta;  // null without
  int64_t delta_stride;
  void* y;
  void* saved_x;  // null when nothing is saved
  float* stats;
};

struct NormBackwardArgs {
  int64_t width;
  float offset;
  bool layer, bfloat16;
  const float* weight;
  const float* bias;
  const void* x;
  const float* stats;
  const void* dy;
  float* dx;
  void* y;  // null unless recomputed
};

}  // namespace xright::cpu

XRIGHT_DECLARE_KERNEL(void, norm_forward, const NormForwardArgs& args, int64_t begin, int64_t end)
// dweight and dbias (null when frozen) receive the sums over these rows alone.
XRIGHT_DECLARE_KERNEL(void, norm_backward, const NormBackwardArgs& args, int64_t begin, int64_t end,
                      float* dweight, float* dbias)
