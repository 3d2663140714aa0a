#include "core/api.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/headeronly/version.h>

#include "core/session.h"
#include "models/registry.h"
#include "nn/cpu/isa.h"
#include "objectives/objective.h"

namespace xright {
namespace {

std::vector<std::string> cpu_features() {
  std::vector<std::string> names;
  for (int isa = static_cast<int>(cpu::detected_isa()); isa >= 0; --isa)
    names.emplace_back(cpu::isa_name(static_cast<cpu::Isa>(isa)));
  return names;
}

std::vector<std::string> cuda_devices() {
  std::vector<std::string> names;
  if (!at::globalContext().hasCUDA()) return names;
  for (int i = 0; i < at::detail::getCUDAHooks().getNumGPUs(); ++i)
    names.push_back("cuda:" + std::to_string(i));
  return names;
}

void warm_up() {
  c10::InferenceMode no_autograd;
  for (auto dtype : {at::kBFloat16, at::kFloat}) {
    const auto x = at::ones({64, 64}, dtype);
    at::mm(x, x.t());
  }
}

const CoreApi kApi = {
    kCoreAbi,
    TORCH_VERSION,
    warm_up,
    [] { return static_cast<SessionApi*>(new Session()); },
    [](SessionApi* session) { delete session; },
    model_families,
    objective_names,
    cpu_features,
    cuda_devices,
};

}  // namespace
}  // namespace xright

const xright::CoreApi* xright_core_api() { return &xright::kApi; }
