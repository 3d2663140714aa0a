#include "core/model.h"

#include <ATen/ATen.h>

#include <set>

namespace xright {
namespace {

nn::Linear allocate_linear(const LinearSpec& spec, int64_t layer,
                           const at::TensorOptions& options) {
  nn::Linear linear;
  int64_t rows = 0;
  for (const auto& m : spec.modules) {
    linear.modules.push_back({at_layer(m.name, layer), m.rows});
    rows += m.rows;
  }
  linear.weight_OI = at::empty({rows, spec.columns}, options);
  if (spec.bias) linear.bias_O = at::empty({rows}, options);
  return linear;
}

nn::Norm allocate_norm(const DecoderSpec& spec, at::Device device) {
  nn::Norm norm;
  norm.kind = spec.norm;
  norm.eps = spec.norm_eps;
  auto options = at::TensorOptions(at::kFloat).device(device);
  norm.weight_D = at::empty({spec.hidden}, options);
  if (spec.norm == nn::NormKind::kLayer) norm.bias_D = at::empty({spec.hidden}, options);
  return norm;
}

void visit_norm(nn::Norm& norm, const std::string& name, const TensorVisitor& visit) {
  visit(name + ".weight", norm.weight_D);
  if (norm.bias_D.defined()) visit(name + ".bias", norm.bias_D);
}

void visit_linear(nn::Linear& linear, const TensorVisitor& visit) {
  int64_t offset = 0;
  for (const auto& m : linear.modules) {
    auto weight = linear.weight_OI.narrow(0, offset, m.rows);
    visit(m.name + ".weight", weight);
    if (linear.bias_O.defined()) {
      auto bias = linear.bias_O.narrow(0, offset, m.rows);
      visit(m.name + ".bias", bias);
    }
    offset += m.rows;
  }
}

// Tensors some checkpoints carry although they are derived from the configuration.
bool derived(const std::string& name) {
  return name.ends_with("rotary_emb.inv_freq") || name.ends_with(".attention.bias") ||
         name.ends_with(".attention.masked_bias");
}

void reject_extra(const TensorFiles& files, const std::set<std::string>& known) {
  std::string extra;
  int count = 0;
  for (const auto& name : files.names()) {
    if (known.contains(name) || derived(name)) continue;
    if (++count <= 3) extra += (extra.empty() ? "" : ", ") + name;
  }
  if (count)
    throw Error(Code::WEIGHTS,
                "the weights hold " + std::to_string(count) +
                    " tensor(s) this model has no place for: " + extra,
                "check that config.json belongs to these weights");
}

}  // namespace

std::vector<nn::Linear*> Model::linears() {
  std::vector<nn::Linear*> all;
  for (auto& b : blocks)
    for (auto* l : {&b.qkv, &b.output, &b.up, &b.down}) all.push_back(l);
  return all;
}

int64_t Model::parameter_count() const {
  int64_t count = 0;
  visit_tensors(const_cast<Model&>(*this),
                [&](const std::string&, at::Tensor& t) { count += t.numel(); });
  return count;
}

void visit_tensors(Model& model, const TensorVisitor& visit) {
  const DecoderSpec& s = model.spec;
  visit(s.embedding + ".weight", model.embedding_VD);
  for (size_t i = 0; i < model.blocks.size(); ++i) {
    Block& b = model.blocks[i];
    const auto layer = static_cast<int64_t>(i);
    visit_norm(b.attention_norm, at_layer(s.attention_norm, layer), visit);
    visit_linear(b.qkv, visit);
    visit_linear(b.output, visit);
    visit_norm(b.mlp_norm, at_layer(s.mlp_norm, layer), visit);
    visit_linear(b.up, visit);
    visit_linear(b.down, visit);
  }
  visit_norm(model.final_norm, s.final_norm, visit);
  if (!s.tied) visit(s.head + ".weight", model.head_VD);
}

Model load_model(const DecoderSpec& spec, const TensorFiles& files, at::ScalarType dtype,
                 at::Device device) {
  Model model;
  model.spec = spec;
  model.device = device;
  model.dtype = dtype;
  const auto options = model.options();
  model.embedding_VD = at::empty({spec.vocab, spec.hidden}, options);
  model.head_VD = spec.tied ? model.embedding_VD : at::empty({spec.vocab, spec.hidden}, options);
  model.final_norm = allocate_norm(spec, device);
  for (int64_t layer = 0; layer < spec.layers; ++layer)
    model.blocks.push_back(
        {allocate_norm(spec, device), allocate_norm(spec, device),
         allocate_linear(spec.qkv, layer, options), allocate_linear(spec.output, layer, options),
         allocate_linear(spec.up, layer, options), allocate_linear(spec.down, layer, options)});
  std::set<std::string> known;
  if (spec.tied)
    known.insert(spec.head + ".weight");  // a copy of the embedding in some checkpoints
  visit_tensors(model, [&](const std::string& name, at::Tensor& view) {
    known.insert(name);
    if (view.is_cpu()) {
      files.read(name, view);
    } else {
      auto host = at::empty(view.sizes(), view.options().device(at::kCPU));
      files.read(name, host);
      view.copy_(host);
    }
  });
  reject_extra(files, known);
  return model;
}

}  // namespace xright
