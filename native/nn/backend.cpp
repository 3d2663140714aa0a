#include "nn/backend.h"

#include <atomic>

namespace xright::nn {

namespace {
std::atomic<bool> forced{false};
}

bool use_cpu_kernels(const at::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
         !aten_forced();
}

void force_aten(bool on) { forced.store(on, std::memory_order_relaxed); }

bool aten_forced() { return forced.load(std::memory_order_relaxed); }

}  // namespace xright::nn
