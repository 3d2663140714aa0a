// Memory for a model's weights.
#include <ATen/ATen.h>

#include "core/model.h"

namespace xright {
namespace {

nn::Linear allocate_linear(const LinearSpec& spec, int64_t layer,
                           const at::TensorOptions& options) {
  nn::Linear linear;
  int64_t rows = 0;
  for (const auto& m : spec.modules) {
    linear.modules.push_back({at_layer(m.name, layer), m.rows, m.interleaved_heads});
    rows += m.rows;
  }
  linear.weight_OI = at::empty({rows, spec.columns}, options);
  if (spec.bias) linear.bias_O = at::empty({rows}, options);
  return linear;
}

std::optional<nn::Linear> allocate_projection(const LinearSpec& spec,
                                              const at::TensorOptions& options) {
  if (spec.modules.empty()) return std::nullopt;
  return allocate_linear(spec, 0, options);
}

std::optional<nn::Norm> allocate_norm(const std::string& name, int64_t width, const NormSpec& spec,
                                      const at::TensorOptions& floats) {
  if (name.empty()) return std::nullopt;
  nn::Norm norm;
  norm.kind = spec.kind;
  norm.eps = spec.eps;
  norm.offset = spec.offset;
  norm.weight_D = spec.affine ? at::empty({width}, floats) : at::ones({width}, floats);
  if (spec.kind == nn::NormKind::kLayer && spec.affine) norm.bias_D = at::empty({width}, floats);
  return norm;
}

Block allocate_block(const Model& model, int64_t layer) {
  const DecoderSpec& s = model.spec;
  const auto options = model.options(), floats = model.float_options();
  const auto half = [&](const HalfNormNames& names) {
    return HalfNorms{allocate_norm(names.input, s.hidden, s.norm, floats),
                     allocate_norm(names.output, s.hidden, s.norm, floats),
                     allocate_norm(names.stream, s.hidden, s.norm, floats)};
  };
  return {half(s.attention_norms),
          half(s.mlp_norms),
          allocate_norm(s.q_norm, s.head_dim, s.norm, floats),
          allocate_norm(s.k_norm, s.head_dim, s.norm, floats),
          allocate_linear(s.qkv, layer, options),
          allocate_linear(s.output, layer, options),
          allocate_linear(s.up, layer, options),
          allocate_linear(s.down, layer, options)};
}

}  // namespace

Model allocate_model(const DecoderSpec& spec, at::ScalarType dtype, at::Device device) {
  Model model;
  model.spec = spec;
  model.device = device;
  model.dtype = dtype;
  const auto options = model.options();
  const int64_t width = spec.embedding_width();
  model.embedding_VD = at::empty({spec.vocab, width}, options);
  model.head_VD = spec.tied ? model.embedding_VD : at::empty({spec.vocab, width}, options);
  if (!spec.positions.empty())
    model.positions_PD =
        at::empty({spec.max_positions + spec.position_offset, spec.hidden}, options);
  model.project_in = allocate_projection(spec.project_in, options);
  model.project_out = allocate_projection(spec.project_out, options);
  model.final_norm = allocate_norm(spec.final_norm, spec.hidden, spec.norm, model.float_options());
  for (int64_t layer = 0; layer < spec.layers; ++layer)
    model.blocks.push_back(allocate_block(model, layer));
  return model;
}

void pack_matrices(Model& model) {
  for (Block& block : model.blocks)
    for (nn::Linear* linear : {&block.qkv, &block.output, &block.up, &block.down}) {
      if (linear->dweight_OI.defined()) continue;
      // An adapter's product goes along; packed it has an even depth.
      if (linear->lora && linear->lora->a_RI.size(0) % 2 != 0) continue;
      linear->packed = nn::pack_matrix(linear->weight_OI, linear == &block.up && model.spec.gated);
      if (linear->lora) linear->refresh_lora();
    }
}

}  // namespace xright
