// Tiny random models of every arrangement the decoder knows, on disk and in memory.
#pragma once
#include <ATen/ATen.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/value.h"
#include "oracle.h"

namespace xright::testing {

// A configuration and the modules that get adapters.
struct TinyCase {
  const char* name;
  Value config;
  std::vector<std::string> targets;
};
inline void PrintTo(const TinyCase& c, std::ostream* out) { *out << c.name; }

inline Value tiny_config(const char* model_type, Value::Object own) {
  Value::Object all{
      {"model_type", model_type}, {"num_hidden_layers", 2},        {"hidden_size", 32},
      {"num_attention_heads", 4}, {"intermediate_size", 48},       {"ffn_dim", 48},
      {"vocab_size", 61},         {"max_position_embeddings", 64}, {"rms_norm_eps", 1e-5}};
  for (auto& [key, value] : own) {
    std::erase_if(all, [&](const auto& member) { return member.first == key; });
    all.emplace_back(key, value);
  }
  return all;
}

inline const TinyCase kLlama{
    "llama",
    tiny_config("llama", {{"num_key_value_heads", 2}, {"tie_word_embeddings", true}}),
    {"q_proj", "v_proj", "down_proj", "gate_proj", "o_proj"}};

// ReLU in one of OPT's arrangements only: finite differences and bfloat16 rounding may cross its
// kink.
inline std::vector<TinyCase> tiny_cases() {
  const std::vector<std::string> gated{"q_proj", "v_proj", "o_proj", "up_proj", "down_proj"};
  const std::vector<std::string> opt{"q_proj", "k_proj", "out_proj", "fc1", "fc2"};
  auto opt_narrow = opt;
  opt_narrow.insert(opt_narrow.end(), {"project_in", "project_out"});
  return {
      kLlama,
      {"llama_upper_layer", kLlama.config, {"layers.1.self_attn.v_proj", "layers.1.mlp.down_proj"}},
      {"llama_untied_bias",
       tiny_config("llama", {{"num_key_value_heads", 1}, {"attention_bias", true}}), gated},
      {"neox_parallel",
       tiny_config("gpt_neox", {{"rotary_pct", 0.25}}),
       {"query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"}},
      {"neox_serial",
       tiny_config("gpt_neox", {{"use_parallel_residual", false}, {"rotary_pct", 1.0}}),
       {"query_key_value", "dense_4h_to_h"}},
      {"opt_pre", tiny_config("opt", {}), opt},
      {"opt_post",
       tiny_config("opt", {{"do_layer_norm_before", false},
                           {"word_embed_proj_dim", 16},
                           {"activation_function", "gelu"}}),
       opt_narrow},
      {"opt_bare",
       tiny_config("opt", {{"layer_norm_elementwise_affine", false},
                           {"enable_bias", false},
                           {"activation_function", "gelu"},
                           {"_remove_final_layer_norm", true}}),
       opt},
      {"mistral", tiny_config("mistral", {{"num_key_value_heads", 2}, {"sliding_window", 3}}),
       gated},
      {"qwen3", tiny_config("qwen3", {{"head_dim", 16}, {"num_key_value_heads", 2}}), gated},
      {"gemma3",
       tiny_config("gemma3_text", {{"num_key_value_heads", 2},
                                   {"head_dim", 16},
                                   {"query_pre_attn_scalar", 24},
                                   {"sliding_window", 3},
                                   {"sliding_window_pattern", 2}}),
       gated},
  };
}

// float32, under their names in a checkpoint.
inline Weights random_weights(const DecoderSpec& spec) {
  Weights w;
  Model shapes = allocate_model(spec, at::kFloat, at::kCPU);
  visit_tensors(shapes, [&](const std::string& name, at::Tensor& t) {
    double scale = 1.5 / std::sqrt(static_cast<double>(t.size(-1)));
    if (name == spec.embedding + ".weight") scale = 1 / spec.embedding_scale;
    if (name == spec.head + ".weight" || name == spec.positions + ".weight") scale = 0.3;
    if (name.ends_with(".bias")) scale = 0.1;
    w[name] = at::randn(t.sizes()) * scale;
    if (t.dim() == 1 && name.ends_with(".weight"))  // norms
      w[name] = at::rand(t.sizes()) + 0.5 - spec.norm.offset;
  });
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

// Copies in `dtype` that autograd follows.
inline Weights leaves(const Weights& weights, at::ScalarType dtype = at::kDouble) {
  Weights w;
  for (const auto& [name, t] : weights) w[name] = t.to(dtype).clone().set_requires_grad(true);
  return w;
}

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
