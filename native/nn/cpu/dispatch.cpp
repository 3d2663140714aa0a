#include <atomic>

#include "nn/cpu/isa.h"

namespace xright::cpu {

Isa detected_isa() {
  static const Isa best = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512cd"))
      return __builtin_cpu_supports("avx512bf16") ? Isa::avx512bf16 : Isa::avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2"))
      return Isa::avx2;
    return Isa::generic;
  }();
  return best;
}

namespace {
std::atomic<Isa>& selected() {
  static std::atomic<Isa> isa{detected_isa()};
  return isa;
}
}  // namespace

Isa current_isa() { return selected().load(std::memory_order_relaxed); }

void force_isa(Isa isa) { selected() = isa < detected_isa() ? isa : detected_isa(); }

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::avx512bf16:
      return "avx512bf16";
    case Isa::avx512:
      return "avx512";
    case Isa::avx2:
      return "avx2";
    default:
      return "generic";
  }
}

}  // namespace xright::cpu
