// Element-wise activations, plain and gated.
#pragma once
#include <ATen/core/Tensor.h>

#include "nn/activation_kind.h"

namespace xright::nn {

// Gated: u_TF2 = [gate | up] (F columns each); h = act(gate) * up. Plain: u_TF, h = act(u).
// float32 inside, rounded once to the model dtype.
void activation_forward(Activation act, bool gated, const at::Tensor& u, at::Tensor& h_TF);

// du (same shape as u, may alias u) from dh; when `h_TF` is not null the forward value is
// recomputed into it (it may not alias dh).
void activation_backward(Activation act, bool gated, const at::Tensor& u, const at::Tensor& dh_TF,
                         at::Tensor& du, at::Tensor* h_TF);

}  // namespace xright::nn
