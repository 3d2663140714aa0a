// A tiny random Llama on disk and an independent float64 autograd implementation of it, one
// sequence at a time.
#pragma once
#include <ATen/ATen.h>
#include <torch/csrc/autograd/variable.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "core/value.h"

namespace xright::testing {

struct TinyConfig {
  int64_t layers = 2, hidden = 32, heads = 4, kv_heads = 2, ffn = 48, vocab = 61;
  bool tied = true, bias = false;

  Value hf() const {
    return Value::Object{{"model_type", "llama"},
                         {"num_hidden_layers", layers},
                         {"hidden_size", hidden},
                         {"num_attention_heads", heads},
                         {"num_key_value_heads", kv_heads},
                         {"intermediate_size", ffn},
                         {"vocab_size", vocab},
                         {"max_position_embeddings", int64_t{256}},
                         {"rms_norm_eps", 1e-5},
                         {"rope_theta", 10000.0},
                         {"tie_word_embeddings", tied},
                         {"attention_bias", bias}};
  }
};

using Weights = std::map<std::string, at::Tensor>;  // float32, Hugging Face names

inline Weights random_weights(const TinyConfig& c) {
  Weights w;
  const int64_t d = c.hidden / c.heads;
  auto add = [&](const std::string& name, at::IntArrayRef shape, double scale) {
    w[name] = at::randn(shape) * scale;
  };
  add("model.embed_tokens.weight", {c.vocab, c.hidden}, 1.0);
  if (!c.tied) add("lm_head.weight", {c.vocab, c.hidden}, 0.3);
  w["model.norm.weight"] = at::rand({c.hidden}) + 0.5;
  for (int64_t i = 0; i < c.layers; ++i) {
    const std::string l = "model.layers." + std::to_string(i) + ".";
    for (const auto& [name, rows, columns] : {std::tuple{"self_attn.q_proj", c.heads * d, c.hidden},
                                              {"self_attn.k_proj", c.kv_heads * d, c.hidden},
                                              {"self_attn.v_proj", c.kv_heads * d, c.hidden},
                                              {"self_attn.o_proj", c.hidden, c.heads * d},
                                              {"mlp.gate_proj", c.ffn, c.hidden},
                                              {"mlp.up_proj", c.ffn, c.hidden},
                                              {"mlp.down_proj", c.hidden, c.ffn}}) {
      add(l + name + ".weight", {rows, columns}, 1.5 / std::sqrt(static_cast<double>(columns)));
      if (c.bias && std::string(name).starts_with("self_attn"))
        add(l + name + ".bias", {rows}, 0.1);
    }
    w[l + "input_layernorm.weight"] = at::rand({c.hidden}) + 0.5;
    w[l + "post_attention_layernorm.weight"] = at::rand({c.hidden}) + 0.5;
  }
  return w;
}

// Writes the tensors end to end and returns the `Weights` table of lib/native/binding.ts.
inline Value write_weights(const Weights& weights, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  Value::Array tensors;
  int64_t offset = 0;
  for (const auto& [name, t] : weights) {
    auto data = t.contiguous();
    const auto bytes = static_cast<int64_t>(data.nbytes());
    file.write(static_cast<const char*>(data.const_data_ptr()), bytes);
    Value::Array shape;
    for (int64_t n : t.sizes()) shape.emplace_back(n);
    tensors.push_back(Value::Object{{"name", name},
                                    {"dtype", "F32"},
                                    {"shape", shape},
                                    {"file", 0},
                                    {"offset", offset},
                                    {"bytes", bytes}});
    offset += bytes;
  }
  return Value::Object{{"files", Value::Array{path}}, {"tensors", tensors}};
}

inline std::string temporary_file() {
  std::string path = "/tmp/xright-test-XXXXXX";
  close(mkstemp(path.data()));
  return path;
}

// Float64 copies that autograd follows.
inline Weights leaves(const Weights& weights) {
  Weights w;
  for (const auto& [name, t] : weights) w[name] = t.to(at::kDouble).set_requires_grad(true);
  return w;
}

struct OracleLora {
  double scale;
  std::map<std::string, std::pair<at::Tensor, at::Tensor>>
      matrices;  // module -> A, B (float64 leaves)
};

class Oracle {
 public:
  Oracle(const TinyConfig& config, const Weights& weights, const OracleLora* lora = nullptr)
      : c_(config), w_(weights), lora_(lora) {}

  // Log-prob of each token of `ids` from position `from` on, given all before it.
  at::Tensor logps(const std::vector<int32_t>& ids, int64_t from) const {
    auto ids_T = at::tensor(ids, at::kInt).to(at::kLong);
    auto x = w_.at("model.embed_tokens.weight").index_select(0, ids_T);
    for (int64_t i = 0; i < c_.layers; ++i) x = block(x, "model.layers." + std::to_string(i) + ".");
    x = norm(x, "model.norm.weight");
    auto logits = x.matmul(w_.at(c_.tied ? "model.embed_tokens.weight" : "lm_head.weight").t());
    const int64_t T = ids_T.size(0);
    auto all = logits.narrow(0, from - 1, T - from).log_softmax(1);
    return all.gather(1, ids_T.narrow(0, from, T - from).unsqueeze(1)).squeeze(1);
  }

 private:
  at::Tensor norm(const at::Tensor& x, const std::string& name) const {
    return x * at::rsqrt(x.pow(2).mean(1, true) + 1e-5) * w_.at(name);
  }
  at::Tensor linear(const at::Tensor& x, const std::string& module) const {
    auto y = x.matmul(w_.at(module + ".weight").t());
    if (w_.contains(module + ".bias")) y = y + w_.at(module + ".bias");
    if (lora_ && lora_->matrices.contains(module)) {
      const auto& [a, b] = lora_->matrices.at(module);
      y = y + x.matmul(a.t()).matmul(b.t()) * lora_->scale;
    }
    return y;
  }
  at::Tensor rotate(const at::Tensor& x) const {  // [heads, T, d]
    const int64_t d = x.size(2);
    auto freq = at::pow(10000.0, -at::arange(0, d, 2, at::kDouble) / d);
    auto angle = at::outer(at::arange(x.size(1), at::kDouble), freq);
    auto cos = at::cat({angle.cos(), angle.cos()}, 1), sin = at::cat({angle.sin(), angle.sin()}, 1);
    auto half = at::cat({-x.narrow(2, d / 2, d / 2), x.narrow(2, 0, d / 2)}, 2);
    return x * cos + half * sin;
  }
  at::Tensor block(at::Tensor x, const std::string& l) const {
    const int64_t T = x.size(0), d = c_.hidden / c_.heads;
    auto y = norm(x, l + "input_layernorm.weight");
    auto heads = [&](const std::string& name, int64_t n) {
      return linear(y, l + "self_attn." + name).view({T, n, d}).transpose(0, 1);
    };
    auto q = rotate(heads("q_proj", c_.heads)), k = rotate(heads("k_proj", c_.kv_heads)),
         v = heads("v_proj", c_.kv_heads);
    const int64_t group = c_.heads / c_.kv_heads;
    k = k.repeat_interleave(group, 0), v = v.repeat_interleave(group, 0);
    auto mask = at::ones({T, T}, at::kBool).triu(1);
    auto p = (q.matmul(k.transpose(1, 2)) / std::sqrt(static_cast<double>(d)))
                 .masked_fill(mask, -INFINITY)
                 .softmax(2);
    x = x + linear(p.matmul(v).transpose(0, 1).reshape({T, c_.hidden}), l + "self_attn.o_proj");
    y = norm(x, l + "post_attention_layernorm.weight");
    return x + linear(at::silu(linear(y, l + "mlp.gate_proj")) * linear(y, l + "mlp.up_proj"),
                      l + "mlp.down_proj");
  }

  const TinyConfig& c_;
  const Weights& w_;
  const OracleLora* lora_;
};

// A batch of pairs (prompt, chosen, rejected) or of (prompt, response) rows.
inline Value pack_rows(const std::vector<std::vector<std::vector<int32_t>>>& rows) {
  Value::Ints ids, segments;
  for (const auto& row : rows) {
    const auto prompt = static_cast<int32_t>(segments.size() / 5);
    for (size_t i = 0; i < row.size(); ++i) {
      const auto start = static_cast<int32_t>(ids.size());
      for (int32_t v :
           {start, static_cast<int32_t>(row[i].size()), i ? prompt : -1, i ? 1 : 0, start})
        segments.push_back(v);
      ids.insert(ids.end(), row[i].begin(), row[i].end());
    }
  }
  return Value::Object{{"ids", ids}, {"segments", segments}};
}

}  // namespace xright::testing
