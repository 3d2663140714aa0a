// The addon's exports: `NativeAddon` of lib/native/binding.ts.
#include <string>
#include <vector>

#include "addon/convert.h"
#include "addon/core_loader.h"
#include "addon/cpu_features.h"
#include "addon/env_state.h"
#include "addon/session_wrap.h"

namespace xright {

namespace {

Value names(const std::vector<std::string>& list) {
  Value::Array out;
  for (const auto& name : list) out.emplace_back(name);
  return out;
}

Value build_info() {
  return Value::Object{
      {"version", XRIGHT_VERSION}, {"torch", XRIGHT_TORCH_VERSION}, {"abi", kCoreAbi}};
}

Napi::Value set_error_class(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction())
    throw Napi::TypeError::New(info.Env(), "setErrorClass: the argument must be a class");
  EnvState::of(info.Env()).set_error_class(info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

LibtorchPaths read_paths(const Value& value) {
  const Value* cuda = value.find("cuda");
  return {value.at("lib").string("lib"), value.at("core").string("core"),
          cuda && cuda->boolean("cuda")};
}

Napi::Value load_libtorch(const Napi::CallbackInfo& info) {
  EnvState& state = EnvState::of(info.Env());
  auto call = std::make_unique<Call>();
  try {
    const LibtorchPaths paths = read_paths(to_value(info[0], "paths"));
    if (!loaded_core()) preload_openmp(paths.lib);
    call->execute = [paths]() -> Value {
      const CoreApi& core = load_core(paths);
      return Value::Object{{"torch", core.torch}, {"cudaDevices", names(core.cuda_devices())}};
    };
  } catch (const Error& error) {
    return state.rejected(error);
  }
  return state.start(state.loader(), std::move(call));
}

// Names the core knows; none before it is loaded.
template <std::vector<std::string> (*CoreApi::*list)()>
Napi::Value list_names(const Napi::CallbackInfo& info) {
  const CoreApi* core = loaded_core();
  const Outcome found =
      attempt([&] { return core ? names((core->*list)()) : Value(Value::Array()); });
  if (found.error) EnvState::of(info.Env()).raise(*found.error);
  return to_js(info.Env(), found.value);
}

Napi::Value list_cpu_features(const Napi::CallbackInfo& info) {
  if (loaded_core()) return list_names<&CoreApi::cpu_features>(info);
  return to_js(info.Env(), names(cpu_features()));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new EnvState(env));
  exports.Set("build", to_js(env, build_info()));
  exports.Set("setErrorClass", Napi::Function::New(env, set_error_class, "setErrorClass"));
  exports.Set("loadLibtorch", Napi::Function::New(env, load_libtorch, "loadLibtorch"));
  exports.Set("models", Napi::Function::New(env, list_names<&CoreApi::models>, "models"));
  exports.Set("objectives",
              Napi::Function::New(env, list_names<&CoreApi::objectives>, "objectives"));
  exports.Set("cpuFeatures", Napi::Function::New(env, list_cpu_features, "cpuFeatures"));
  exports.Set("Session", SessionWrap::define(env));
  return exports;
}

}  // namespace

}  // namespace xright

// Context-aware: one call for each environment that loads the addon.
Napi::Object Init(Napi::Env env, Napi::Object exports) { return xright::init(env, exports); }
NODE_API_MODULE(xright_native, Init)
