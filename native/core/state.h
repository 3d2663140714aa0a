// defines: save_state, restore_state. The files of a checkpoint that hold tensors.
#pragma once
#include <string>

#include "core/model.h"
#include "core/optimizer.h"
#include "core/value.h"

namespace xright {

// Writes one safetensors file of a kind (adapter, model, optimizer, reference); returns its size in
// bytes.
int64_t save_state(Model& model, AdamW* optimizer, const std::string& kind,
                   const std::string& path);

// Reads it back; every tensor must be there with its shape.
void restore_state(Model& model, AdamW* optimizer, const std::string& kind, const Value& weights);

}  // namespace xright
