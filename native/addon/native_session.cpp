#include "addon/native_session.h"

#include <utility>

namespace xright {

namespace {

Error disposed() { return Error(Code::DISPOSED, "the session has been disposed of"); }

}  // namespace

NativeSession::NativeSession(const CoreApi& core)
    : core_(core), api_(core.create_session()), engine_("xright-engine", [this] { interrupt(); }) {}

NativeSession::~NativeSession() { shutdown(); }

void NativeSession::begin() {
  std::lock_guard lock(mutex_);
  if (closed_) throw disposed();
  ++pending_;
}

Value NativeSession::run(const std::function<Value(SessionApi&)>& work) {
  SessionApi* api;
  {
    std::lock_guard lock(mutex_);
    api = closed_ ? nullptr : api_;
  }
  struct End {
    NativeSession& session;
    ~End() { session.end_call(); }
  } end{*this};
  if (!api) throw disposed();
  return work(*api);
}

// An interrupt that came too late must not hit the next call. (Cleared here and not before a call:
// one that comes between JavaScript's call and its start on the engine thread is meant for it.)
void NativeSession::end_call() {
  std::lock_guard lock(mutex_);
  --pending_;
  if (api_) api_->clear_interrupt();
}

void NativeSession::interrupt() {
  std::lock_guard lock(mutex_);
  if (api_ && pending_ > 0) api_->interrupt();
}

Value NativeSession::memory() {
  std::lock_guard lock(mutex_);
  if (closed_ || !api_) throw disposed();
  return api_->memory();
}

void NativeSession::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
}

void NativeSession::destroy() {
  SessionApi* api;
  {
    std::lock_guard lock(mutex_);
    api = std::exchange(api_, nullptr);
  }
  if (api) core_.destroy_session(api);
}

void NativeSession::abandon() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    if (std::exchange(abandoned_, true)) return;
  }
  interrupt();
  engine_.cancel();
  engine_.post([this] { destroy(); });
  engine_.finish();
}

void NativeSession::shutdown() {
  abandon();
  engine_.join();
}

bool NativeSession::destroyed() {
  std::lock_guard lock(mutex_);
  return !api_;
}

}  // namespace xright
