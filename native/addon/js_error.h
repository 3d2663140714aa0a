// defines: make_js_error, an xright::Error as an instance of the class JavaScript handed over.
#pragma once
#include "addon/napi_setup.h"
#include "core/errors.h"

namespace xright {

// `constructor` may be empty: then a plain Error with the same properties. `site` may be empty: an
// Error created at the call, whose stack replaces that of the moment of failure, where no
// JavaScript is running.
Napi::Object make_js_error(Napi::Env env, const Napi::FunctionReference& constructor,
                           const Error& error, Napi::Object site);

}  // namespace xright
