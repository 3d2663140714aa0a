// Qwen 2 and 2.5 (Yang et al. 2024): Llama with biases on q, k and v, and optional sliding windows.
// Follows transformers' Qwen2ForCausalLM.
#include "models/from_config.h"
#include "models/gated_decoder.h"
#include "models/registry.h"
#include "models/rope_scaling.h"

namespace xright {
namespace {

DecoderSpec qwen2(const Value& config) {
  ConfigReader c(config, "config.json");
  DecoderSpec s = gated_decoder(c, {.qkv_bias = true});
  s.activation = activation_from_config(c, "hidden_act", "silu");
  s.ropes = {rope_from_config(c, s.head_dim, s.max_positions)};
  s.layer_specs = qwen_layers(c, s.layers);
  return s;
}

const ModelRegistrar registrar("qwen2", qwen2);

}  // namespace
}  // namespace xright
