// Qwen 3 (Yang et al. 2025), dense: Llama with a norm on every query and key head and optional
// sliding windows. Follows transformers' Qwen3ForCausalLM.
#include "models/from_config.h"
#include "models/gated_decoder.h"
#include "models/registry.h"
#include "models/rope_scaling.h"

namespace xright {
namespace {

DecoderSpec qwen3(const Value& config) {
  ConfigReader c(config, "config.json");
  const bool bias = c.flag("attention_bias", false);
  DecoderSpec s = gated_decoder(c, {.qkv_bias = bias, .output_bias = bias, .head_dim = 128});
  s.activation = activation_from_config(c, "hidden_act", "silu");
  s.ropes = {rope_from_config(c, s.head_dim, s.max_positions)};
  s.layer_specs = qwen_layers(c, s.layers);
  s.q_norm = "model.layers.{}.self_attn.q_norm";
  s.k_norm = "model.layers.{}.self_attn.k_norm";
  return s;
}

const ModelRegistrar registrar("qwen3", qwen3);

}  // namespace
}  // namespace xright
