// Where time goes: scopes around the ops add up by name while a profile runs on this thread.
#pragma once
#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xright::nn {

struct ProfileRow {
  std::string op, pass;  // "attention", "backward"
  int64_t calls = 0;
  double seconds = 0, flops = 0;
};

// Starts a profile on this thread, or starts it over. On a GPU every scope waits for its work.
void start_profile(at::Device device);
// Ends it and returns what it collected, in the order of first use; empty when none was running.
std::vector<ProfileRow> end_profile();
bool profiling();

// Adds its own lifetime to a row. Without a profile it costs one thread-local read.
class Timed {
 public:
  Timed(std::string_view op, std::string_view pass, double flops = 0) {
    if (profiling()) start(op, pass, flops);
  }
  ~Timed() {
    if (row_ >= 0) stop();
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  void start(std::string_view op, std::string_view pass, double flops);
  void stop();

  int64_t row_ = -1;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace xright::nn
