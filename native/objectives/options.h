// defines: Options, an objective's settings read strictly from the boundary.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "core/value.h"

namespace xright {

// Numbers by name; a boolean is 1 or 0. The constructor's list holds every option with its default.
class Options {
 public:
  Options(std::initializer_list<std::pair<const char*, double>> defaults)
      : values_(defaults.begin(), defaults.end()) {}

  double operator[](const char* name) const {
    for (const auto& [key, v] : values_)
      if (key == name) return v;
    throw Error(Code::INTERNAL, std::string("option '") + name + "' is not declared");
  }

  // A copy with the values given. An option that is not listed is CONFIG.
  Options with(const std::string& objective, const Value& given) const {
    Options result = *this;
    for (const auto& [key, v] : given.object("options")) result.set(objective, key, v);
    return result;
  }

 private:
  void set(const std::string& objective, const std::string& key, const Value& value) {
    std::string known;
    for (auto& [name, v] : values_) {
      if (name == key) {
        v = std::holds_alternative<bool>(value.data()) ? value.boolean(key.c_str())
                                                       : value.number(key.c_str());
        return;
      }
      known += (known.empty() ? "" : ", ") + name;
    }
    throw Error(Code::CONFIG, "objective " + objective + " has no option '" + key + "'",
                "options: " + known);
  }

  std::vector<std::pair<std::string, double>> values_;
};

}  // namespace xright
