#include "models/registry.h"

#include <map>

namespace xright {
namespace {

std::map<std::string, ModelFamily>& families() {
  static std::map<std::string, ModelFamily> table;
  return table;
}

}  // namespace

ModelRegistrar::ModelRegistrar(const char* model_type, ModelFamily family) {
  families()[model_type] = family;
}

std::vector<std::string> model_families() {
  std::vector<std::string> names;
  for (const auto& [name, family] : families()) names.push_back(name);
  return names;
}

ModelFamily model_family(const std::string& model_type) {
  auto found = families().find(model_type);
  if (found != families().end()) return found->second;
  std::string known;
  for (const auto& name : model_families()) known += (known.empty() ? "" : ", ") + name;
  throw Error(Code::UNKNOWN_MODEL, "model_type '" + model_type + "' is not supported",
              "supported model types: " + known);
}

}  // namespace xright
