#include "models/gated_decoder.h"

#include "models/from_config.h"

namespace xright {

DecoderSpec gated_decoder(const ConfigReader& c, GatedOptions options) {
  DecoderSpec s = sizes_from_config(c, "intermediate_size", options.head_dim);
  s.norm.eps = c.number("rms_norm_eps", 1e-6);
  s.tied = c.flag("tie_word_embeddings", false);

  const std::string layer = "model.layers.{}.";
  const int64_t q = s.heads * s.head_dim, kv = s.kv_heads * s.head_dim;
  s.base_prefix = "model.";
  s.embedding = "model.embed_tokens";
  s.final_norm = "model.norm";
  s.head = "lm_head";
  s.attention_norms.input = layer + "input_layernorm";
  s.mlp_norms.input = layer + "post_attention_layernorm";
  s.qkv = {{{layer + "self_attn.q_proj", q},
            {layer + "self_attn.k_proj", kv},
            {layer + "self_attn.v_proj", kv}},
           s.hidden,
           options.qkv_bias};
  s.output = {{{layer + "self_attn.o_proj", s.hidden}}, q, options.output_bias};
  s.up = {{{layer + "mlp.gate_proj", s.ffn}, {layer + "mlp.up_proj", s.ffn}},
          s.hidden,
          options.mlp_bias};
  s.down = {{{layer + "mlp.down_proj", s.hidden}}, s.ffn, options.mlp_bias};
  return s;
}

}  // namespace xright
