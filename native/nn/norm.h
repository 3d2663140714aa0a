// RMSNorm (Zhang & Sennrich 2019) and LayerNorm with the residual addition fused in.
#pragma once
#include <ATen/core/Tensor.h>

namespace xright::nn {

enum class NormKind { kRms, kLayer };

struct Norm {
  NormKind kind = NormKind::kRms;
  double eps = 1e-5;
  double offset = 0;    // the scale is weight + offset
  at::Tensor weight_D;  // float32 (a model's bfloat16 values are widened once)
  at::Tensor bias_D;    // float32; undefined without bias
  // Gradients, float32, accumulated; undefined when frozen.
  at::Tensor dweight_D, dbias_D;
};

// What backward needs. Row t of `x` is the normalised input in the model's dtype.
struct NormSaved {
  at::Tensor x_TD;      // model dtype
  at::Tensor stats_T2;  // float32: mean (0 for RMS), reciprocal deviation
};

// x += delta (skipped when delta is undefined); y = norm(x). Row-wise, float32 inside.
//   x_TD      float32 residual stream, contiguous, updated in place
//   delta_TD  model dtype, may have a row stride larger than D
//   y_TD      model dtype, preallocated, contiguous
//   saved     null when no backward follows; its tensors are preallocated by the caller
void norm_forward(const Norm& norm, at::Tensor& x_TD, const at::Tensor& delta_TD, at::Tensor& y_TD,
                  NormSaved* saved);

// dx += d(norm)/dx^T dy, and dweight/dbias += when defined. `y_TD`, when defined, is recomputed
// from the saved input (so that a product's input need not be kept).
//   dy_TD  model dtype; dx_TD float32, accumulated in place
void norm_backward(Norm& norm, const NormSaved& saved, const at::Tensor& dy_TD, at::Tensor& dx_TD,
                   at::Tensor* y_TD);

}  // namespace xright::nn
