// defines: guard. The edge where LibTorch's exceptions become ours and where its thread-local state
// is set.
#pragma once
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <new>

#include "core/errors.h"

namespace xright {

template <class F>
auto guard(F&& work) -> decltype(work()) {
  c10::InferenceMode no_autograd;
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const c10::OutOfMemoryError& e) {
    throw Error(Code::OUT_OF_MEMORY, "out of memory on the device",
                "lower train.microBatchTokens or set train.gradientCheckpointing", e.what());
  } catch (const c10::Error& e) {
    const std::string what = e.what_without_backtrace();
    // LibTorch's CPU allocator reports a failed allocation as a plain error.
    if (what.find("not enough memory") != std::string::npos ||
        what.find("alloc_cpu") != std::string::npos)
      throw Error(Code::OUT_OF_MEMORY, "out of memory",
                  "lower train.microBatchTokens or set train.gradientCheckpointing", e.what());
    throw Error(Code::INTERNAL, what, "please report this with the details shown by --verbose",
                e.what());
  } catch (const std::bad_alloc&) {
    throw Error(Code::OUT_OF_MEMORY, "out of memory",
                "lower train.microBatchTokens or set train.gradientCheckpointing");
  }
}

}  // namespace xright
