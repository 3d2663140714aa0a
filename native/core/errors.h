// defines: xright::Code, xright::Error. Free of LibTorch and napi: addon and core share it.
#pragma once
#include <stdexcept>
#include <string>
#include <utility>

namespace xright {

enum class Code {
#define XRIGHT_ERROR(name) name,
#include "core/errors.def"
#undef XRIGHT_ERROR
};

inline const char* code_name(Code code) {
  switch (code) {
#define XRIGHT_ERROR(name) \
  case Code::name:         \
    return #name;
#include "core/errors.def"
#undef XRIGHT_ERROR
  }
  return "INTERNAL";
}

// A failure the user can act on. `hint` is the next step, `detail` long technical text (may be
// empty).
class __attribute__((visibility("default"))) Error : public std::runtime_error {
 public:
  Error(Code code, const std::string& message, std::string hint = "", std::string detail = "")
      : std::runtime_error(message), code(code), hint(std::move(hint)), detail(std::move(detail)) {}
  Code code;
  std::string hint;
  std::string detail;
};

}  // namespace xright
