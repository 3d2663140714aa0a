// What activation.cpp hands to the CPU activation kernels: row views, strides in elements.
#pragma once
#include <cstdint>

#include "nn/activation_kind.h"
#include "nn/cpu/isa.h"

namespace xright::cpu {

struct ActivationArgs {
  nn::Activation act;
  bool gated, bfloat16;
  int64_t width;  // F
  const void* u;  // [T, F], or when gated [T, 2F]: gate, and `up_offset` columns further up
  int64_t up_offset;
  int64_t u_stride;
  void* h;  // backward: null unless recomputed
  int64_t h_stride;
  const void* dh;  // backward only
  int64_t dh_stride;
  void* du;  // backward only; may be u
  int64_t du_stride;
};

}  // namespace xright::cpu

XRIGHT_DECLARE_KERNEL(void, activation_forward, const ActivationArgs& args, int64_t begin,
                      int64_t end)
XRIGHT_DECLARE_KERNEL(void, activation_backward, const ActivationArgs& args, int64_t begin,
                      int64_t end)
