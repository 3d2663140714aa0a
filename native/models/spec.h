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
  int64_t rotary_dim = 0;
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
  // Not 0: a fused q|k|v module whose rows the checkpoint keeps head by head ([heads, 3, head_dim])
  // and the decoder part by part ([3, heads, head_dim]).
  int64_t interleaved_heads = 0;
};

// A fused matrix: modules stacked along the output dimension, sharing their input.
struct LinearSpec {
  std::vector<ModuleSpec> modules;  // none: the model has no such matrix
  int64_t columns = 0;
  bool bias = false;
};

// What all norms of a model have in common.
struct NormSpec {
  nn::NormKind kind = nn::NormKind::kRms;
  double eps = 1e-5;
  double offset = 0;   // added to the stored weight: Gemma's scale is 1 + weight
  bool affine = true;  // false: neither weight nor bias
};

// Names of the norms around one half of a block, attention or MLP; empty = there is none.
struct HalfNormNames {
  std::string input;   // of what the half reads (pre-norm)
  std::string output;  // of its result, before that is added to the residual stream (sandwich)
  std::string stream;  // of the residual stream after the addition (post-norm)
};

// What may differ from layer to layer.
struct LayerSpec {
  int64_t window = 0;  // a query sees only the last `window` positions, itself included; 0 = all
  size_t rope = 0;     // index into `ropes`
};

struct DecoderSpec {
  std::string model_type;
  int64_t layers, hidden, heads, kv_heads, head_dim, ffn, vocab, max_positions;
  NormSpec norm;
  nn::Activation activation = nn::Activation::kSilu;
  bool gated = true;
  bool tied = false;           // the head is the embedding matrix
  bool parallel = false;       // both halves of a block read its input (GPT-J's parallel residual)
  double attention_scale = 0;  // on the products of queries and keys; 0 = 1 / sqrt(head_dim)
  double embedding_scale = 1;
  std::vector<RopeSpec> ropes;         // none: no rotary embedding
  std::vector<LayerSpec> layer_specs;  // one a layer; none: all as LayerSpec's defaults
  // Learned positions (empty = none): position p of a row is row p + position_offset.
  std::string positions;
  int64_t position_offset = 0;
  // Weight names without ".weight"; "{}" stands for the layer number; an empty norm = there is
  // none.
  std::string embedding, final_norm, head, q_norm, k_norm;
  HalfNormNames attention_norms, mlp_norms;
  LinearSpec qkv, output, up, down;    // up = [gate | up] when gated
  LinearSpec project_in, project_out;  // between the embedding's (and head's) width and `hidden`
  // What names lack in a checkpoint that was saved without the output head.
  std::string base_prefix;

  int64_t embedding_width() const {
    return project_in.modules.empty() ? hidden : project_in.columns;
  }
  LayerSpec layer(size_t i) const { return layer_specs.empty() ? LayerSpec{} : layer_specs[i]; }
};

// "model.layers.{}.mlp" with layer 3 -> "model.layers.3.mlp".
inline std::string at_layer(const std::string& pattern, int64_t layer) {
  std::string name = pattern;
  if (auto at = name.find("{}"); at != std::string::npos)
    name.replace(at, 2, std::to_string(layer));
  return name;
}

}  // namespace xright
