// Causal attention over packed segments with shared prefixes, grouped-query heads.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace xright::nn {

// One segment's queries and the keys they see: all of [prefix_start, prefix_start + prefix_len),
// then causally [k_start, k_start + k_len), aligned to the end: query i (0-based) sees own keys 0 …
// k_len − q_len + i. The i-th query's position in its row is prefix_len + k_len − q_len + i; a
// key's is its index in that concatenation.
struct AttnSpan {
  int32_t q_start, q_len;
  int32_t prefix_start, prefix_len;  // prefix_len 0 = none
  int32_t k_start, k_len;
  int32_t
      row;  // spans of one row (a prompt and what continues it) are adjacent and share this number
};

struct AttnShape {
  int64_t heads, kv_heads, head_dim;
  double scale;
  int64_t window = 0;  // a query sees only the last `window` positions, itself included; 0 = all
};

// q_THd [Tq, heads, head_dim], k/v [Tk, kv_heads, head_dim]: views with any row stride, innermost
// contiguous, model dtype. o_THd like q; lse_HT float32 [heads, Tq] (natural log of the softmax
// denominator), both preallocated. Softmax and accumulation in float32.
void attention_forward(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                       const at::Tensor& q_THd, const at::Tensor& k_SGd, const at::Tensor& v_SGd,
                       at::Tensor& o_THd, at::Tensor& lse_HT);

// Overwrites dq, dk, dv (same shapes and layout rules as q, k, v; here Tq == Tk and every token
// belongs to one span). A prefix's dk, dv sum over all spans that see it, in float32, in a fixed
// order (bit-identical for any thread count).
void attention_backward(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                        const at::Tensor& do_THd, const at::Tensor& q_THd, const at::Tensor& k_SGd,
                        const at::Tensor& v_SGd, const at::Tensor& o_THd, const at::Tensor& lse_HT,
                        at::Tensor& dq_THd, at::Tensor& dk_SGd, at::Tensor& dv_SGd);

}  // namespace xright::nn
