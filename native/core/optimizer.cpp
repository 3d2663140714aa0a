#include "core/optimizer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "nn/profile.h"

namespace xright {

AdamW::AdamW(std::vector<Parameter> parameters) : parameters_(std::move(parameters)) {
  for (auto& p : parameters_) {
    Group& g = groups_[p.decays ? 1 : 0];
    g.values.push_back(p.value);
    g.grads.push_back(p.grad);
    g.first.push_back(at::zeros_like(p.value));
    g.second.push_back(at::zeros_like(p.value));
    g.steps.push_back(at::zeros({}, p.value.options()));
    g.names.push_back(p.name);
  }
}

double AdamW::grad_norm() const {
  double squares = 0;
  for (const Group& g : groups_) {
    if (g.grads.empty()) continue;
    for (const auto& n : at::_foreach_norm(g.grads)) {
      const double norm = n.item<double>();
      squares += norm * norm;
    }
  }
  return std::sqrt(squares);
}

double AdamW::step(const UpdateSpec& spec) {
  const nn::Timed timed("optimizer", "update");
  const double norm = grad_norm();
  if (!std::isfinite(norm))
    throw Error(Code::NON_FINITE,
                "the gradient norm is not finite; the weights were left as they were",
                "lower train.optimizer.lr, set train.maxGradNorm, or use model.dtype float32");
  // As torch.nn.utils.clip_grad_norm_.
  const double scale = spec.max_grad_norm / (norm + 1e-6);
  for (int decays = 0; decays < 2; ++decays) {
    Group& g = groups_[decays];
    if (g.values.empty()) continue;
    if (scale < 1) at::_foreach_mul_(g.grads, scale);
    at::_foreach_add_(g.steps, 1);
    at::_fused_adamw_(g.values, g.grads, g.first, g.second, {}, g.steps, spec.lr, spec.beta1,
                      spec.beta2, decays ? spec.weight_decay : 0.0, spec.eps, /*amsgrad=*/false,
                      /*maximize=*/false);
  }
  apply_masters();
  zero_grad();
  return norm;
}

void AdamW::zero_grad() {
  for (Group& g : groups_)
    if (!g.grads.empty()) at::_foreach_zero_(g.grads);
}

void AdamW::apply_masters() {
  for (auto& p : parameters_)
    if (p.copy.defined()) p.copy.copy_(p.value);
}

void AdamW::visit_state(const TensorVisitor& visit) {
  for (Group& g : groups_) {
    for (size_t i = 0; i < g.values.size(); ++i) {
      visit(g.names[i] + ".exp_avg", g.first[i]);
      visit(g.names[i] + ".exp_avg_sq", g.second[i]);
      visit(g.names[i] + ".step", g.steps[i]);
    }
  }
  // A model below float32 is saved rounded, its float32 norms too: then every value is kept here.
  const bool rounded = std::any_of(parameters_.begin(), parameters_.end(),
                                   [](const Parameter& p) { return p.copy.defined(); });
  if (!rounded) return;
  for (auto& p : parameters_) visit(p.name + ".master", p.value);
}

int64_t AdamW::parameter_count() const {
  int64_t count = 0;
  for (const auto& p : parameters_) count += p.value.numel();
  return count;
}

int64_t AdamW::bytes() const { return parameter_count() * 4 * static_cast<int64_t>(sizeof(float)); }

}  // namespace xright
