// Packed rows for attention, and dense attention by autograd to hold the results to.
#pragma once
#include <cmath>
#include <utility>
#include <vector>

#include "nn/attention.h"
#include "paths.h"

namespace xright::nn {

struct Row {
  int32_t prompt;
  std::vector<int32_t> continuations;
};

struct Case {
  const char* name;
  int64_t heads, kv_heads, head_dim;
  std::vector<Row> rows;
  int64_t window = 0;
};

struct Packed {
  AttnShape shape;
  std::vector<AttnSpan> spans;
  int64_t queries = 0, keys = 0;
};

inline Packed pack(const Case& c) {
  Packed packed{{c.heads, c.kv_heads, c.head_dim, 1 / std::sqrt(double(c.head_dim)), c.window}, {}};
  int32_t at = 0, number = 0;
  for (const Row& row : c.rows) {
    const int32_t start = at;
    packed.spans.push_back({start, row.prompt, 0, 0, start, row.prompt, number});
    at += row.prompt;
    for (int32_t length : row.continuations) {
      packed.spans.push_back({at, length, start, row.prompt, at, length, number});
      at += length;
    }
    ++number;
  }
  packed.queries = packed.keys = at;
  return packed;
}

struct Tensors {
  at::Tensor q, k, v, d_o, o, lse, dq, dk, dv;
};

// Views of one packed buffer, as the model has them.
inline Tensors inputs(const Packed& p, at::ScalarType dtype) {
  const int64_t h = p.shape.heads, g = p.shape.kv_heads, d = p.shape.head_dim;
  Tensors t;
  t.q = randn({p.queries, h + 3, d}, dtype).narrow(1, 1, h);
  const auto kv = randn({p.keys, 2 * g, d}, dtype);
  t.k = kv.narrow(1, 0, g);
  t.v = kv.narrow(1, g, g);
  t.d_o = randn({p.queries, h, d}, dtype);
  return t;
}

inline void forward(const Packed& p, Tensors& t) {
  t.o = at::full(t.q.sizes(), NAN, t.q.options());
  t.lse = at::full({p.shape.heads, p.queries}, NAN, at::kFloat);
  attention_forward(p.shape, p.spans, t.q, t.k, t.v, t.o, t.lse);
}

inline void backward(const Packed& p, Tensors& t) {
  const int64_t h = p.shape.heads, g = p.shape.kv_heads;
  const auto d_qkv = at::full({p.queries, h + 2 * g, p.shape.head_dim}, NAN, t.q.options());
  t.dq = d_qkv.narrow(1, 0, h);
  t.dk = d_qkv.narrow(1, h, g);
  t.dv = d_qkv.narrow(1, h + g, g);
  attention_backward(p.shape, p.spans, t.d_o, t.q, t.k, t.v, t.o, t.lse, t.dq, t.dk, t.dv);
}

inline Tensors run(const Packed& p, const Tensors& in) {
  Tensors t = in;
  forward(p, t);
  backward(p, t);
  return t;
}

// Key j is seen by query i: written out from the definition, pair by pair.
inline at::Tensor dense_mask(const Packed& p) {
  at::Tensor mask = at::full({p.queries, p.keys}, -INFINITY, at::kDouble);
  auto m = mask.accessor<double, 2>();
  const auto see = [&](const AttnSpan& span, int32_t i, int32_t key, int32_t key_position) {
    const int32_t distance = span.prefix_len + span.k_len - span.q_len + i - key_position;
    if (distance >= 0 && (p.shape.window == 0 || distance < p.shape.window))
      m[span.q_start + i][key] = 0;
  };
  for (const AttnSpan& span : p.spans)
    for (int32_t i = 0; i < span.q_len; ++i) {
      for (int32_t j = 0; j < span.prefix_len; ++j) see(span, i, span.prefix_start + j, j);
      for (int32_t j = 0; j < span.k_len; ++j) see(span, i, span.k_start + j, span.prefix_len + j);
    }
  return mask;
}

// Dense attention by autograd in `dtype`: PyTorch's operators only.
inline Tensors dense(const Packed& p, const Tensors& in, at::ScalarType dtype) {
  const auto q = leaf(in.q, dtype), k = leaf(in.k, dtype), v = leaf(in.v, dtype);
  const int64_t group = p.shape.heads / p.shape.kv_heads;
  const auto by_head = [&](const at::Tensor& x) {
    return x.repeat_interleave(group, 1).transpose(0, 1);
  };
  const auto scores = at::matmul(q.transpose(0, 1), by_head(k).transpose(1, 2)) * p.shape.scale;
  const auto masked = scores + dense_mask(p).to(dtype);
  const auto o = at::matmul(at::softmax(masked, -1), by_head(v)).transpose(0, 1);
  o.backward(in.d_o.to(dtype));
  return {q,        k,        v,       in.d_o, o.detach(), at::logsumexp(masked, {-1}).detach(),
          q.grad(), k.grad(), v.grad()};
}

inline double worst(const at::Tensor& actual, const at::Tensor& expected) {
  const auto difference = actual.to(at::kDouble) - expected.to(at::kDouble);
  return (difference.abs().max() / expected.abs().max().clamp_min(1e-6)).item<double>();
}

inline std::vector<std::pair<const char*, at::Tensor>> results(const Tensors& t) {
  return {{"o", t.o}, {"lse", t.lse}, {"dq", t.dq}, {"dk", t.dk}, {"dv", t.dv}};
}

}  // namespace xright::nn
