#include "nn/attention_aten.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace xright::nn {

namespace {

constexpr int64_t kQueryChunk = 512;  // bounds the memory of a long row's scores

// Head-major float32 keys or values that a span sees: [kv_heads, prefix_len + k_len, head_dim].
at::Tensor span_keys(const AttnSpan& span, const at::Tensor& x_SGd) {
  const at::Tensor own = x_SGd.narrow(0, span.k_start, span.k_len);
  const at::Tensor all = span.prefix_len > 0
                             ? at::cat({x_SGd.narrow(0, span.prefix_start, span.prefix_len), own})
                             : own;
  return all.to(at::kFloat).transpose(0, 1).contiguous();
}

// [n, heads, d] to [kv_heads, group · n, d] float32, and back.
at::Tensor by_group(const AttnShape& shape, const at::Tensor& x_nHd) {
  const int64_t n = x_nHd.size(0), group = shape.heads / shape.kv_heads;
  return x_nHd.to(at::kFloat)
      .reshape({n, shape.kv_heads, group, shape.head_dim})
      .permute({1, 2, 0, 3})
      .reshape({shape.kv_heads, group * n, shape.head_dim});
}

at::Tensor by_token(const AttnShape& shape, const at::Tensor& x_Grd) {
  const int64_t group = shape.heads / shape.kv_heads, n = x_Grd.size(1) / group;
  return x_Grd.reshape({shape.kv_heads, group, n, shape.head_dim})
      .permute({2, 0, 1, 3})
      .reshape({n, shape.heads, shape.head_dim});
}

// True where query `first + i` of the span does not see key j.
at::Tensor hidden(const AttnShape& shape, const AttnSpan& span, int64_t first, int64_t n,
                  const at::Device& device) {
  const int64_t keys = span.prefix_len + span.k_len, start = keys - span.q_len + first;
  const auto options = at::TensorOptions().dtype(at::kLong).device(device);
  const at::Tensor distance =
      at::arange(start, start + n, options).unsqueeze(1) - at::arange(keys, options);
  const at::Tensor future = distance < 0;
  return shape.window > 0 ? at::logical_or(future, distance >= shape.window) : future;
}

// Scaled scores [kv_heads, group · n, keys], −inf where hidden.
at::Tensor scores(const AttnShape& shape, const AttnSpan& span, int64_t first, int64_t n,
                  const at::Tensor& q_Grd, const at::Tensor& k_GSd) {
  const int64_t group = shape.heads / shape.kv_heads, keys = k_GSd.size(1);
  const at::Tensor s = at::bmm(q_Grd, k_GSd.transpose(1, 2)).mul_(shape.scale);
  return s.view({shape.kv_heads, group, n, keys})
      .masked_fill_(hidden(shape, span, first, n, q_Grd.device()), -INFINITY)
      .view({shape.kv_heads, group * n, keys});
}

template <typename Chunk>
void for_each_chunk(const std::vector<AttnSpan>& spans, const Chunk& chunk) {
  for (const AttnSpan& span : spans)
    for (int64_t first = 0; first < span.q_len; first += kQueryChunk)
      chunk(span, first, std::min(kQueryChunk, span.q_len - first));
}

void add_to_span(const AttnSpan& span, const at::Tensor& dx_GSd, at::Tensor& dx_SGd) {
  const at::Tensor dx = dx_GSd.transpose(0, 1);
  if (span.prefix_len > 0)
    dx_SGd.narrow(0, span.prefix_start, span.prefix_len).add_(dx.narrow(0, 0, span.prefix_len));
  dx_SGd.narrow(0, span.k_start, span.k_len).add_(dx.narrow(0, span.prefix_len, span.k_len));
}

}  // namespace

void attention_forward_aten(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                            const at::Tensor& q_THd, const at::Tensor& k_SGd,
                            const at::Tensor& v_SGd, at::Tensor& o_THd, at::Tensor& lse_HT) {
  for_each_chunk(spans, [&](const AttnSpan& span, int64_t first, int64_t n) {
    const at::Tensor q = by_group(shape, q_THd.narrow(0, span.q_start + first, n));
    const at::Tensor s = scores(shape, span, first, n, q, span_keys(span, k_SGd));
    const at::Tensor lse = at::logsumexp(s, {-1}, true);
    const at::Tensor o = at::bmm(at::exp(s - lse), span_keys(span, v_SGd));
    o_THd.narrow(0, span.q_start + first, n).copy_(by_token(shape, o));
    lse_HT.narrow(1, span.q_start + first, n).copy_(lse.reshape({shape.heads, n}));
  });
}

void attention_backward_aten(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                             const at::Tensor& do_THd, const at::Tensor& q_THd,
                             const at::Tensor& k_SGd, const at::Tensor& v_SGd,
                             const at::Tensor& o_THd, const at::Tensor& lse_HT, at::Tensor& dq_THd,
                             at::Tensor& dk_SGd, at::Tensor& dv_SGd) {
  at::Tensor dk_sum = at::zeros(k_SGd.sizes(), k_SGd.options().dtype(at::kFloat));
  at::Tensor dv_sum = at::zeros_like(dk_sum);
  for_each_chunk(spans, [&](const AttnSpan& span, int64_t first, int64_t n) {
    const int64_t start = span.q_start + first;
    const at::Tensor q = by_group(shape, q_THd.narrow(0, start, n)), k = span_keys(span, k_SGd);
    const at::Tensor d_o = by_group(shape, do_THd.narrow(0, start, n)),
                     o = by_group(shape, o_THd.narrow(0, start, n));
    const at::Tensor lse = lse_HT.narrow(1, start, n).reshape({shape.kv_heads, q.size(1), 1});
    const at::Tensor p = at::exp(scores(shape, span, first, n, q, k) - lse);
    const at::Tensor dp = at::bmm(d_o, span_keys(span, v_SGd).transpose(1, 2));
    const at::Tensor ds = (dp - (d_o * o).sum(-1, true)).mul_(p).mul_(shape.scale);
    dq_THd.narrow(0, start, n).copy_(by_token(shape, at::bmm(ds, k)));
    add_to_span(span, at::bmm(ds.transpose(1, 2), q), dk_sum);
    add_to_span(span, at::bmm(p.transpose(1, 2), d_o), dv_sum);
  });
  dk_SGd.copy_(dk_sum);
  dv_SGd.copy_(dv_sum);
}

}  // namespace xright::nn
