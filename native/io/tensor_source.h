// defines: TensorFiles. Tensors described by a `Weights` table (lib/native/binding.ts), read by
// memory map.
#pragma once
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/value.h"
#include "io/mapped_file.h"

namespace xright {

class TensorFiles {
 public:
  explicit TensorFiles(const Value& weights);

  bool has(const std::string& name) const { return entries_.contains(name); }
  std::vector<std::string> names() const;

  // Converts tensor `name` into `dest`: float32 or bfloat16 on the CPU, rows contiguous (a row
  // range of a larger matrix is fine). Dequantises in float32 and rounds once. WEIGHTS, naming file
  // and tensor, when it is missing, its shape or dtype does not fit, or the file is too short.
  void read(const std::string& name, at::Tensor dest) const;

 private:
  struct Entry {
    size_t file;
    std::string dtype;
    std::vector<int64_t> shape;
    int64_t offset, bytes, unpermute_heads;
  };
  const Entry& entry(const std::string& name) const;

  std::vector<std::unique_ptr<MappedFile>> files_;
  std::map<std::string, Entry> entries_;
};

}  // namespace xright
