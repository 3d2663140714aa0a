#include "models/from_config.h"

#include <map>

namespace xright {

DecoderSpec sizes_from_config(const ConfigReader& c, const char* ffn_key, int64_t head_dim) {
  DecoderSpec s;
  s.model_type = c.text("model_type", "");
  s.layers = c.positive("num_hidden_layers");
  s.hidden = c.positive("hidden_size");
  s.heads = c.positive("num_attention_heads");
  s.kv_heads = c.positive("num_key_value_heads", s.heads);
  if (s.heads % s.kv_heads) c.fail("num_key_value_heads", "must divide num_attention_heads");
  if (!c.find("head_dim") && !head_dim && s.hidden % s.heads)
    c.fail("num_attention_heads", "must divide hidden_size");
  s.head_dim = c.positive("head_dim", head_dim ? head_dim : s.hidden / s.heads);
  s.ffn = c.positive(ffn_key);
  s.vocab = c.positive("vocab_size");
  s.max_positions = c.positive("max_position_embeddings", 2048);
  return s;
}

nn::Activation activation_from_config(const ConfigReader& config, const char* key,
                                      const char* fallback) {
  static const std::map<std::string, nn::Activation> known = {
      {"silu", nn::Activation::kSilu},         {"swish", nn::Activation::kSilu},
      {"gelu", nn::Activation::kGelu},         {"gelu_pytorch_tanh", nn::Activation::kGeluTanh},
      {"gelu_new", nn::Activation::kGeluTanh}, {"gelu_fast", nn::Activation::kGeluTanh},
      {"relu", nn::Activation::kRelu},
  };
  const std::string name = config.text(key, fallback);
  if (auto found = known.find(name); found != known.end()) return found->second;
  std::string names;
  for (const auto& [n, activation] : known) names += (names.empty() ? "" : ", ") + n;
  config.fail(key, "'" + name + "' is not supported; supported: " + names);
}

std::vector<bool> sliding_layers(const ConfigReader& config, int64_t layers,
                                 const std::function<bool(int64_t)>& fallback) {
  std::vector<bool> sliding;
  const Value* types = config.find("layer_types");
  if (!types) {
    for (int64_t i = 0; i < layers; ++i) sliding.push_back(fallback(i));
    return sliding;
  }
  const auto* list = std::get_if<Value::Array>(&types->data());
  if (!list || static_cast<int64_t>(list->size()) != layers)
    config.fail("layer_types",
                "must list one type for each of the " + std::to_string(layers) + " layers");
  for (const Value& type : *list) {
    const auto* name = std::get_if<std::string>(&type.data());
    if (!name || (*name != "sliding_attention" && *name != "full_attention"))
      config.fail("layer_types", "knows full_attention and sliding_attention only");
    sliding.push_back(*name == "sliding_attention");
  }
  return sliding;
}

int64_t window_from_config(const ConfigReader& config) {
  if (config.mentions("sliding_window") && !config.find("sliding_window")) return 0;
  return config.positive("sliding_window", 4096);
}

std::vector<LayerSpec> qwen_layers(const ConfigReader& config, int64_t layers) {
  const int64_t window = window_from_config(config);
  if (!config.flag("use_sliding_window", false) || !window) return {};
  const double first = config.number("max_window_layers", 28);
  std::vector<LayerSpec> specs;
  for (bool sliding : sliding_layers(
           config, layers, [&](int64_t layer) { return static_cast<double>(layer) >= first; }))
    specs.push_back({.window = sliding ? window : 0});
  return specs;
}

}  // namespace xright
