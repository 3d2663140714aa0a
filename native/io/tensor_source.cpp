#include "io/tensor_source.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "io/dequantise.h"

namespace xright {
namespace {

std::string shape_text(at::IntArrayRef shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

// llama.cpp stores q and k rows as [head, pair, 2] for its interleaved rotation; Hugging Face's are
// [head, 2, pair].
int64_t source_row(int64_t row, int64_t rows, int64_t heads) {
  if (!heads) return row;
  const int64_t dim = rows / heads, in_head = row % dim;
  return row - in_head + (in_head % (dim / 2)) * 2 + in_head / (dim / 2);
}

// Converts row by row with raw pointers: tensor calls in worker threads would miss the caller's
// inference mode.
template <class T>
void fill(const at::Tensor& dest, const Storage& storage, const uint8_t* data,
          int64_t unpermute_heads) {
  const int64_t rows = dest.size(0), columns = dest.size(1), stride = dest.stride(0);
  const int64_t row_bytes = columns / storage.block * storage.bytes;
  T* out = dest.data_ptr<T>();
  at::parallel_for(0, rows, std::max<int64_t>(1, 65536 / columns), [&](int64_t begin, int64_t end) {
    std::vector<float> row(static_cast<size_t>(columns));
    for (int64_t r = begin; r < end; ++r) {
      storage.to_float(data + source_row(r, rows, unpermute_heads) * row_bytes, row.data(),
                       columns / storage.block);
      for (int64_t c = 0; c < columns; ++c)
        out[r * stride + c] = static_cast<T>(row[static_cast<size_t>(c)]);
    }
  });
}

}  // namespace

TensorFiles::TensorFiles(const Value& weights) {
  for (const auto& path : weights.at("files").array("files"))
    files_.push_back(std::make_unique<MappedFile>(path.string("files")));
  for (const auto& t : weights.at("tensors").array("tensors")) {
    Entry e;
    e.file = static_cast<size_t>(t.at("file").integer("file"));
    if (e.file >= files_.size())
      throw Error(Code::INTERNAL, "a tensor names a file that is not listed");
    e.dtype = t.at("dtype").string("dtype");
    for (const auto& n : t.at("shape").array("shape")) e.shape.push_back(n.integer("shape"));
    e.offset = t.at("offset").integer("offset");
    e.bytes = t.at("bytes").integer("bytes");
    const Value* heads = t.find("unpermuteHeads");
    e.unpermute_heads = heads ? heads->integer("unpermuteHeads") : 0;
    entries_.emplace(t.at("name").string("name"), std::move(e));
  }
}

std::vector<std::string> TensorFiles::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

const TensorFiles::Entry& TensorFiles::entry(const std::string& name) const {
  auto found = entries_.find(name);
  if (found != entries_.end()) return found->second;
  std::string where =
      files_.empty() ? "the weights" : files_.front()->path() + (files_.size() > 1 ? ", …" : "");
  throw Error(Code::WEIGHTS, where + ": tensor " + name + " is missing",
              "check that config.json belongs to these weights");
}

void TensorFiles::read(const std::string& name, at::Tensor dest) const {
  const Entry& e = entry(name);
  const MappedFile& file = *files_[e.file];
  const std::string where = file.path() + ": tensor " + name;
  if (dest.sizes() != at::IntArrayRef(e.shape))
    throw Error(Code::WEIGHTS,
                where + " has shape " + shape_text(e.shape) + ", the model needs " +
                    shape_text(dest.sizes()),
                "check that config.json belongs to these weights");
  const Storage* storage = storage_of(e.dtype);
  if (!storage)
    throw Error(Code::WEIGHTS,
                where + " has dtype " + e.dtype + ", which is not supported for weights");
  if (dest.numel() == 0) return;
  // The rows of a permuted bias are its numbers.
  const bool single = e.shape.empty() || (e.shape.size() == 1 && e.unpermute_heads);
  const int64_t columns = single ? 1 : e.shape.back(), rows = dest.numel() / columns;
  const int64_t row_bytes = columns / storage->block * storage->bytes;
  if (columns % storage->block || e.bytes != rows * row_bytes)
    throw Error(Code::WEIGHTS, where + ": its size does not fit its shape and dtype " + e.dtype);
  if (e.unpermute_heads && (rows % e.unpermute_heads || rows / e.unpermute_heads % 2))
    throw Error(Code::WEIGHTS, where + ": its rows do not divide into rotary heads");
  const uint8_t* data = file.range(e.offset, e.bytes, name);
  auto rows_2d = dest.view({rows, columns});
  if (columns > 1 && rows_2d.stride(1) != 1)
    throw Error(Code::INTERNAL, where + ": its destination has gaps in the rows");
  if (dest.scalar_type() == at::kFloat) {
    fill<float>(rows_2d, *storage, data, e.unpermute_heads);
  } else if (dest.scalar_type() == at::kBFloat16) {
    fill<at::BFloat16>(rows_2d, *storage, data, e.unpermute_heads);
  } else {
    throw Error(Code::INTERNAL, "weights are read as float32 or bfloat16");
  }
  file.release(e.offset, e.bytes);
}

}  // namespace xright
