// Between the residual stream (float32) and the halves of a block (model dtype).
#include <ATen/ATen.h>

#include "core/decoder.h"
#include "nn/profile.h"

namespace xright {
namespace {

// The residual stream's gradient is float32; products take it rounded to the model's dtype.
void round_gradient(const at::Tensor& dx_TD, at::Tensor& dout_TD) {
  const nn::Timed timed("residual copy", "backward");
  dout_TD.copy_(dx_TD);
}

}  // namespace

// x += delta; returns what the half reads: its input norm of x, or x itself.
at::Tensor Decoder::enter(const HalfNorms& norms, SavedHalf& saved, at::Tensor& x_TD,
                          const at::Tensor& delta_TD) {
  const auto options = model_.options();
  if (norms.input) {
    auto y_TD = y_.get(x_TD.sizes(), options);
    nn::norm_forward(*norms.input, x_TD, delta_TD, y_TD,
                     mode_.save ? saved.input.take(x_TD.size(0), x_TD.size(1), options) : nullptr);
    return y_TD;
  }
  if (delta_TD.defined()) x_TD.add_(delta_TD);
  saved.y_TD = saved.y.get(x_TD.sizes(), options);
  return saved.y_TD.copy_(x_TD);
}

// Takes the half's result `out_TD` to the stream; returns what is still to be added to it.
at::Tensor Decoder::leave(const HalfNorms& norms, SavedHalf& saved, at::Tensor& x_TD,
                          at::Tensor out_TD) {
  const auto options = model_.options();
  const int64_t T = x_TD.size(0), D = x_TD.size(1);
  if (norms.output) {
    auto branch_TD = branch_.get({T, D}, model_.float_options());
    branch_TD.copy_(out_TD);
    nn::norm_forward(*norms.output, branch_TD, at::Tensor(), out_TD,
                     mode_.save ? saved.output.take(T, D, options) : nullptr);
  }
  if (!norms.stream) return out_TD;
  auto y_TD = y_.get({T, D}, options);
  nn::norm_forward(*norms.stream, x_TD, out_TD, y_TD,
                   mode_.save ? saved.stream.take(T, D, options) : nullptr);
  x_TD.copy_(y_TD);
  return {};
}

// dx += what reached the half's input; returns what the half read when `needs_y`.
at::Tensor Decoder::enter_backward(HalfNorms& norms, SavedHalf& saved, const at::Tensor& dy_TD,
                                   at::Tensor& dx_TD, bool needs_y) {
  if (!norms.input) {
    dx_TD.add_(dy_TD);
    return saved.y_TD;
  }
  auto y_TD = y_.get(dx_TD.sizes(), model_.options());
  nn::norm_backward(*norms.input, saved.input.views, dy_TD, dx_TD, needs_y ? &y_TD : nullptr);
  return y_TD;
}

// Gradient of the half's result, from dx after its addition; dx becomes that before it.
at::Tensor Decoder::leave_backward(HalfNorms& norms, SavedHalf& saved, at::Tensor& dx_TD) {
  const nn::Timed timed("residual copy", "backward");
  auto dout_TD = delta_.get(dx_TD.sizes(), model_.options());
  round_gradient(dx_TD, dout_TD);
  if (norms.stream) {
    dx_TD.zero_();
    nn::norm_backward(*norms.stream, saved.stream.views, dout_TD, dx_TD, nullptr);
    dout_TD.copy_(dx_TD);
  }
  if (norms.output) {
    auto dbranch_TD = branch_.get(dx_TD.sizes(), model_.float_options());
    dbranch_TD.zero_();
    nn::norm_backward(*norms.output, saved.output.views, dout_TD, dbranch_TD, nullptr);
    dout_TD.copy_(dbranch_TD);
  }
  return dout_TD;
}

}  // namespace xright
