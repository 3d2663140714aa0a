#include "core/adapter.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <set>

#include "core/row_order.h"

namespace xright {
namespace {

bool matches(const std::string& module, const AdapterSpec& spec) {
  if (spec.all_linear) return true;
  for (const auto& target : spec.targets)
    if (module == target || module.ends_with("." + target)) return true;
  return false;
}

// The last component of every module's path: what a user can name as a target.
std::string known_targets(Model& model) {
  std::set<std::string> names;
  for (auto* linear : model.linears())
    for (const auto& m : linear->modules) names.insert(m.name.substr(m.name.rfind('.') + 1));
  std::string text;
  for (const auto& n : names) text += (text.empty() ? "" : ", ") + n;
  return text;
}

void check_targets(Model& model, const AdapterSpec& spec) {
  for (const auto& target : spec.targets) {
    bool found = false;
    for (auto* linear : model.linears())
      for (const auto& m : linear->modules)
        found |= m.name == target || m.name.ends_with("." + target);
    if (!found)
      throw Error(Code::CONFIG, "adapter.targets: no module is called '" + target + "'",
                  "modules of this model: " + known_targets(model));
  }
}

void allocate(nn::Lora& lora, int64_t inputs, const Model& model) {
  const auto floats = model.float_options(), options = model.options();
  const int64_t stacked = static_cast<int64_t>(lora.slices.size()) * lora.rank;
  lora.a_RI = at::empty({stacked, inputs}, floats);
  lora.grad_a_RI = at::zeros_like(lora.a_RI);
  lora.current.a_RI = at::empty({stacked, inputs}, options);
  for (const auto& slice : lora.slices) {
    lora.b_OR.push_back(at::zeros({slice.rows, lora.rank}, floats));
    lora.grad_b_OR.push_back(at::zeros({slice.rows, lora.rank}, floats));
    lora.current.b_OR.push_back(at::empty({slice.rows, lora.rank}, options));
  }
}

// kaiming_uniform_(a = sqrt 5): uniform in +-1 / sqrt(inputs). Drawn on the CPU so that every
// device starts alike.
void initialise(nn::Lora& lora, at::Generator& generator) {
  auto host = at::empty(lora.a_RI.sizes(), at::kFloat);
  const double bound = 1 / std::sqrt(static_cast<double>(host.size(1)));
  host.uniform_(-bound, bound, generator);
  lora.a_RI.copy_(host);
}

void visit_matrices(const nn::Lora& lora, const at::Tensor& a_RI,
                    const std::vector<at::Tensor>& b_OR, const TensorVisitor& visit) {
  for (size_t i = 0; i < lora.slices.size(); ++i) {
    const std::string prefix = "base_model.model." + lora.slices[i].module;
    auto a = a_RI.narrow(0, static_cast<int64_t>(i) * lora.rank, lora.rank);
    visit(prefix + ".lora_A.weight", a);
    visit_rows(prefix + ".lora_B.weight", b_OR[i], lora.slices[i].interleaved_heads, visit);
  }
}

}  // namespace

std::vector<std::string> attach_adapter(Model& model, const AdapterSpec& spec) {
  check_targets(model, spec);
  auto generator = at::detail::createCPUGenerator(static_cast<uint64_t>(spec.seed));
  std::vector<std::string> adapted;
  for (auto* linear : model.linears()) {
    nn::Lora lora;
    lora.rank = spec.rank;
    lora.scale = spec.alpha / (spec.rs_lora ? std::sqrt(static_cast<double>(spec.rank))
                                            : static_cast<double>(spec.rank));
    lora.dropout = spec.dropout;
    int64_t offset = 0;
    for (const auto& m : linear->modules) {
      if (matches(m.name, spec)) {
        lora.slices.push_back(
            {m.name, offset, m.rows, static_cast<int64_t>(adapted.size()), m.interleaved_heads});
        adapted.push_back(m.name);
      }
      offset += m.rows;
    }
    if (lora.slices.empty()) continue;
    allocate(lora, linear->weight_OI.size(1), model);
    initialise(lora, generator);
    linear->lora = std::move(lora);
  }
  refresh_adapters(model);
  return adapted;
}

void visit_adapter(Model& model, const TensorVisitor& visit) {
  for (auto* linear : model.linears())
    if (linear->lora) visit_matrices(*linear->lora, linear->lora->a_RI, linear->lora->b_OR, visit);
}

void visit_reference(Model& model, const TensorVisitor& visit) {
  for (auto* linear : model.linears())
    if (linear->lora && linear->lora->reference.defined())
      visit_matrices(*linear->lora, linear->lora->reference.a_RI, linear->lora->reference.b_OR,
                     visit);
}

void allocate_reference(Model& model) {
  for (auto* linear : model.linears()) {
    if (!linear->lora) continue;
    nn::Lora& lora = *linear->lora;
    lora.reference.a_RI = at::empty_like(lora.current.a_RI);
    lora.reference.b_OR.clear();
    for (const auto& b : lora.current.b_OR) lora.reference.b_OR.push_back(at::empty_like(b));
  }
}

void snapshot_reference(Model& model) {
  bool bare = true;
  for (auto* linear : model.linears()) {
    if (!linear->lora) continue;
    linear->lora->reference = {};
    for (const auto& b : linear->lora->b_OR) bare = bare && b.count_nonzero().item<int64_t>() == 0;
  }
  if (bare) return;
  allocate_reference(model);
  for (auto* linear : model.linears()) {
    if (!linear->lora) continue;
    nn::Lora& lora = *linear->lora;
    lora.reference.a_RI.copy_(lora.current.a_RI);
    lora.reference.packed_b = lora.current.packed_b;  // replaced by a refresh, never written to
    for (size_t i = 0; i < lora.current.b_OR.size(); ++i)
      lora.reference.b_OR[i].copy_(lora.current.b_OR[i]);
  }
}

void refresh_adapters(Model& model) {
  for (auto* linear : model.linears())
    if (linear->lora) linear->refresh_lora();
}

}  // namespace xright
