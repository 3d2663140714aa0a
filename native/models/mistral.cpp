// Mistral 7B and its kin: Llama with a sliding attention window (Jiang et al. 2023), in every
// layer. Follows transformers' MistralForCausalLM.
#include "models/from_config.h"
#include "models/gated_decoder.h"
#include "models/registry.h"
#include "models/rope_scaling.h"

namespace xright {
namespace {

DecoderSpec mistral(const Value& config) {
  ConfigReader c(config, "config.json");
  DecoderSpec s = gated_decoder(c, {});
  s.activation = activation_from_config(c, "hidden_act", "silu");
  s.ropes = {rope_from_config(c, s.head_dim, s.max_positions)};
  // null (no window) since Mistral 7B v0.2
  s.layer_specs.assign(static_cast<size_t>(s.layers), {.window = window_from_config(c)});
  return s;
}

const ModelRegistrar registrar("mistral", mistral);

}  // namespace
}  // namespace xright
