// defines: NativeSession, a core session with its engine thread. No napi.
#pragma once
#include <functional>
#include <mutex>

#include "core/api.h"
#include "core/engine.h"

namespace xright {

class NativeSession {
 public:
  explicit NativeSession(const CoreApi& core);
  ~NativeSession();

  Engine& engine() { return engine_; }

  // JavaScript thread: announces a call, so that an interrupt from now on is meant for it. Throws
  // DISPOSED.
  void begin();
  // Engine thread: runs an announced call; DISPOSED when the session was closed before it started.
  Value run(const std::function<Value(SessionApi&)>& work);
  // Makes the running (or next waiting) call end with ABORTED; nothing happens when there is none.
  void interrupt();
  // Throws DISPOSED.
  Value memory();

  // From now on calls are refused. The model is freed by destroy(), which must run on the engine
  // thread.
  void close();
  void destroy();
  // Closes, interrupts, frees the model and ends the thread, without waiting. Idempotent.
  void abandon();
  // The same, and waits for it.
  void shutdown();
  // True once the model is freed: joining the engine takes no time.
  bool destroyed();

 private:
  void end_call();

  const CoreApi& core_;
  std::mutex mutex_;  // guards what follows; never held while the model computes
  SessionApi* api_;
  int pending_ = 0;
  bool closed_ = false;
  bool abandoned_ = false;
  Engine engine_;  // last: its thread must end before the rest goes
};

}  // namespace xright
