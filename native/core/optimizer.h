// defines: AdamW. LibTorch's fused AdamW (Loshchilov & Hutter 2019) over float32 masters, with
// gradient clipping.
#pragma once
#include <vector>

#include "core/model.h"

namespace xright {

struct UpdateSpec {
  double lr, beta1, beta2, eps, weight_decay;
  double max_grad_norm;  // infinity = no clipping
};

class AdamW {
 public:
  explicit AdamW(std::vector<Parameter> parameters);

  // Clips to the global L2 norm, steps, writes compute copies, zeroes the gradients. Returns the
  // norm before clipping. A non-finite norm changes nothing and throws NON_FINITE.
  double step(const UpdateSpec& spec);
  void zero_grad();

  // Calls `visit(name, view)` for both moments, the step count and, when the model's dtype is below
  // float32, every float32 master.
  void visit_state(const TensorVisitor& visit);
  // After a restore: compute copies <- masters.
  void apply_masters();

  int64_t parameter_count() const;
  int64_t bytes() const;  // masters, gradients and moments

 private:
  struct Group {  // parameters that share a weight decay
    std::vector<at::Tensor> values, grads, first, second, steps;
    std::vector<std::string> names;
  };
  double grad_norm() const;

  std::vector<Parameter> parameters_;
  Group groups_[2];  // [0] without, [1] with weight decay
};

}  // namespace xright
