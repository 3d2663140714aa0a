// Output head fused with the log-softmax: log-probs of given targets without ever holding all
// logits.
#pragma once
#include <ATen/core/Tensor.h>

namespace xright::nn {

struct HeadResult {
  at::Tensor logp_N;     // float32: log-prob of the target
  at::Tensor correct_N;  // float32: 1 where the target is the arg max
  at::Tensor dh_ND;  // float32: d logp / d h, unscaled (scale row n by dloss/dlogp_n); undefined
                     // unless asked for
};

// h_ND model dtype (contiguous), weight_VD model dtype, targets_N int32 on h's device. Works
// through N in chunks of a bounded number of rows (never [N, V] at once); log-softmax in float32.
// The numbers of a row must not depend on the other rows (same chunk height for every call: the
// last chunk is padded if the product's rounding depends on it).
HeadResult head_logprobs(const at::Tensor& h_ND, const at::Tensor& weight_VD,
                         const at::Tensor& targets_N, bool with_gradient);

// dweight_VD (float32) += sum over n of coefficient_n * d logp_n / d weight, recomputing the logits
// chunk by chunk.
void head_weight_gradient(const at::Tensor& h_ND, const at::Tensor& weight_VD,
                          const at::Tensor& targets_N, const at::Tensor& coefficient_N,
                          at::Tensor& dweight_VD);

}  // namespace xright::nn
