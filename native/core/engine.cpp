#include "core/engine.h"

#include <pthread.h>

#include <algorithm>
#include <set>
#include <utility>

namespace xright {

namespace {

// Leaked on purpose: engines may outlive static destructors.
struct Registry {
  std::mutex mutex;
  std::set<Engine*> engines;
};

Registry& registry() {
  static auto* all = new Registry;
  return *all;
}

}  // namespace

Engine::Engine(const char* name, std::function<void()> interrupt)
    : interrupt_(std::move(interrupt)), thread_([this, name] { run(name); }) {
  std::lock_guard lock(registry().mutex);
  registry().engines.insert(this);
}

Engine::~Engine() {
  {
    std::lock_guard lock(registry().mutex);
    registry().engines.erase(this);
  }
  finish();
  join();
}

bool Engine::post(Task task) {
  {
    std::lock_guard lock(mutex_);
    if (finishing_) return false;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void Engine::finish() {
  {
    std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  wake_.notify_one();
}

void Engine::cancel() {
  std::deque<Task> dropped;
  std::lock_guard lock(mutex_);
  dropped.swap(queue_);
  if (!running_) idle_.notify_all();
}

void Engine::join() {
  std::lock_guard lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

bool Engine::wait_idle(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, limit, [this] { return !running_ && queue_.empty(); });
}

bool Engine::stop_all(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::lock_guard lock(registry().mutex);
  for (Engine* engine : registry().engines) {
    engine->finish();
    engine->cancel();
    engine->interrupt_();
  }
  bool all_idle = true;
  for (Engine* engine : registry().engines) {
    const auto left = deadline - std::chrono::steady_clock::now();
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(left);
    const bool idle = engine->wait_idle(std::max(wait, std::chrono::milliseconds(0)));
    if (idle) engine->join();
    all_idle &= idle;
  }
  return all_idle;
}

void Engine::run(const char* name) {
  pthread_setname_np(pthread_self(), name);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return finishing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    running_ = true;
    lock.unlock();
    task();
    task = nullptr;  // what it captured goes before anyone hears that it is done
    lock.lock();
    running_ = false;
    if (queue_.empty()) idle_.notify_all();
  }
}

}  // namespace xright
