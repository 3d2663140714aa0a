#include "core/state.h"

#include <ATen/ATen.h>

#include "core/adapter.h"
#include "io/safetensors_writer.h"

namespace xright {
namespace {

void visit_state(Model& model, AdamW* optimizer, const std::string& kind,
                 const TensorVisitor& visit) {
  if (kind == "adapter") return visit_adapter(model, visit);
  if (kind == "model") return visit_tensors(model, visit);
  if (kind == "reference") return visit_reference(model, visit);
  if (kind != "optimizer") throw Error(Code::INTERNAL, "there is no state called '" + kind + "'");
  if (!optimizer) throw Error(Code::INTERNAL, "this session trains nothing");
  optimizer->visit_state(visit);
}

}  // namespace

int64_t save_state(Model& model, AdamW* optimizer, const std::string& kind,
                   const std::string& path) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  visit_state(model, optimizer, kind, [&](const std::string& name, at::Tensor& t) {
    // Norms are held in float32 but belong to a model file in the model's dtype.
    tensors.emplace_back(name, kind == "model" ? t.to(model.dtype) : t);
  });
  return write_safetensors(path, tensors);
}

void restore_state(Model& model, AdamW* optimizer, const std::string& kind, const Value& weights) {
  const TensorFiles files(weights);
  if (kind == "reference") {
    // An empty file is the bare model.
    for (auto* linear : model.linears())
      if (linear->lora) linear->lora->reference = {};
    if (files.names().empty()) return;
    allocate_reference(model);
  }
  size_t read = 0;
  visit_state(model, optimizer, kind, [&](const std::string& name, at::Tensor& t) {
    auto host = at::empty(t.sizes(), t.options().device(at::kCPU));
    files.read(name, host);
    t.copy_(host);
    ++read;
  });
  if (read != files.names().size())
    throw Error(Code::WEIGHTS,
                "the " + kind + " file holds " + std::to_string(files.names().size()) +
                    " tensors, this model has " + std::to_string(read) + " of them",
                "check that the adapter's targets and rank are those of this configuration");
  if (kind == "adapter") refresh_adapters(model);
  if (kind == "reference")
    for (auto* linear : model.linears())
      if (linear->lora) linear->pack_lora(linear->lora->reference);
  if (kind == "optimizer") optimizer->apply_masters();
}

}  // namespace xright
