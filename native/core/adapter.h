// defines: AdapterSpec, attach_adapter, visit_adapter, snapshot_reference. LoRA with PEFT's meaning
// and names.
#pragma once
#include <string>
#include <vector>

#include "core/model.h"

namespace xright {

struct AdapterSpec {
  int64_t rank;
  double alpha, dropout;
  bool rs_lora;     // scale alpha / sqrt(rank) instead of alpha / rank (Kalajdzievski 2023)
  bool all_linear;  // every linear module but the head
  std::vector<std::string>
      targets;  // else: a module matches when its path is a target or ends in ".target"
  int64_t seed;
};

// Adds adapters to the matching modules, A Kaiming-uniform and B zero as PEFT does. A target that
// matches nothing is a CONFIG error listing the modules that exist. Returns the adapted modules'
// names.
std::vector<std::string> attach_adapter(Model& model, const AdapterSpec& spec);

// Calls `visit(name, view)` for every float32 adapter matrix under PEFT's name.
void visit_adapter(Model& model, const TensorVisitor& visit);

// The same for the reference snapshot's matrices (scale included in B); visits nothing when it is
// the bare model.
void visit_reference(Model& model, const TensorVisitor& visit);

// The reference policy becomes what the adapters are now; all-zero B matrices leave the bare model.
void snapshot_reference(Model& model);

// Gives the reference matrices of its own to be filled (restore).
void allocate_reference(Model& model);

void refresh_adapters(Model& model);

}  // namespace xright
