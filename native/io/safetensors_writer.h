// defines: xright::io::NamedTensor, write_safetensors.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xright::io {

struct NamedTensor {
  std::string name;
  at::Tensor tensor;  // any strides and device; copied to the CPU one at a time
};

using Metadata = std::vector<std::pair<std::string, std::string>>;

// Writes one safetensors file (float64, float32, float16, bfloat16, int64, int32, uint8), fsyncs it, and returns its
// size in bytes. It appears under `path` only when complete; on failure nothing is left behind and an older file at
// `path` is untouched. Throws DISK_FULL (no space, quota, file size limit) naming the bytes needed, or IO.
int64_t write_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                          const Metadata& metadata = {{"format", "pt"}});

}  // namespace xright::io
