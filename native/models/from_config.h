// defines: sizes_from_config, activation_from_config, window_from_config, sliding_layers,
// qwen_layers. What
// several families' config.json say in the same words.
#pragma once
#include <functional>
#include <vector>

#include "models/config_reader.h"
#include "models/spec.h"

namespace xright {

// A description with nothing but its sizes; `ffn_key` names the inner width of the MLP. Without
// `head_dim` in config.json a head has `head_dim` numbers, or (0) its share of `hidden_size`.
DecoderSpec sizes_from_config(const ConfigReader& config, const char* ffn_key,
                              int64_t head_dim = 0);

// An activation by transformers' name.
nn::Activation activation_from_config(const ConfigReader& config, const char* key,
                                      const char* fallback);

// `sliding_window` as transformers reads it: null is none (0), and a config.json without it means
// 4096.
int64_t window_from_config(const ConfigReader& config);

// For each layer whether its attention has the sliding window: `layer_types` where config.json
// lists them, else what `fallback` says of a layer.
std::vector<bool> sliding_layers(const ConfigReader& config, int64_t layers,
                                 const std::function<bool(int64_t)>& fallback);

// Qwen's windows: `sliding_window` from layer `max_window_layers` on, if `use_sliding_window`.
std::vector<LayerSpec> qwen_layers(const ConfigReader& config, int64_t layers);

}  // namespace xright
