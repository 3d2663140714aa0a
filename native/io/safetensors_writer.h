// defines: write_safetensors.
#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace xright {

// Writes the tensors (float32, bfloat16, float16 or int64, any device) in order, with
// `__metadata__` {"format": "pt"}, and fsyncs. Returns the file's size. A failed write removes the
// file and throws DISK_FULL or IO with the path and the bytes needed.
int64_t write_safetensors(const std::string& path,
                          const std::vector<std::pair<std::string, at::Tensor>>& tensors);

}  // namespace xright
