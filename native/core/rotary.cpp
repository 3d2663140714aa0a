#include "core/rotary.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "models/rope_scaling.h"

namespace xright {

// Rows beyond max_positions under dynamic scaling get frequencies of their own length.
void RotaryTable::prepare(const PackedBatch& batch, at::Device device) {
  int64_t longest = 1;
  for (int32_t n : batch.row_lengths) longest = std::max<int64_t>(longest, n);
  if (!cos_.defined() || cos_.size(0) < longest) {
    const int64_t positions = std::max<int64_t>(longest, 512);
    auto angles =
        at::outer(at::arange(positions, at::kDouble), at::tensor(spec_.inv_freq, at::kDouble));
    cos_ = angles.cos().mul_(spec_.attention_factor).to(at::kFloat);
    sin_ = angles.sin().mul_(spec_.attention_factor).to(at::kFloat);
  }
  auto position_T = at::tensor(batch.positions, at::kInt).to(at::kLong);
  auto cos = cos_.index_select(0, position_T), sin = sin_.index_select(0, position_T);
  if (spec_.dynamic && longest > spec_.max_positions) {
    for (int64_t t = 0; t < batch.tokens; ++t) {
      const int32_t length = batch.row_lengths[static_cast<size_t>(t)];
      if (length <= spec_.max_positions) continue;
      auto angles = at::tensor(rope_frequencies(spec_, length), at::kDouble) *
                    batch.positions[static_cast<size_t>(t)];
      cos[t].copy_(angles.cos() * spec_.attention_factor);
      sin[t].copy_(angles.sin() * spec_.attention_factor);
    }
  }
  cos_TR = cos.to(device);
  sin_TR = sin.to(device);
}

}  // namespace xright
