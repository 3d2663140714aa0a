// defines: gated_decoder. The layout of Llama and of the families that follow it; each family's
// file adds what is its own.
#pragma once
#include "models/config_reader.h"
#include "models/spec.h"

namespace xright {

struct GatedOptions {
  bool qkv_bias = false, output_bias = false, mlp_bias = false;
  int64_t head_dim = 0;  // where config.json does not say: 0 = hidden_size / num_attention_heads
};

// Pre-norm RMSNorm, q/k/v/o projections with grouped heads, gated MLP, rotary embedding left to the
// family: sizes from config.json and the weight names of transformers' LlamaForCausalLM.
DecoderSpec gated_decoder(const ConfigReader& config, GatedOptions options);

}  // namespace xright
