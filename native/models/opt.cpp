// OPT (Zhang et al. 2022) and Galactica: learned positions, LayerNorm before or after each half of
// a block, embeddings that may be narrower than the network. Follows transformers' OPTForCausalLM.
#include "models/from_config.h"
#include "models/registry.h"

namespace xright {
namespace {

constexpr int64_t kPositionOffset = 2;  // the first rows of the table are left from padding

// Before a half (pre-norm, and once more at the end of the network) or after it (OPT-350m).
void place_norms(const ConfigReader& c, DecoderSpec& s, const std::string& layer) {
  const std::string attention = layer + "self_attn_layer_norm", mlp = layer + "final_layer_norm";
  if (!c.flag("do_layer_norm_before", true)) {
    s.attention_norms.stream = attention;
    s.mlp_norms.stream = mlp;
    return;
  }
  s.attention_norms.input = attention;
  s.mlp_norms.input = mlp;
  if (!c.flag("_remove_final_layer_norm", false)) s.final_norm = "model.decoder.final_layer_norm";
}

DecoderSpec opt(const Value& config) {
  ConfigReader c(config, "config.json");
  DecoderSpec s = sizes_from_config(c, "ffn_dim");
  s.norm = {.kind = nn::NormKind::kLayer, .affine = c.flag("layer_norm_elementwise_affine", true)};
  s.tied = c.flag("tie_word_embeddings", true);
  s.activation = activation_from_config(c, "activation_function", "relu");
  s.gated = false;
  const std::string decoder = "model.decoder.", layer = decoder + "layers.{}.";
  const bool bias = c.flag("enable_bias", true);
  s.base_prefix = "model.";
  s.embedding = decoder + "embed_tokens";
  s.positions = decoder + "embed_positions";
  s.position_offset = kPositionOffset;
  s.head = "lm_head";
  place_norms(c, s, layer);
  if (int64_t width = c.positive("word_embed_proj_dim", s.hidden); width != s.hidden) {
    s.project_in = {{{decoder + "project_in", s.hidden}}, width};
    s.project_out = {{{decoder + "project_out", width}}, s.hidden};
  }
  s.qkv = {{{layer + "self_attn.q_proj", s.hidden},
            {layer + "self_attn.k_proj", s.hidden},
            {layer + "self_attn.v_proj", s.hidden}},
           s.hidden,
           bias};
  s.output = {{{layer + "self_attn.out_proj", s.hidden}}, s.hidden, bias};
  s.up = {{{layer + "fc1", s.ffn}}, s.hidden, bias};
  s.down = {{{layer + "fc2", s.hidden}}, s.ffn, bias};
  return s;
}

const ModelRegistrar registrar("opt", opt);

}  // namespace
}  // namespace xright
