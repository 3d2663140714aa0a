// Dropout with counter-based masks: element (key, column) of a stream is kept or not whatever the
// batch, the thread count or the device, and backward recomputes the mask instead of storing it.
#pragma once
#include <ATen/core/Tensor.h>

namespace xright::nn {

struct Dropout {
  double probability = 0;  // in [0, 1)
  int64_t seed = 0;        // seed of the run mixed with the step
  at::Tensor keys_T;       // int64: position of each token in the optimiser step
};

// x * mask / (1 - p) as a new tensor of x's dtype. `stream` tells modules apart.
at::Tensor dropout_apply(const Dropout& dropout, int64_t stream, const at::Tensor& x_TI);

}  // namespace xright::nn
