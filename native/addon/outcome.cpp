#include "addon/outcome.h"

#include <exception>
#include <new>

namespace xright {

Outcome attempt(const std::function<Value()>& work) noexcept {
  try {
    return {work(), std::nullopt};
  } catch (const Error& e) {
    return {{}, e};
  } catch (const std::bad_alloc&) {
    return {{}, Error(Code::OUT_OF_MEMORY, "out of memory", "lower train.microBatchTokens")};
  } catch (const std::exception& e) {
    return {{}, Error(Code::INTERNAL, "unexpected failure in native code", "", e.what())};
  } catch (...) {
    return {{}, Error(Code::INTERNAL, "unexpected failure of unknown kind in native code")};
  }
}

}  // namespace xright
