#include "addon/js_error.h"

#include <string>

namespace xright {

namespace {

void take_stack(Napi::Object error, Napi::Object site) {
  Napi::Value stack = site.Get("stack");
  if (!stack.IsString()) return;
  const std::string text = stack.As<Napi::String>();
  const size_t frames = text.find("\n    at ");
  if (frames == std::string::npos) return;
  const std::string name = error.Get("name").ToString(), message = error.Get("message").ToString();
  error.Set("stack", name + ": " + message + text.substr(frames));
}

}  // namespace

Napi::Object make_js_error(Napi::Env env, const Napi::FunctionReference& constructor,
                           const Error& error, Napi::Object site) {
  auto options = Napi::Object::New(env);
  if (!error.hint.empty()) options.Set("hint", error.hint);
  if (!error.detail.empty()) options.Set("detail", error.detail);
  Napi::Object object;
  if (constructor.IsEmpty()) {
    object = Napi::Error::New(env, error.what()).Value();
    object.Set("code", code_name(error.code));
    for (const char* key : {"hint", "detail"})
      if (options.Has(key)) object.Set(key, options.Get(key));
  } else {
    object = constructor.New({Napi::String::New(env, code_name(error.code)),
                              Napi::String::New(env, error.what()), options});
  }
  if (!site.IsEmpty()) take_stack(object, site);
  return object;
}

}  // namespace xright
