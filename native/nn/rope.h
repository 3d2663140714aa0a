// Rotary position embedding (Su et al. 2021), rotate-half convention of Hugging Face.
#pragma once
#include <ATen/core/Tensor.h>

namespace xright::nn {

// Rotates the first `rotary_dim` numbers of each head in place.
//   x_THd   view [T, heads, head_dim], innermost contiguous, any row stride; model dtype
//   cos_TR, sin_TR  float32 [T, rotary_dim / 2], attention scaling already multiplied in
//   inverse  true rotates back (the backward of the rotation: transpose, so the scaling is applied
//   again, not undone)
void rope_apply(at::Tensor x_THd, const at::Tensor& cos_TR, const at::Tensor& sin_TR, bool inverse);

}  // namespace xright::nn
