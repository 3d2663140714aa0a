#include "addon/env_state.h"

#include <iterator>
#include <utility>

#include "addon/convert.h"
#include "addon/js_error.h"

namespace xright {

// Node runs cleanup hooks last registered first: ours, which joins the threads that use the
// thread-safe function, must come after that function's own, so it is added after it was made.
EnvState::EnvState(Napi::Env env) : env_(env) {
  done_ = Done::New(env, "xright call", 0, 1, this);
  done_.Unref(env);
  env.AddCleanupHook([](EnvState* state) { state->shutdown(); }, this);
}

Napi::Object EnvState::error(const Error& error, Napi::Object site) {
  return make_js_error(env_, error_class_, error, site);
}

void EnvState::raise(const Error& error) { throw Napi::Error(env_, this->error(error)); }

Napi::Value EnvState::rejected(const Error& error) {
  auto deferred = Napi::Promise::Deferred::New(env_);
  deferred.Reject(this->error(error));
  return deferred.Promise();
}

Napi::Value EnvState::start(Engine& engine, std::unique_ptr<Call> owned) {
  Call* call = owned.get();
  napi_value promise = nullptr;
  if (napi_create_promise(env_, &call->deferred, &promise) != napi_ok) throw Napi::Error::New(env_);
  call->site = Napi::Persistent(Napi::Error::New(env_, "").Value());
  const bool posted = engine.post([this, call] {
    call->outcome = attempt(call->execute);
    done_.NonBlockingCall(call);
  });
  if (!posted) {
    settle(*call);
  } else {
    pending_.emplace(call, std::move(owned));
    if (pending_.size() == 1)
      done_.Ref(env_);  // a running call keeps the event loop alive, an idle session does not
  }
  return Napi::Value(env_, promise);
}

// An empty `env` means that the environment is going: shutdown() has already dropped the call.
void EnvState::on_done(Napi::Env env, Napi::Function, EnvState* state, Call* call) {
  if (napi_env(env) != nullptr) state->finish(call);
}

void EnvState::finish(Call* call) {
  auto found = pending_.find(call);
  if (found == pending_.end()) return;
  const std::unique_ptr<Call> owned = std::move(found->second);
  pending_.erase(found);
  if (pending_.empty()) done_.Unref(env_);
  if (owned->settled) owned->settled();
  settle(*owned);
}

// In a worker that is being terminated nothing can be made any more; the promise stays open, as all
// others there.
void EnvState::settle(Call& call) {
  Napi::HandleScope scope(env_);
  try {
    if (call.outcome.error) {
      napi_reject_deferred(env_, call.deferred, error(*call.outcome.error, call.site.Value()));
    } else {
      Napi::Value value = call.returns_value ? to_js(env_, call.outcome.value) : env_.Undefined();
      napi_resolve_deferred(env_, call.deferred, value);
    }
  } catch (const Napi::Error& failure) {
    Napi::Object reason = failure.Value();
    if (!reason.IsEmpty()) napi_reject_deferred(env_, call.deferred, reason);
  }
}

Engine& EnvState::loader() {
  if (!loader_) loader_ = std::make_unique<Engine>("xright-loader", [] {});
  return *loader_;
}

std::shared_ptr<NativeSession> EnvState::open_session(const CoreApi& core) {
  // Sessions whose object was collected have freed their model by now or will soon.
  for (auto it = sessions_.begin(); it != sessions_.end();)
    it = (*it)->destroyed() ? sessions_.erase(it) : std::next(it);
  auto session = std::make_shared<NativeSession>(core);
  sessions_.insert(session);
  return session;
}

// Cleanup hook, on the JavaScript thread while references can still be deleted but no JavaScript
// runs any more.
void EnvState::shutdown() {
  for (const auto& session : sessions_) session->abandon();
  for (const auto& session : sessions_) session->shutdown();
  sessions_.clear();
  loader_.reset();
  pending_.clear();
  error_class_.Reset();
  done_.Release();
}

}  // namespace xright
