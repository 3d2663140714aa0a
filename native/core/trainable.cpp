#include "core/trainable.h"

#include <ATen/ATen.h>

namespace xright {
namespace {

void add(std::vector<Parameter>& all, const std::string& name, at::Tensor& weight, at::Tensor& grad,
         bool decays) {
  grad = at::zeros(weight.sizes(), weight.options().dtype(at::kFloat));
  const bool is_master = weight.scalar_type() == at::kFloat;
  all.push_back({name, is_master ? weight : weight.to(at::kFloat), grad, decays,
                 is_master ? at::Tensor() : weight});
}

void add_norm(std::vector<Parameter>& all, const std::string& name, nn::Norm& norm) {
  add(all, name + ".weight", norm.weight_D, norm.dweight_D, false);
  if (norm.bias_D.defined()) add(all, name + ".bias", norm.bias_D, norm.dbias_D, false);
}

void add_linear(std::vector<Parameter>& all, nn::Linear& linear) {
  const std::string& name = linear.modules.front().name;
  add(all, name + ".weight", linear.weight_OI, linear.dweight_OI, true);
  if (linear.bias_O.defined()) add(all, name + ".bias", linear.bias_O, linear.dbias_O, false);
}

}  // namespace

std::vector<Parameter> adapter_parameters(Model& model) {
  std::vector<Parameter> all;
  for (auto* linear : model.linears()) {
    if (!linear->lora) continue;
    nn::Lora& lora = *linear->lora;
    all.push_back({lora.slices.front().module + ".lora_A", lora.a_RI, lora.grad_a_RI, true, {}});
    for (size_t i = 0; i < lora.slices.size(); ++i)
      all.push_back({lora.slices[i].module + ".lora_B", lora.b_OR[i], lora.grad_b_OR[i], true, {}});
  }
  return all;
}

std::vector<Parameter> full_parameters(Model& model) {
  std::vector<Parameter> all;
  const auto table = [&](const std::string& name, at::Tensor& weight, at::Tensor& gradient) {
    add(all, name + ".weight", weight, gradient, true);
  };
  const auto norm = [&](const std::string& name, nn::Norm& n) {
    if (model.spec.norm.affine) add_norm(all, name, n);
  };
  visit_parts(model, {table, norm, [&](nn::Linear& linear) { add_linear(all, linear); }});
  if (model.spec.tied) model.dhead_VD = model.dembedding_VD;
  return all;
}

}  // namespace xright
