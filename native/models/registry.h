// defines: model_family, model_families, ModelRegistrar. A family registers itself from its own
// file.
#pragma once
#include <string>
#include <vector>

#include "core/value.h"
#include "models/spec.h"

namespace xright {

// Turns the contents of Hugging Face's config.json into a description; throws CONFIG for what it
// does not support.
using ModelFamily = DecoderSpec (*)(const Value& config);

// Family for a `model_type`; an unknown one is UNKNOWN_MODEL and lists the known ones.
ModelFamily model_family(const std::string& model_type);
std::vector<std::string> model_families();

struct ModelRegistrar {
  ModelRegistrar(const char* model_type, ModelFamily family);
};

}  // namespace xright
