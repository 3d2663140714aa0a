// Llama 2 and 3, SmolLM2, TinyLlama and everything else that declares model_type "llama".
// Follows transformers' LlamaForCausalLM (Touvron et al. 2023; Grattafiori et al. 2024).
#include "models/from_config.h"
#include "models/gated_decoder.h"
#include "models/registry.h"
#include "models/rope_scaling.h"

namespace xright {
namespace {

DecoderSpec llama(const Value& config) {
  ConfigReader c(config, "config.json");
  const bool bias = c.flag("attention_bias", false);
  DecoderSpec s = gated_decoder(
      c, {.qkv_bias = bias, .output_bias = bias, .mlp_bias = c.flag("mlp_bias", false)});
  s.activation = activation_from_config(c, "hidden_act", "silu");
  s.ropes = {rope_from_config(c, s.head_dim, s.max_positions)};
  return s;
}

const ModelRegistrar registrar("llama", llama);

}  // namespace
}  // namespace xright
