// defines: Outcome, attempt: native work whose failure is a value, so that no exception leaves a
// task.
#pragma once
#include <functional>
#include <optional>

#include "core/errors.h"
#include "core/value.h"

namespace xright {

struct Outcome {
  Value value;
  std::optional<Error> error;
};

// Everything thrown becomes an Error. (The core has already translated LibTorch's own exceptions.)
Outcome attempt(const std::function<Value()>& work) noexcept;

}  // namespace xright
