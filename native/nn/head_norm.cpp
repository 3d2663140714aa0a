#include "nn/head_norm.h"

#include <ATen/ATen.h>

namespace xright::nn {

void head_norm_forward(const Norm& norm, at::Tensor x_THd, NormSaved* saved) {
  auto x_Nd = x_THd.to(at::kFloat).reshape({-1, x_THd.size(2)});
  auto y_Nd = at::empty(x_Nd.sizes(), x_THd.options());
  norm_forward(norm, x_Nd, at::Tensor(), y_Nd, saved);
  x_THd.copy_(y_Nd.view(x_THd.sizes()));
}

void head_norm_backward(Norm& norm, const NormSaved& saved, at::Tensor dx_THd) {
  const auto dy_Nd = dx_THd.reshape({-1, dx_THd.size(2)}).contiguous();
  auto dx_Nd = at::zeros(dy_Nd.sizes(), dy_Nd.options().dtype(at::kFloat));
  norm_backward(norm, saved, dy_Nd, dx_Nd, nullptr);
  dx_THd.copy_(dx_Nd.view(dx_THd.sizes()));
}

}  // namespace xright::nn
