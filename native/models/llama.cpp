// Llama 2 and 3, SmolLM2, TinyLlama and everything else that declares model_type "llama".
// Follows transformers' LlamaForCausalLM (Touvron et al. 2023; Grattafiori et al. 2024).
#include "models/config_reader.h"
#include "models/registry.h"
#include "models/rope_scaling.h"

namespace xright {
namespace {

nn::Activation activation(const ConfigReader& c) {
  std::string name = c.text("hidden_act", "silu");
  if (name != "silu" && name != "swish")
    c.fail("hidden_act", "'" + name + "' is not Llama's (silu)");
  return nn::Activation::kSilu;
}

DecoderSpec llama(const Value& config) {
  ConfigReader c(config, "config.json");
  DecoderSpec s;
  s.model_type = "llama";
  s.layers = c.positive("num_hidden_layers");
  s.hidden = c.positive("hidden_size");
  s.heads = c.positive("num_attention_heads");
  s.kv_heads = c.positive("num_key_value_heads", s.heads);
  if (s.heads % s.kv_heads) c.fail("num_key_value_heads", "must divide num_attention_heads");
  s.head_dim = c.positive("head_dim", s.hidden / s.heads);
  s.ffn = c.positive("intermediate_size");
  s.vocab = c.positive("vocab_size");
  s.max_positions = c.positive("max_position_embeddings", 2048);
  s.norm_eps = c.number("rms_norm_eps", 1e-6);
  s.activation = activation(c);
  s.tied = c.flag("tie_word_embeddings", false);
  s.rope = rope_from_config(c, s.head_dim, s.max_positions);

  const std::string layer = "model.layers.{}.";
  const bool bias = c.flag("attention_bias", false), mlp_bias = c.flag("mlp_bias", false);
  const int64_t q = s.heads * s.head_dim, kv = s.kv_heads * s.head_dim;
  s.embedding = "model.embed_tokens";
  s.final_norm = "model.norm";
  s.head = "lm_head";
  s.attention_norm = layer + "input_layernorm";
  s.mlp_norm = layer + "post_attention_layernorm";
  s.qkv = {{{layer + "self_attn.q_proj", q},
            {layer + "self_attn.k_proj", kv},
            {layer + "self_attn.v_proj", kv}},
           s.hidden,
           bias};
  s.output = {{{layer + "self_attn.o_proj", s.hidden}}, q, bias};
  s.up = {{{layer + "mlp.gate_proj", s.ffn}, {layer + "mlp.up_proj", s.ffn}}, s.hidden, mlp_bias};
  s.down = {{{layer + "mlp.down_proj", s.hidden}}, s.ffn, mlp_bias};
  return s;
}

const ModelRegistrar registrar("llama", llama);

}  // namespace
}  // namespace xright
