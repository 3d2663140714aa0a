// defines: EnvState, what the addon keeps for one Node environment (the main thread or a worker),
// and Call.
#pragma once
#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "addon/napi_setup.h"
#include "addon/native_session.h"
#include "addon/outcome.h"
#include "core/engine.h"

namespace xright {

// One promise: work for an engine thread, and what JavaScript gets of it. Made and destroyed on the
// JavaScript thread.
struct Call {
  std::function<Value()> execute;  // engine thread
  std::function<void()> settled;   // JavaScript thread, before the promise settles; may be empty
  bool returns_value = true;       // false: resolves with undefined
  Napi::ObjectReference self;      // keeps the session object alive meanwhile; may be empty
  Napi::ObjectReference site;      // an Error made at the call
  Outcome outcome;
  napi_deferred deferred = nullptr;
};

class EnvState {
 public:
  explicit EnvState(Napi::Env env);
  static EnvState& of(Napi::Env env) { return *env.GetInstanceData<EnvState>(); }

  void set_error_class(Napi::Function constructor) { error_class_ = Napi::Persistent(constructor); }
  Napi::Object error(const Error& error, Napi::Object site = {});
  [[noreturn]] void raise(const Error& error);

  // Runs the call on `engine`; settles at once when that has ended.
  Napi::Value start(Engine& engine, std::unique_ptr<Call> call);
  Napi::Value rejected(const Error& error);
  Engine& loader();

  std::shared_ptr<NativeSession> open_session(const CoreApi& core);
  void forget(const std::shared_ptr<NativeSession>& session) { sessions_.erase(session); }

 private:
  static void on_done(Napi::Env env, Napi::Function, EnvState* state, Call* call);
  using Done = Napi::TypedThreadSafeFunction<EnvState, Call, on_done>;

  void finish(Call* call);
  void settle(Call& call);
  void shutdown();

  Napi::Env env_;
  Done done_;
  Napi::FunctionReference error_class_;
  std::unordered_map<Call*, std::unique_ptr<Call>> pending_;
  std::unordered_set<std::shared_ptr<NativeSession>> sessions_;
  std::unique_ptr<Engine> loader_;
};

}  // namespace xright
