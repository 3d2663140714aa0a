// Attention from ATen operators, on any device; same meaning as attention.h.
#pragma once
#include "nn/attention.h"

namespace xright::nn {

void attention_forward_aten(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                            const at::Tensor& q_THd, const at::Tensor& k_SGd,
                            const at::Tensor& v_SGd, at::Tensor& o_THd, at::Tensor& lse_HT);
void attention_backward_aten(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                             const at::Tensor& do_THd, const at::Tensor& q_THd,
                             const at::Tensor& k_SGd, const at::Tensor& v_SGd,
                             const at::Tensor& o_THd, const at::Tensor& lse_HT, at::Tensor& dq_THd,
                             at::Tensor& dk_SGd, at::Tensor& dv_SGd);

// LibTorch's flash attention: CUDA, bfloat16 or float16, head_dim a multiple of 8 up to 256.
bool flash_serves(const AttnShape& shape, const at::Tensor& q_THd);
void attention_forward_flash(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                             const at::Tensor& q_THd, const at::Tensor& k_SGd,
                             const at::Tensor& v_SGd, at::Tensor& o_THd, at::Tensor& lse_HT);
void attention_backward_flash(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                              const at::Tensor& do_THd, const at::Tensor& q_THd,
                              const at::Tensor& k_SGd, const at::Tensor& v_SGd,
                              const at::Tensor& o_THd, const at::Tensor& lse_HT, at::Tensor& dq_THd,
                              at::Tensor& dk_SGd, at::Tensor& dv_SGd);

}  // namespace xright::nn
