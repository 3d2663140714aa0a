// defines: gated_decoder, activation_from_config, sliding_layers, windows_from_config. What Llama
// and the families that follow its layout share; each family's file adds what is its own.
#pragma once
#include <functional>
#include <vector>

#include "models/config_reader.h"
#include "models/spec.h"

namespace xright {

struct GatedBiases {
  bool qkv = false, output = false, mlp = false;
};

// Pre-norm RMSNorm, q/k/v/o projections with grouped heads, gated MLP, rotary embedding left to the
// family: sizes from config.json and the weight names of transformers' LlamaForCausalLM.
DecoderSpec gated_decoder(const ConfigReader& config, GatedBiases biases);

// An activation by transformers' name.
nn::Activation activation_from_config(const ConfigReader& config, const char* key,
                                      const char* fallback);

// For each layer whether its attention has the sliding window: `layer_types` where config.json
// lists them, else what `fallback` says of a layer.
std::vector<bool> sliding_layers(const ConfigReader& config, int64_t layers,
                                 const std::function<bool(int64_t)>& fallback);

// Qwen's windows: `sliding_window` from layer `max_window_layers` on, if `use_sliding_window`.
std::vector<LayerSpec> windows_from_config(const ConfigReader& config, int64_t layers);

}  // namespace xright
