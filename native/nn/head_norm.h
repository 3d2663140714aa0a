// Norm of each head's numbers (q/k norm: Henry et al. 2020; Qwen 3, Gemma 3).
#pragma once
#include "nn/norm.h"

namespace xright::nn {

// Norms every head of x_THd in place; a view with any strides but contiguous heads, model dtype.
// `saved` (null when no backward follows) holds T * heads rows.
void head_norm_forward(const Norm& norm, at::Tensor x_THd, NormSaved* saved);

// Turns the output's gradient into the input's, in place; dweight += when defined.
void head_norm_backward(Norm& norm, const NormSaved& saved, at::Tensor dx_THd);

}  // namespace xright::nn
