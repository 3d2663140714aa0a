// defines: Buffer, memory that is kept and grown between steps.
#pragma once
#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "core/pages.h"

namespace xright {

// On the CPU a buffer reserves twice what is asked for; pages it has not used yet cost nothing, so
// longer batches grow it in place. Grown buffers in malloc's arenas left holes as large as
// themselves. Elsewhere it grows by a sixteenth beyond what is asked for.
class Buffer {
 public:
  // A contiguous view of that shape; earlier contents are undefined.
  at::Tensor get(at::IntArrayRef sizes, const at::TensorOptions& options) {
    const int64_t wanted =
        std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
    if (!flat_.defined() || flat_.numel() < wanted ||
        flat_.scalar_type() != at::typeMetaToScalarType(options.dtype())) {
      const bool grows = flat_.defined() && flat_.numel() < wanted;
      flat_ = at::Tensor();
      used_ = 0;
      flat_ = options.device().is_cpu()
                  ? pages(2 * wanted, options)
                  : at::empty({grows ? wanted + wanted / 16 : wanted}, options);
    }
    used_ = std::max(used_, flat_.is_cpu() ? wanted : flat_.numel());
    return flat_.narrow(0, 0, wanted).view(sizes);
  }
  int64_t bytes() const {
    return flat_.defined() ? used_ * static_cast<int64_t>(flat_.element_size()) : 0;
  }

 private:
  at::Tensor flat_;
  int64_t used_ = 0;  // numbers that take up memory
};

}  // namespace xright
