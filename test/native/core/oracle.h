// An independent implementation of the network a DecoderSpec describes: plain ATen operators under
// autograd, one sequence at a time, weights as the checkpoint holds them. In float64 it is the
// truth; in bfloat16 it rounds where transformers does.
#pragma once
#include <ATen/ATen.h>
#include <torch/csrc/autograd/variable.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "models/spec.h"

namespace xright::testing {

using Weights = std::map<std::string, at::Tensor>;  // Hugging Face names

struct OracleLora {
  double scale;
  std::map<std::string, std::pair<at::Tensor, at::Tensor>> matrices;  // module -> A, B (leaves)
};

class Oracle {
 public:
  // Every weight and adapter matrix is of `dtype`.
  Oracle(const DecoderSpec& spec, const Weights& weights, const OracleLora* lora = nullptr,
         at::ScalarType dtype = at::kDouble)
      : s_(spec), w_(weights), lora_(lora), dtype_(dtype) {}

  // Log-prob of each token of `ids` from position `from` on, given all before it.
  at::Tensor logps(const std::vector<int32_t>& ids, int64_t from) const {
    auto ids_T = at::tensor(ids, at::kInt).to(at::kLong);
    auto x = embed(ids_T);
    for (int64_t i = 0; i < s_.layers; ++i) x = block(x, i);
    x = norm(x, s_.final_norm);
    if (!s_.project_out.modules.empty()) x = linear(x, s_.project_out.modules[0].name);
    const auto& head = w_.at((s_.tied ? s_.embedding : s_.head) + ".weight");
    const int64_t T = ids_T.size(0);
    auto all = x.matmul(head.t()).to(wide()).narrow(0, from - 1, T - from).log_softmax(1);
    return all.gather(1, ids_T.narrow(0, from, T - from).unsqueeze(1)).squeeze(1);
  }

 private:
  // What norms and the softmax are computed in.
  at::ScalarType wide() const { return dtype_ == at::kDouble ? at::kDouble : at::kFloat; }

  at::Tensor embed(const at::Tensor& ids_T) const {
    auto x = w_.at(s_.embedding + ".weight").index_select(0, ids_T);
    if (!s_.project_in.modules.empty()) x = linear(x, s_.project_in.modules[0].name);
    if (s_.embedding_scale != 1) x = x * at::scalar_tensor(s_.embedding_scale, x.options());
    if (s_.positions.empty()) return x;
    return x + w_.at(s_.positions + ".weight").narrow(0, s_.position_offset, ids_T.size(0));
  }

  at::Tensor norm(const at::Tensor& x, const std::string& name) const {
    if (name.empty()) return x;
    auto v = x.to(wide());
    if (s_.norm.kind == nn::NormKind::kLayer) v = v - v.mean(-1, true);
    v = v * at::rsqrt(v.pow(2).mean(-1, true) + s_.norm.eps);
    if (s_.norm.affine) v = v * (w_.at(name + ".weight").to(wide()) + s_.norm.offset);
    if (w_.contains(name + ".bias")) v = v + w_.at(name + ".bias").to(wide());
    return v.to(dtype_);
  }

  at::Tensor linear(const at::Tensor& x, const std::string& module) const {
    auto y = x.matmul(w_.at(module + ".weight").t());
    if (w_.contains(module + ".bias")) y = y + w_.at(module + ".bias");
    if (!lora_ || !lora_->matrices.contains(module)) return y;
    const auto& [a, b] = lora_->matrices.at(module);
    return y + x.matmul(a.t()).matmul(b.t()) * lora_->scale;
  }

  at::Tensor activate(const at::Tensor& x) const {
    switch (s_.activation) {
      case nn::Activation::kSilu:
        return at::silu(x);
      case nn::Activation::kGelu:
        return at::gelu(x);
      case nn::Activation::kGeluTanh:
        return at::gelu(x, "tanh");
      case nn::Activation::kRelu:
        return at::relu(x);
    }
    return {};
  }

  at::Tensor rotate(const at::Tensor& x, int64_t layer) const {  // [heads, T, d]
    if (s_.ropes.empty()) return x;
    const RopeSpec& rope = s_.ropes[s_.layer(static_cast<size_t>(layer)).rope];
    auto angle =
        at::outer(at::arange(x.size(1), at::kDouble), at::tensor(rope.inv_freq, at::kDouble));
    auto cos = angle.cos().to(dtype_), sin = angle.sin().to(dtype_);
    const int64_t R = rope.rotary_dim / 2;
    auto a = x.narrow(2, 0, R), b = x.narrow(2, R, R);
    auto rest = x.narrow(2, 2 * R, x.size(2) - 2 * R);
    return at::cat({a * cos - b * sin, b * cos + a * sin, rest}, 2);
  }

  // Queries, keys and values, each [heads, T, d], before rotation.
  std::vector<at::Tensor> heads(const at::Tensor& y, int64_t layer) const {
    const int64_t T = y.size(0);
    std::vector<at::Tensor> qkv;
    for (const auto& m : s_.qkv.modules) {
      auto out = linear(y, at_layer(m.name, layer));
      if (m.interleaved_heads) {
        for (int64_t part = 0; part < 3; ++part)
          qkv.push_back(out.view({T, s_.heads, 3, s_.head_dim}).select(2, part));
      } else {
        qkv.push_back(out.view({T, -1, s_.head_dim}));
      }
    }
    qkv[0] = norm(qkv[0], at_layer(s_.q_norm, layer));
    qkv[1] = norm(qkv[1], at_layer(s_.k_norm, layer));
    for (auto& t : qkv) t = t.transpose(0, 1);
    return qkv;
  }

  at::Tensor attention(const at::Tensor& y, int64_t layer) const {
    const int64_t T = y.size(0), group = s_.heads / s_.kv_heads;
    auto qkv = heads(y, layer);
    auto q = rotate(qkv[0], layer), k = rotate(qkv[1], layer).repeat_interleave(group, 0),
         v = qkv[2].repeat_interleave(group, 0);
    const int64_t window = s_.layer(static_cast<size_t>(layer)).window;
    auto mask = at::ones({T, T}, at::kBool).triu(1);
    if (window) mask = mask.logical_or(at::ones({T, T}, at::kBool).tril(-window));
    const double scale = s_.attention_scale != 0 ? s_.attention_scale
                                                 : 1 / std::sqrt(static_cast<double>(s_.head_dim));
    auto p = (q.matmul(k.transpose(1, 2)) * scale)
                 .masked_fill(mask, -INFINITY)
                 .to(wide())
                 .softmax(2)
                 .to(dtype_);
    auto o = p.matmul(v).transpose(0, 1).reshape({T, s_.heads * s_.head_dim});
    return linear(o, at_layer(s_.output.modules[0].name, layer));
  }

  at::Tensor mlp(const at::Tensor& y, int64_t layer) const {
    auto h = activate(linear(y, at_layer(s_.up.modules[0].name, layer)));
    if (s_.gated) h = h * linear(y, at_layer(s_.up.modules[1].name, layer));
    return linear(h, at_layer(s_.down.modules[0].name, layer));
  }

  at::Tensor block(const at::Tensor& x, int64_t layer) const {
    const auto normed = [&](const at::Tensor& t, const std::string& name) {
      return norm(t, at_layer(name, layer));
    };
    auto a =
        normed(attention(normed(x, s_.attention_norms.input), layer), s_.attention_norms.output);
    if (s_.parallel) return x + a + mlp(normed(x, s_.mlp_norms.input), layer);
    auto z = normed(x + a, s_.attention_norms.stream);
    auto m = normed(mlp(normed(z, s_.mlp_norms.input), layer), s_.mlp_norms.output);
    return normed(z + m, s_.mlp_norms.stream);
  }

  const DecoderSpec& s_;
  const Weights& w_;
  const OracleLora* lora_;
  at::ScalarType dtype_;
};

}  // namespace xright::testing
