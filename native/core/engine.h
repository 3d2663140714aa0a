// defines: Engine, one thread that runs tasks in order. Free of LibTorch and napi; compiled into
// the addon.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace xright {

// LibTorch's state (grad mode, CUDA stream) and OpenMP's pools belong to a thread, so a session
// keeps one for life. Live engines are stopped when the process exits: a task still running while
// LibTorch's destructors run would crash.
class Engine {
 public:
  using Task = std::function<void()>;  // must not throw

  // `interrupt` (any thread) asks the running task to end early; it is called at process exit.
  Engine(const char* name, std::function<void()> interrupt);
  ~Engine();  // finish() and join()
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Queues a task; after finish() it is dropped and false comes back.
  bool post(Task task);
  // Accepts no more tasks; the thread ends once the queue is empty.
  void finish();
  // Drops the tasks that have not started.
  void cancel();
  // Waits for the thread's end; finish() first. Any thread but the engine's own.
  void join();
  // True when no task runs or waits within `limit`.
  bool wait_idle(std::chrono::milliseconds limit);

  // Interrupts every live engine and waits for them; true when all are idle within `limit`.
  static bool stop_all(std::chrono::milliseconds limit);

 private:
  void run(const char* name);

  const std::function<void()> interrupt_;
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<Task> queue_;
  bool running_ = false;
  bool finishing_ = false;
  std::mutex join_mutex_;
  std::thread thread_;  // last: starts when the rest exists
};

}  // namespace xright
