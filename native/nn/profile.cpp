#include "nn/profile.h"

#include <ATen/DeviceAccelerator.h>

#include <optional>

namespace xright::nn {
namespace {

using Clock = std::chrono::steady_clock;

struct Profile {
  at::Device device;
  std::vector<ProfileRow> rows;

  Clock::time_point now() const {
    if (!device.is_cpu()) at::accelerator::synchronizeDevice(device.index());
    return Clock::now();
  }
  size_t find(std::string_view op, std::string_view pass) {
    for (size_t i = 0; i < rows.size(); ++i)
      if (rows[i].op == op && rows[i].pass == pass) return i;
    rows.push_back({std::string(op), std::string(pass)});
    return rows.size() - 1;
  }
};

std::optional<Profile>& current() {
  thread_local std::optional<Profile> profile;
  return profile;
}

}  // namespace

void start_profile(at::Device device) { current().emplace(Profile{device, {}}); }

std::vector<ProfileRow> end_profile() {
  std::vector<ProfileRow> rows;
  if (current()) rows = std::move(current()->rows);
  current().reset();
  return rows;
}

bool profiling() { return current().has_value(); }

void Timed::start(std::string_view op, std::string_view pass, double flops) {
  row_ = static_cast<int64_t>(current()->find(op, pass));
  ProfileRow& row = current()->rows[static_cast<size_t>(row_)];
  ++row.calls;
  row.flops += flops;
  begin_ = current()->now();
}

void Timed::stop() {
  const std::chrono::duration<double> elapsed = current()->now() - begin_;
  current()->rows[static_cast<size_t>(row_)].seconds += elapsed.count();
}

}  // namespace xright::nn
