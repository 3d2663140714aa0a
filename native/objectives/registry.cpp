#include "objectives/objective.h"

namespace xright {
namespace {

std::map<std::string, const Objective*>& objectives() {
  static std::map<std::string, const Objective*> table;
  return table;
}

}  // namespace

ObjectiveRegistrar::ObjectiveRegistrar(const char* name, const Objective* objective) {
  objectives()[name] = objective;
}

std::vector<std::string> objective_names() {
  std::vector<std::string> names;
  for (const auto& [name, o] : objectives()) names.push_back(name);
  return names;
}

const Objective& objective(const std::string& name) {
  auto found = objectives().find(name);
  if (found != objectives().end()) return *found->second;
  std::string known;
  for (const auto& n : objective_names()) known += (known.empty() ? "" : ", ") + n;
  throw Error(Code::UNKNOWN_OBJECTIVE, "objective '" + name + "' does not exist",
              "objectives: " + known);
}

}  // namespace xright
