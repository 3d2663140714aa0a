// What gemm.cpp hands to the CPU kernel that writes a product's tile.
#pragma once
#include <cstdint>

#include "nn/cpu/isa.h"

namespace xright::cpu {

struct TileArgs {
  const float* tile;  // rows of `tile_stride` numbers
  int64_t tile_stride, rows, columns;
  const void* bias;  // bfloat16, or null
  void* y;           // bfloat16
  int64_t y_stride;
};

}  // namespace xright::cpu

// y = tile + bias, rounded to bfloat16.
XRIGHT_DECLARE_KERNEL(void, store_tile, const TileArgs& args)
