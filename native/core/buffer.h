// defines: Buffer, memory that is kept and grown between steps.
#pragma once
#include <ATen/ATen.h>

#include <numeric>

namespace xright {

class Buffer {
 public:
  // A contiguous view of that shape; earlier contents are undefined. Grows by a sixteenth beyond
  // what is asked for: enough that slightly longer batches seldom reallocate.
  at::Tensor get(at::IntArrayRef sizes, const at::TensorOptions& options) {
    const int64_t wanted =
        std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
    if (!flat_.defined() || flat_.numel() < wanted ||
        flat_.scalar_type() != at::typeMetaToScalarType(options.dtype())) {
      const int64_t before = flat_.defined() ? flat_.numel() : 0;
      flat_ = at::Tensor();
      flat_ = at::empty({before && before < wanted ? wanted + wanted / 16 : wanted}, options);
    }
    return flat_.narrow(0, 0, wanted).view(sizes);
  }
  int64_t bytes() const { return flat_.defined() ? static_cast<int64_t>(flat_.nbytes()) : 0; }

 private:
  at::Tensor flat_;
};

}  // namespace xright
