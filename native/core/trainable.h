// defines: adapter_parameters, full_parameters. What the optimiser sees.
#pragma once
#include "core/model.h"

namespace xright {

std::vector<Parameter> adapter_parameters(Model& model);

// Every weight of the model, with float32 masters where the model's dtype is lower, and gradients
// allocated.
std::vector<Parameter> full_parameters(Model& model);

}  // namespace xright
