#include "nn/backend.h"

#include <atomic>

namespace xright::nn {

namespace {
std::atomic<bool> aten_forced{false};
}

bool use_cpu_kernels(const at::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
         !aten_forced.load(std::memory_order_relaxed);
}

void force_aten(bool on) { aten_forced.store(on, std::memory_order_relaxed); }

}  // namespace xright::nn
