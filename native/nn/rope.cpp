#include "nn/rope.h"

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include "nn/backend.h"
#include "nn/cpu/rope_kernels.h"
#include "nn/profile.h"

namespace xright::nn {
namespace {

constexpr int64_t kGrainNumbers = 8192;  // rotated numbers worth a thread of their own

void apply_cpu(at::Tensor& x_THd, const at::Tensor& cos_TR, const at::Tensor& sin_TR,
               bool inverse) {
  TORCH_CHECK(x_THd.stride(2) == 1 && cos_TR.is_contiguous() && sin_TR.is_contiguous());
  const cpu::RopeArgs args{
      .x = x_THd.data_ptr(),
      .token_stride = x_THd.stride(0),
      .head_stride = x_THd.stride(1),
      .heads = x_THd.size(1),
      .cos = cos_TR.const_data_ptr<float>(),
      .sin = sin_TR.const_data_ptr<float>(),
      .half = cos_TR.size(1),
      .inverse = inverse,
      .bfloat16 = x_THd.scalar_type() == at::kBFloat16,
  };
  const int64_t grain = at::divup(kGrainNumbers, std::max<int64_t>(1, 2 * args.half * args.heads));
  at::parallel_for(0, x_THd.size(0), grain, [&](int64_t begin, int64_t end) {
    XRIGHT_DISPATCH(rope_rotate, args, begin, end);
  });
}

void apply_aten(at::Tensor& x_THd, const at::Tensor& cos_TR, const at::Tensor& sin_TR,
                bool inverse) {
  const int64_t half = cos_TR.size(1);
  const auto type = at::toOpMathType(x_THd.scalar_type());
  auto low_THR = x_THd.narrow(2, 0, half), high_THR = x_THd.narrow(2, half, half);
  const auto x = low_THR.to(type, false, true), y = high_THR.to(type, false, true);
  const auto c = cos_TR.unsqueeze(1);
  const auto s = (inverse ? -sin_TR : sin_TR).unsqueeze(1);
  low_THR.copy_(x * c - y * s);
  high_THR.copy_(y * c + x * s);
}

}  // namespace

void rope_apply(at::Tensor x_THd, const at::Tensor& cos_TR, const at::Tensor& sin_TR,
                bool inverse) {
  TORCH_CHECK(2 * cos_TR.size(1) <= x_THd.size(2));
  const Timed timed("rope", inverse ? "backward" : "forward");
  (use_cpu_kernels(x_THd) ? apply_cpu : apply_aten)(x_THd, cos_TR, sin_TR, inverse);
}

}  // namespace xright::nn
