#include "nn/norm.h"

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include "nn/backend.h"
#include "nn/cpu/norm_kernels.h"
#include "nn/profile.h"

namespace xright::nn {
namespace {

constexpr int64_t kBlockRows =
    16;  // rows whose weight gradients are summed together: fixed, so the sums are too

const float* floats(const at::Tensor& t) {
  return t.defined() ? t.const_data_ptr<float>() : nullptr;
}

void forward_cpu(const Norm& norm, at::Tensor& x_TD, const at::Tensor& delta_TD, at::Tensor& y_TD,
                 NormSaved* saved) {
  const bool has_delta = delta_TD.defined();
  TORCH_CHECK(x_TD.is_contiguous() && y_TD.is_contiguous() &&
              (!has_delta || delta_TD.stride(1) == 1));
  const cpu::NormForwardArgs args{
      .width = x_TD.size(1),
      .eps = static_cast<float>(norm.eps),
      .offset = static_cast<float>(norm.offset),
      .layer = norm.kind == NormKind::kLayer,
      .bfloat16 = y_TD.scalar_type() == at::kBFloat16,
      .weight = floats(norm.weight_D),
      .bias = floats(norm.bias_D),
      .x = x_TD.data_ptr<float>(),
      .delta = has_delta ? delta_TD.const_data_ptr() : nullptr,
      .delta_stride = has_delta ? delta_TD.stride(0) : 0,
      .y = y_TD.data_ptr(),
      .saved_x = saved ? saved->x_TD.data_ptr() : nullptr,
      .stats = saved ? saved->stats_T2.data_ptr<float>() : nullptr,
  };
  at::parallel_for(0, x_TD.size(0), kBlockRows, [&](int64_t begin, int64_t end) {
    XRIGHT_DISPATCH(norm_forward, args, begin, end);
  });
}

// total += the sum over the blocks in their order.
void add_blocks(at::Tensor& total_D, const at::Tensor& partial_BD) {
  const int64_t blocks = partial_BD.size(0), width = partial_BD.size(1);
  const float* partial = partial_BD.const_data_ptr<float>();
  float* total = total_D.data_ptr<float>();
  at::parallel_for(0, width, 512, [&](int64_t begin, int64_t end) {
    std::vector<float> sum(static_cast<size_t>(end - begin), 0.0f);
    for (int64_t b = 0; b < blocks; ++b)
      for (int64_t i = begin; i < end; ++i)
        sum[static_cast<size_t>(i - begin)] += partial[b * width + i];
    for (int64_t i = begin; i < end; ++i) total[i] += sum[static_cast<size_t>(i - begin)];
  });
}

void backward_cpu(Norm& norm, const NormSaved& saved, const at::Tensor& dy_TD, at::Tensor& dx_TD,
                  at::Tensor* y_TD) {
  TORCH_CHECK(dy_TD.is_contiguous() && dx_TD.is_contiguous() && saved.x_TD.is_contiguous());
  const int64_t rows = dy_TD.size(0), width = dy_TD.size(1), blocks = at::divup(rows, kBlockRows);
  const cpu::NormBackwardArgs args{
      .width = width,
      .offset = static_cast<float>(norm.offset),
      .layer = norm.kind == NormKind::kLayer,
      .bfloat16 = dy_TD.scalar_type() == at::kBFloat16,
      .weight = floats(norm.weight_D),
      .bias = floats(norm.bias_D),
      .x = saved.x_TD.const_data_ptr(),
      .stats = floats(saved.stats_T2),
      .dy = dy_TD.const_data_ptr(),
      .dx = dx_TD.data_ptr<float>(),
      .y = y_TD ? y_TD->data_ptr() : nullptr,
  };
  at::Tensor dweight_BD, dbias_BD;
  if (norm.dweight_D.defined()) dweight_BD = at::empty({blocks, width}, dx_TD.options());
  if (norm.dbias_D.defined()) dbias_BD = at::empty({blocks, width}, dx_TD.options());
  float* dweight = dweight_BD.defined() ? dweight_BD.data_ptr<float>() : nullptr;
  float* dbias = dbias_BD.defined() ? dbias_BD.data_ptr<float>() : nullptr;
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b)
      XRIGHT_DISPATCH(norm_backward, args, b * kBlockRows, std::min(rows, (b + 1) * kBlockRows),
                      dweight ? dweight + b * width : nullptr, dbias ? dbias + b * width : nullptr);
  });
  if (dweight) add_blocks(norm.dweight_D, dweight_BD);
  if (dbias) add_blocks(norm.dbias_D, dbias_BD);
}

at::Tensor scale_of(const Norm& norm) {
  return norm.offset == 0 ? norm.weight_D : norm.weight_D + norm.offset;
}

at::Tensor affine(const Norm& norm, const at::Tensor& normalised_TD) {
  auto y_TD = normalised_TD * scale_of(norm);
  return norm.bias_D.defined() ? y_TD.add_(norm.bias_D) : y_TD;
}

void forward_aten(const Norm& norm, at::Tensor& x_TD, const at::Tensor& delta_TD, at::Tensor& y_TD,
                  NormSaved* saved) {
  if (delta_TD.defined()) x_TD.add_(delta_TD);
  const bool layer = norm.kind == NormKind::kLayer;
  const auto mean_T1 = layer ? x_TD.mean(1, true) : at::zeros({x_TD.size(0), 1}, x_TD.options());
  auto normalised_TD = layer ? x_TD - mean_T1 : x_TD.clone();
  const auto scale_T1 = normalised_TD.square().mean(1, true).add_(norm.eps).rsqrt_();
  y_TD.copy_(affine(norm, normalised_TD.mul_(scale_T1)));
  if (!saved) return;
  saved->x_TD.copy_(x_TD);
  saved->stats_T2.copy_(at::cat({mean_T1, scale_T1}, 1));
}

void backward_aten(Norm& norm, const NormSaved& saved, const at::Tensor& dy_TD, at::Tensor& dx_TD,
                   at::Tensor* y_TD) {
  const auto type = at::toOpMathType(dy_TD.scalar_type());
  const auto mean_T1 = saved.stats_T2.narrow(1, 0, 1), scale_T1 = saved.stats_T2.narrow(1, 1, 1);
  const auto n_TD = (saved.x_TD.to(type) - mean_T1).mul_(scale_T1);
  const auto d_TD = dy_TD.to(type);
  const auto g_TD = d_TD * scale_of(norm);
  auto change_TD = g_TD - n_TD * (g_TD * n_TD).mean(1, true);
  if (norm.kind == NormKind::kLayer) change_TD.sub_(g_TD.mean(1, true));
  dx_TD.add_(change_TD.mul_(scale_T1));
  if (norm.dweight_D.defined()) norm.dweight_D.add_((d_TD * n_TD).sum(0));
  if (norm.dbias_D.defined()) norm.dbias_D.add_(d_TD.sum(0));
  if (y_TD) y_TD->copy_(affine(norm, n_TD));
}

}  // namespace

void norm_forward(const Norm& norm, at::Tensor& x_TD, const at::Tensor& delta_TD, at::Tensor& y_TD,
                  NormSaved* saved) {
  const Timed timed("norm", "forward");
  (use_cpu_kernels(y_TD) ? forward_cpu : forward_aten)(norm, x_TD, delta_TD, y_TD, saved);
}

void norm_backward(Norm& norm, const NormSaved& saved, const at::Tensor& dy_TD, at::Tensor& dx_TD,
                   at::Tensor* y_TD) {
  const Timed timed("norm", "backward");
  (use_cpu_kernels(dy_TD) ? backward_cpu : backward_aten)(norm, saved, dy_TD, dx_TD, y_TD);
}

}  // namespace xright::nn
