// What head.cpp hands to the CPU log-softmax kernel.
#pragma once
#include <cstdint>

#include "nn/cpu/isa.h"

namespace xright::cpu {

struct HeadArgs {
  void* logits;  // [rows, vocab] contiguous; with `gradient` overwritten by coefficient *
                 // (onehot(target) - softmax)
  int64_t vocab;
  const int32_t* targets;
  const float* coefficient;  // null = 1
  float* logp;               // null = not wanted
  float* correct;            // null = not wanted; 1 where the target is the first arg max
  bool gradient, bfloat16;
};

}  // namespace xright::cpu

XRIGHT_DECLARE_KERNEL(void, head_rows, const HeadArgs& args, int64_t begin, int64_t end)
