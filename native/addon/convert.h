// defines: to_value, to_js: JavaScript <-> xright::Value. JavaScript thread only.
#pragma once
#include <string>

#include "addon/napi_setup.h"
#include "core/value.h"

namespace xright {

// Plain objects, arrays, numbers, strings, booleans, null, undefined (as null), Int32Array and
// Float64Array, all copied. Anything else is an INTERNAL error that names its place, for example
// `spec.weights.files[0]`.
Value to_value(Napi::Value value, const std::string& path);

Napi::Value to_js(Napi::Env env, const Value& value);

}  // namespace xright
