// defines: Saved, SavedHalf, SavedNorm. What one block's backward needs, in memory kept between
// steps. Shape letters: decoder.h.
#pragma once
#include "core/buffer.h"
#include "nn/norm.h"

namespace xright {

struct SavedNorm {
  Buffer x, stats;
  nn::NormSaved views;

  // Room for `rows` inputs of `width` numbers.
  nn::NormSaved* take(int64_t rows, int64_t width, const at::TensorOptions& options) {
    views = {x.get({rows, width}, options), stats.get({rows, 2}, options.dtype(at::kFloat))};
    return &views;
  }
  int64_t bytes() const { return x.bytes() + stats.bytes(); }
};

// Of one half of a block: its norms' inputs, and what it read when it has no norm to recompute that
// from.
struct SavedHalf {
  SavedNorm input, output, stream;
  Buffer y;
  at::Tensor y_TD;

  int64_t bytes() const { return input.bytes() + output.bytes() + stream.bytes() + y.bytes(); }
};

struct Saved {
  Buffer block_input, qkv, attention, lse, up;
  Buffer s_qkv, s_output, s_up, s_down;  // LoRA: what the B matrices read
  SavedHalf attention_half, mlp_half;
  SavedNorm q_norm, k_norm;
  at::Tensor input_TD, qkv_TE, attention_TP, lse_HT, up_TF;
  at::Tensor attended_TP;  // what the output matrix read: attention_TP, or its scored rows
  at::Tensor s_qkv_TR, s_output_TR, s_up_TR, s_down_TR;

  int64_t bytes() const {
    int64_t total =
        attention_half.bytes() + mlp_half.bytes() + q_norm.bytes() + k_norm.bytes();
    for (const Buffer* b :
         {&block_input, &qkv, &attention, &lse, &up, &s_qkv, &s_output, &s_up, &s_down})
      total += b->bytes();
    return total;
  }
};

}  // namespace xright
