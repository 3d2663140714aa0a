#include "addon/session_wrap.h"

#include <utility>
#include <vector>

#include "addon/convert.h"
#include "addon/core_loader.h"
#include "addon/env_state.h"

namespace xright {

namespace {

using Args = Value::Array;

struct Method {
  const char* name;
  std::vector<const char*> parameters;
  bool returns_value;
  Value (*invoke)(SessionApi& session, const Args& args);
};

const Method kMethods[] = {
    {"load", {"spec"}, true, [](SessionApi& s, const Args& a) { return s.load(a[0]); }},
    {"evaluate", {"parts"}, true, [](SessionApi& s, const Args& a) { return s.evaluate(a[0]); }},
    {"accumulate",
     {"parts", "step"},
     true,
     [](SessionApi& s, const Args& a) { return s.accumulate(a[0], a[1].integer("step")); }},
    {"update", {"spec"}, true, [](SessionApi& s, const Args& a) { return s.update(a[0]); }},
    {"score",
     {"batch", "policy"},
     true,
     [](SessionApi& s, const Args& a) { return s.score(a[0], a[1].string("policy")); }},
    {"snapshotReference",
     {},
     false,
     [](SessionApi& s, const Args&) { return s.snapshot_reference(), Value(); }},
    {"generate", {"spec"}, true, [](SessionApi& s, const Args& a) { return s.generate(a[0]); }},
    {"save",
     {"kind", "path"},
     true,
     [](SessionApi& s, const Args& a) { return s.save(a[0].string("kind"), a[1].string("path")); }},
    {"restore",
     {"kind", "weights"},
     false,
     [](SessionApi& s, const Args& a) { return s.restore(a[0].string("kind"), a[1]), Value(); }},
    {"profile",
     {"on"},
     true,
     [](SessionApi& s, const Args& a) { return s.profile(a[0].boolean("on")); }},
    {"zeroGrad", {}, false, [](SessionApi& s, const Args&) { return s.zero_grad(), Value(); }},
};

Args read_arguments(const Napi::CallbackInfo& info, const Method& method) {
  Args args;
  for (size_t i = 0; i < method.parameters.size(); ++i)
    args.push_back(to_value(info[i], method.parameters[i]));
  return args;
}

}  // namespace

Napi::Function SessionWrap::define(Napi::Env env) {
  std::vector<Napi::ClassPropertyDescriptor<SessionWrap>> members;
  for (const Method& method : kMethods)
    members.push_back(InstanceMethod(method.name, &SessionWrap::call, napi_default_method,
                                     const_cast<Method*>(&method)));
  members.push_back(InstanceMethod("memory", &SessionWrap::memory, napi_default_method));
  members.push_back(InstanceMethod("interrupt", &SessionWrap::interrupt, napi_default_method));
  members.push_back(InstanceMethod("dispose", &SessionWrap::dispose, napi_default_method));
  return DefineClass(env, "Session", members);
}

SessionWrap::SessionWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  EnvState& state = EnvState::of(info.Env());
  const CoreApi* core = loaded_core();
  if (!core)
    state.raise(Error(Code::LIBTORCH_MISSING, "LibTorch is not loaded",
                      "call loadLibtorch() before making a session"));
  const Outcome made = attempt([&]() -> xright::Value {
    session_ = state.open_session(*core);
    return nullptr;
  });
  if (made.error) state.raise(*made.error);
}

// Runs while the garbage collector may be at work: only hands the model to its own thread to be
// freed.
void SessionWrap::Finalize(Napi::BasicEnv) {
  if (session_) session_->abandon();
}

Napi::Value SessionWrap::call(const Napi::CallbackInfo& info) {
  EnvState& state = EnvState::of(info.Env());
  const auto& method = *static_cast<const Method*>(info.Data());
  auto call = std::make_unique<Call>();
  try {
    Args args = read_arguments(info, method);
    session_->begin();
    call->execute = [session = session_, &method, args = std::move(args)] {
      return session->run([&](SessionApi& api) { return method.invoke(api, args); });
    };
  } catch (const Error& error) {
    return state.rejected(error);
  }
  call->returns_value = method.returns_value;
  call->self = Napi::Persistent(info.This().As<Napi::Object>());
  return state.start(session_->engine(), std::move(call));
}

Napi::Value SessionWrap::memory(const Napi::CallbackInfo& info) {
  const Outcome stats = attempt([this] { return session_->memory(); });
  if (stats.error) EnvState::of(info.Env()).raise(*stats.error);
  return to_js(info.Env(), stats.value);
}

Napi::Value SessionWrap::interrupt(const Napi::CallbackInfo& info) {
  session_->interrupt();
  return info.Env().Undefined();
}

Napi::Value SessionWrap::dispose(const Napi::CallbackInfo& info) {
  EnvState& state = EnvState::of(info.Env());
  session_->close();
  auto call = std::make_unique<Call>();
  call->returns_value = false;
  call->self = Napi::Persistent(info.This().As<Napi::Object>());
  call->execute = [session = session_]() -> xright::Value {
    session->destroy();
    return nullptr;
  };
  call->settled = [&state, session = session_] {
    session->engine().finish();
    session->engine().join();
    state.forget(session);
  };
  return state.start(session_->engine(), std::move(call));
}

}  // namespace xright
