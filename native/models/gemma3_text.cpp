// Gemma 3's text models (Gemma Team 2025): norms before and after both halves of a block with scale
// 1 + weight, q/k norm, scaled embeddings, local layers (sliding window, own rotary base) between
// global ones. Follows transformers' Gemma3ForCausalLM.
#include <cmath>

#include "models/from_config.h"
#include "models/gated_decoder.h"
#include "models/registry.h"
#include "models/rope_scaling.h"

namespace xright {
namespace {

enum Rope : size_t { kGlobal, kLocal };

// transformers 5 nests one object a layer type; transformers 4 had rope_theta (with rope_scaling)
// and rope_local_base_freq.
std::vector<RopeSpec> ropes(const ConfigReader& c, const DecoderSpec& s) {
  const double global = c.number("rope_theta", 1e6),
               local = c.number("rope_local_base_freq", 10000.0);
  const Value none{Value::Object{}};
  const Value* nested = c.find("rope_parameters");
  const auto read = [&](const char* type, const Value* old, double theta) {
    const Value* found = nested ? nested->find(type) : old;
    const std::string where = std::string("config.json: rope parameters of ") + type;
    return rope_from_parameters(ConfigReader(found ? *found : none, where), s.head_dim,
                                s.max_positions, {.theta = theta});
  };
  return {read("full_attention", c.find("rope_scaling"), global),
          read("sliding_attention", nullptr, local)};
}

std::vector<LayerSpec> layer_specs(const ConfigReader& c, const DecoderSpec& s) {
  const int64_t window = window_from_config(c);
  const int64_t pattern = c.positive("sliding_window_pattern", 6);
  std::vector<LayerSpec> specs;
  for (bool local :
       sliding_layers(c, s.layers, [&](int64_t layer) { return (layer + 1) % pattern != 0; }))
    specs.push_back(local ? LayerSpec{window, kLocal} : LayerSpec{0, kGlobal});
  return specs;
}

void refuse(const ConfigReader& c) {
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"})
    if (c.find(key)) c.fail(key, "is not supported (Gemma 3 has null here)");
  if (c.flag("use_bidirectional_attention", false))
    c.fail("use_bidirectional_attention", "is not supported: only causal models are trained");
}

DecoderSpec gemma3_text(const Value& config) {
  ConfigReader c(config, "config.json");
  refuse(c);
  const bool bias = c.flag("attention_bias", false);
  DecoderSpec s = gated_decoder(c, {.qkv_bias = bias, .output_bias = bias, .head_dim = 256});
  s.activation = activation_from_config(c, "hidden_activation", "gelu_pytorch_tanh");
  s.tied = c.flag("tie_word_embeddings", true);
  s.norm.offset = 1;
  s.embedding_scale = std::sqrt(static_cast<double>(s.hidden));
  s.attention_scale = 1 / std::sqrt(c.number("query_pre_attn_scalar", 256));
  s.ropes = ropes(c, s);
  s.layer_specs = layer_specs(c, s);
  const std::string layer = "model.layers.{}.";
  s.attention_norms.output = layer + "post_attention_layernorm";
  s.mlp_norms = {.input = layer + "pre_feedforward_layernorm",
                 .output = layer + "post_feedforward_layernorm",
                 .stream = ""};
  s.q_norm = layer + "self_attn.q_norm";
  s.k_norm = layer + "self_attn.k_norm";
  return s;
}

const ModelRegistrar registrar("gemma3_text", gemma3_text);

}  // namespace
}  // namespace xright
