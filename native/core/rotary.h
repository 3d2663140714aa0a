// defines: RotaryTable. cos and sin of a batch's positions for one rotary embedding.
#pragma once
#include <ATen/core/Tensor.h>

#include "core/batch.h"
#include "models/spec.h"

namespace xright {

class RotaryTable {
 public:
  explicit RotaryTable(const RopeSpec& spec) : spec_(spec) {}

  // Fills cos_TR and sin_TR for the batch's tokens.
  void prepare(const PackedBatch& batch, at::Device device);

  at::Tensor cos_TR, sin_TR;  // float32, attention factor included

 private:
  const RopeSpec& spec_;
  at::Tensor cos_, sin_;  // of positions 0, 1, …; kept between steps and grown on demand
};

}  // namespace xright
