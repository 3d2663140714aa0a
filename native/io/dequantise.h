// defines: Storage, storage_of. Number formats of weight files, converted to float32.
#pragma once
#include <cstdint>
#include <string>

namespace xright {

// How `block` consecutive numbers lie in `bytes` bytes, and their conversion: `blocks` blocks from
// `in` to `out`.
struct Storage {
  int64_t block, bytes;
  void (*to_float)(const uint8_t* in, float* out, int64_t blocks);
};

// safetensors dtypes (F64, F32, F16, BF16) and GGML types (Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K,
// Q5_K, Q6_K; layouts of ggml-common.h); nullptr for any other name.
const Storage* storage_of(const std::string& name);

}  // namespace xright
