// defines: xright::io::TensorFiles, reading the tensors of a `Weights` value (lib/native/binding.ts) from their files.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/value.h"
#include "io/file_map.h"

namespace xright::io {

struct StoredType;

// Files are memory-mapped on first use and unmapped when this object dies: keep it only while loading. One thread.
// Every failure is a WEIGHTS error that names the file and the tensor; an unreadable file is IO.
class TensorFiles {
 public:
  explicit TensorFiles(const Value& weights);

  bool has(const std::string& name) const { return index_.count(name) != 0; }
  // Row-major shape as Hugging Face has it.
  const std::vector<int64_t>& shape(const std::string& name) const { return find(name).shape; }
  // In the order of `Weights.tensors`.
  std::vector<std::string> names() const;
  // The file a tensor lies in, for messages.
  const std::string& file(const std::string& name) const { return paths_[find(name).file]; }

  // Fills `dest` (same shape; float32 or bfloat16, or int64 for a stored integer; any device). `dest` may be a range
  // of rows of a larger matrix: its last dimension must be dense. Block-quantised types are dequantised in float32,
  // then rounded once.
  void read(const std::string& name, at::Tensor dest);

 private:
  struct Source {
    std::string name;
    std::string dtype;
    std::vector<int64_t> shape;
    size_t file;
    uint64_t offset;
    uint64_t bytes;
    int64_t unpermute_heads;  // 0 = rows are stored in order
  };

  const Source& find(const std::string& name) const;
  Source parse(const Value& tensor) const;
  [[noreturn]] void fail(const Source& source, const std::string& problem) const;
  const StoredType& check(const Source& source, const at::Tensor& dest) const;
  const uint8_t* bytes_of(const Source& source);
  std::string place() const;

  std::vector<std::string> paths_;
  std::vector<std::unique_ptr<FileMap>> maps_;
  std::vector<Source> sources_;
  std::unordered_map<std::string, size_t> index_;
};

}  // namespace xright::io
