#include "core/model.h"

#include <ATen/ATen.h>

#include <set>

#include "core/row_order.h"

namespace xright {
namespace {

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

// The name a tensor has in these files: its own, or without the prefix of the base model.
std::string name_in(const TensorFiles& files, const std::string& name, const std::string& prefix) {
  if (files.has(name) || !name.starts_with(prefix)) return name;
  const std::string bare = name.substr(prefix.size());
  return files.has(bare) ? bare : name;
}

void visit_block(const DecoderSpec& s, int64_t layer, Block& b, const PartVisitor& visitor) {
  const auto linear = [&](nn::Linear& l) {
    if (visitor.linear) visitor.linear(l);
  };
  const auto norm = [&](const std::string& name, std::optional<nn::Norm>& n) {
    if (n && visitor.norm) visitor.norm(at_layer(name, layer), *n);
  };
  norm(s.attention_norms.input, b.attention_norms.input);
  linear(b.qkv);
  norm(s.q_norm, b.q_norm);
  norm(s.k_norm, b.k_norm);
  linear(b.output);
  norm(s.attention_norms.output, b.attention_norms.output);
  norm(s.attention_norms.stream, b.attention_norms.stream);
  norm(s.mlp_norms.input, b.mlp_norms.input);
  linear(b.up);
  linear(b.down);
  norm(s.mlp_norms.output, b.mlp_norms.output);
  norm(s.mlp_norms.stream, b.mlp_norms.stream);
}

}  // namespace

void visit_parts(Model& model, const PartVisitor& visitor) {
  const DecoderSpec& s = model.spec;
  const auto table = [&](const std::string& name, at::Tensor& weight, at::Tensor& gradient) {
    if (visitor.table) visitor.table(name, weight, gradient);
  };
  table(s.embedding, model.embedding_VD, model.dembedding_VD);
  if (model.positions_PD.defined()) table(s.positions, model.positions_PD, model.dpositions_PD);
  if (model.project_in && visitor.linear) visitor.linear(*model.project_in);
  for (size_t i = 0; i < model.blocks.size(); ++i)
    visit_block(s, static_cast<int64_t>(i), model.blocks[i], visitor);
  if (model.final_norm && visitor.norm) visitor.norm(s.final_norm, *model.final_norm);
  if (model.project_out && visitor.linear) visitor.linear(*model.project_out);
  if (!s.tied) table(s.head, model.head_VD, model.dhead_VD);
}

std::vector<nn::Linear*> Model::linears() {
  std::vector<nn::Linear*> all;
  visit_parts(*this,
              {.table = {}, .norm = {}, .linear = [&](nn::Linear& l) { all.push_back(&l); }});
  return all;
}

int64_t Model::parameter_count() const {
  int64_t count = 0;
  const auto add = [&](const at::Tensor& t) { count += t.defined() ? t.numel() : 0; };
  visit_parts(const_cast<Model&>(*this),
              {.table = [&](const std::string&, at::Tensor& t, at::Tensor&) { add(t); },
               .norm =
                   [&](const std::string&, nn::Norm& n) {
                     if (spec.norm.affine) add(n.weight_D), add(n.bias_D);
                   },
               .linear = [&](nn::Linear& l) { add(l.weight_OI), add(l.bias_O); }});
  return count;
}

void visit_tensors(Model& model, const TensorVisitor& visit) {
  const auto linear = [&](nn::Linear& l) {
    int64_t offset = 0;
    for (const auto& m : l.modules) {
      visit_rows(m.name + ".weight", l.weight_OI.narrow(0, offset, m.rows), m.interleaved_heads,
                 visit);
      if (l.bias_O.defined())
        visit_rows(m.name + ".bias", l.bias_O.narrow(0, offset, m.rows), m.interleaved_heads,
                   visit);
      offset += m.rows;
    }
  };
  const auto norm = [&](const std::string& name, nn::Norm& n) {
    if (!model.spec.norm.affine) return;
    visit(name + ".weight", n.weight_D);
    if (n.bias_D.defined()) visit(name + ".bias", n.bias_D);
  };
  const auto table = [&](const std::string& name, at::Tensor& weight, at::Tensor&) {
    visit(name + ".weight", weight);
  };
  visit_parts(model, {table, norm, linear});
}

Model load_model(const DecoderSpec& spec, const TensorFiles& files, at::ScalarType dtype,
                 at::Device device) {
  Model model = allocate_model(spec, dtype, device);
  std::set<std::string> known;
  if (spec.tied)
    known.insert(spec.head + ".weight");  // a copy of the embedding in some checkpoints
  visit_tensors(model, [&](const std::string& own_name, at::Tensor& view) {
    const std::string name = name_in(files, own_name, spec.base_prefix);
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
