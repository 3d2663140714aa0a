#include "nn/activation.h"

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include "nn/backend.h"
#include "nn/cpu/activation_kernels.h"
#include "nn/profile.h"

namespace xright::nn {
namespace {

constexpr int64_t kGrainNumbers = 4096;  // outputs worth a thread of their own

int64_t grain(int64_t width) { return at::divup(kGrainNumbers, std::max<int64_t>(1, width)); }

// The part of the arguments both directions share.
cpu::ActivationArgs arguments(Activation act, bool gated, const at::Tensor& u) {
  TORCH_CHECK(u.stride(1) == 1);
  cpu::ActivationArgs args{};
  args.act = act;
  args.gated = gated;
  args.bfloat16 = u.scalar_type() == at::kBFloat16;
  args.width = gated ? u.size(1) / 2 : u.size(1);
  args.up_offset = args.width;
  args.u = u.const_data_ptr();
  args.u_stride = u.stride(0);
  return args;
}

void set_h(cpu::ActivationArgs& args, at::Tensor& h_TF) {
  TORCH_CHECK(h_TF.stride(1) == 1 && h_TF.size(1) == args.width);
  args.h = h_TF.data_ptr();
  args.h_stride = h_TF.stride(0);
}

void forward_cpu(Activation act, bool gated, const at::Tensor& u, at::Tensor& h_TF) {
  auto args = arguments(act, gated, u);
  set_h(args, h_TF);
  at::parallel_for(0, u.size(0), grain(args.width), [&](int64_t begin, int64_t end) {
    XRIGHT_DISPATCH(activation_forward, args, begin, end);
  });
}

void backward_cpu(Activation act, bool gated, const at::Tensor& u, const at::Tensor& dh_TF,
                  at::Tensor& du, at::Tensor* h_TF) {
  auto args = arguments(act, gated, u);
  TORCH_CHECK(dh_TF.stride(1) == 1 && du.stride(1) == 1);
  args.dh = dh_TF.const_data_ptr();
  args.dh_stride = dh_TF.stride(0);
  args.du = du.data_ptr();
  args.du_stride = du.stride(0);
  if (h_TF) set_h(args, *h_TF);
  at::parallel_for(0, u.size(0), grain(args.width), [&](int64_t begin, int64_t end) {
    XRIGHT_DISPATCH(activation_backward, args, begin, end);
  });
}

at::Tensor value(Activation act, const at::Tensor& x) {
  switch (act) {
    case Activation::kSilu:
      return at::silu(x);
    case Activation::kGelu:
      return at::gelu(x);
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kRelu:
      return at::relu(x);
  }
  return {};
}

at::Tensor input_gradient(Activation act, const at::Tensor& dy, const at::Tensor& x) {
  switch (act) {
    case Activation::kSilu:
      return at::silu_backward(dy, x);
    case Activation::kGelu:
      return at::gelu_backward(dy, x);
    case Activation::kGeluTanh:
      return at::gelu_backward(dy, x, "tanh");
    case Activation::kRelu:
      return at::threshold_backward(dy, x, 0);
  }
  return {};
}

void forward_aten(Activation act, bool gated, const at::Tensor& u, at::Tensor& h_TF) {
  const auto type = at::toOpMathType(u.scalar_type());
  if (!gated) {
    h_TF.copy_(value(act, u.to(type)));
    return;
  }
  const auto halves = u.chunk(2, 1);
  h_TF.copy_(value(act, halves[0].to(type)).mul_(halves[1]));
}

void backward_aten(Activation act, bool gated, const at::Tensor& u, const at::Tensor& dh_TF,
                   at::Tensor& du, at::Tensor* h_TF) {
  const auto type = at::toOpMathType(u.scalar_type());
  const auto dh = dh_TF.to(type);
  if (!gated) {
    const auto x = u.to(type, false, true);  // a copy: du may be u
    du.copy_(input_gradient(act, dh, x));
    if (h_TF) h_TF->copy_(value(act, x));
    return;
  }
  const auto halves = u.to(type, false, true).chunk(2, 1);
  const auto y = value(act, halves[0]);
  auto targets = du.chunk(2, 1);
  targets[0].copy_(input_gradient(act, dh * halves[1], halves[0]));
  targets[1].copy_(dh * y);
  if (h_TF) h_TF->copy_(y * halves[1]);
}

}  // namespace

void activation_forward(Activation act, bool gated, const at::Tensor& u, at::Tensor& h_TF) {
  const Timed timed("activation", "forward");
  (use_cpu_kernels(u) ? forward_cpu : forward_aten)(act, gated, u, h_TF);
}

void activation_backward(Activation act, bool gated, const at::Tensor& u, const at::Tensor& dh_TF,
                         at::Tensor& du, at::Tensor* h_TF) {
  const Timed timed("activation", "backward");
  (use_cpu_kernels(u) ? backward_cpu : backward_aten)(act, gated, u, dh_TF, du, h_TF);
}

}  // namespace xright::nn
