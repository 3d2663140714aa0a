// defines: DecoderSpec. A model family is a description: sizes, choices, and where each weight is
// found.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "nn/activation.h"
#include "nn/norm.h"

namespace xright {

// Rotary embedding as numbers: frequency table for a row of a given length, and the factor on cos
// and sin.
struct RopeSpec {
  int64_t rotary_dim = 0;        // 0 = no rotary embedding
  std::vector<double> inv_freq;  // rotary_dim / 2, radians per position
  double attention_factor = 1.0;
  // Dynamic NTK (HF `dynamic`): rows longer than max_positions get frequencies from a larger base.
  bool dynamic = false;
  double theta = 10000.0, factor = 1.0;
  int64_t max_positions = 0;
};

// One linear module of the checkpoint and the rows it fills in the fused matrix it is stored in.
struct ModuleSpec {
  std::string name;  // dotted path; "{}" stands for the layer number
  int64_t rows;
};

// A fused matrix: modules stacked along the output dimension, sharing their input.
struct LinearSpec {
  std::vector<ModuleSpec> modules;
  int64_t columns;
  bool bias = false;
};

struct DecoderSpec {
  std::string model_type;
  int64_t layers, hidden, heads, kv_heads, head_dim, ffn, vocab, max_positions;
  nn::NormKind norm = nn::NormKind::kRms;
  double norm_eps = 1e-5;
  nn::Activation activation = nn::Activation::kSilu;
  bool gated = true;
  bool tied = false;  // the head is the embedding matrix
  RopeSpec rope;
  // Weight names without ".weight"; "{}" stands for the layer number.
  std::string embedding, attention_norm, mlp_norm, final_norm, head;
  LinearSpec qkv, output, up, down;  // up = [gate | up] when gated
};

// "model.layers.{}.mlp" with layer 3 -> "model.layers.3.mlp".
inline std::string at_layer(const std::string& pattern, int64_t layer) {
  std::string name = pattern;
  if (auto at = name.find("{}"); at != std::string::npos)
    name.replace(at, 2, std::to_string(layer));
  return name;
}

}  // namespace xright
