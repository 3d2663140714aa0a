#include "nn/cpu/elementwise.h"
#include "nn/cpu/gemm_kernels.h"

namespace xright::cpu::XRIGHT_ISA {

void store_tile(const TileArgs& a) {
  const Bf16* bias = static_cast<const Bf16*>(a.bias);
  for (int64_t r = 0; r < a.rows; ++r) {
    const float* from = a.tile + r * a.tile_stride;
    Bf16* to = static_cast<Bf16*>(a.y) + r * a.y_stride;
    each_vector(0, a.columns, [&](int64_t i, auto lanes) {
      const vfloat v = load(from + i, lanes);
      store(to + i, bias ? v + load(bias + i, lanes) : v, lanes);
    });
  }
}

}  // namespace xright::cpu::XRIGHT_ISA
