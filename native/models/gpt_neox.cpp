// GPT-NeoX and Pythia (Black et al. 2022; Biderman et al. 2023): LayerNorm, fused query_key_value,
// rotary embedding of a quarter of each head, attention and MLP side by side or one after the
// other. Follows transformers' GPTNeoXForCausalLM.
#include "models/from_config.h"
#include "models/registry.h"
#include "models/rope_scaling.h"

namespace xright {
namespace {

DecoderSpec gpt_neox(const Value& config) {
  ConfigReader c(config, "config.json");
  DecoderSpec s = sizes_from_config(c, "intermediate_size");
  s.norm = {.kind = nn::NormKind::kLayer, .eps = c.number("layer_norm_eps", 1e-5)};
  s.tied = c.flag("tie_word_embeddings", false);
  s.parallel = c.flag("use_parallel_residual", true);
  s.activation = activation_from_config(c, "hidden_act", "gelu");
  s.gated = false;
  s.ropes = {rope_from_config(
      c, s.head_dim, s.max_positions,
      {.theta = c.number("rotary_emb_base", 10000.0), .share = c.number("rotary_pct", 0.25)})};
  const std::string layer = "gpt_neox.layers.{}.";
  const bool bias = c.flag("attention_bias", true);
  s.base_prefix = "gpt_neox.";
  s.embedding = "gpt_neox.embed_in";
  s.final_norm = "gpt_neox.final_layer_norm";
  s.head = "embed_out";
  s.attention_norms.input = layer + "input_layernorm";
  s.mlp_norms.input = layer + "post_attention_layernorm";
  s.qkv = {{{layer + "attention.query_key_value", 3 * s.hidden, s.heads}}, s.hidden, bias};
  s.output = {{{layer + "attention.dense", s.hidden}}, s.hidden, bias};
  s.up = {{{layer + "mlp.dense_h_to_4h", s.ffn}}, s.hidden, true};
  s.down = {{{layer + "mlp.dense_4h_to_h", s.hidden}}, s.ffn, true};
  return s;
}

const ModelRegistrar registrar("gpt_neox", gpt_neox);

}  // namespace
}  // namespace xright
