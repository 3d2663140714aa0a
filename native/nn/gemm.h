// y = x W^T for a frozen bfloat16 W that was packed once for the processor's bfloat16 units (AMX or
// AVX-512 BF16), through LibTorch's brgemm; what follows the product is done while a tile of it is
// still in the cache.
#pragma once
#include <ATen/core/Tensor.h>

#include "nn/activation_kind.h"

namespace xright::nn {

// Panels of kPanel outputs: [O / kPanel][I / 2][kPanel][2]. Those of a gated matrix [gate | up]
// hold kPanel / 2 of either, so that a tile has both halves of what the activation needs.
struct PackedMatrix {
  at::Tensor panels;
  int64_t outputs = 0, depth = 0;
  bool gated = false;
  bool defined() const { return panels.defined(); }
};

// Whether this processor, the chosen instruction set and LibTorch have such products.
bool packed_products();
// Makes AVX-512 BF16 take them without AMX, where they do not pay (process-wide; for tests).
void force_packed(bool on);

// Undefined when they do not exist or do not serve this matrix (type, device, shape).
PackedMatrix pack_matrix(const at::Tensor& weight_OI, bool gated);

// Whether x W^T with these rows goes through the packed matrix. The same for any number of threads.
bool serves(const PackedMatrix& matrix, const at::Tensor& x_TI);

// h = act(y) next to y, as activation_forward computes it.
struct FusedActivation {
  Activation act;
  bool gated;
  at::Tensor& h_TF;
};

// What is added to a product in float32, before it is rounded: s B^T.
struct LowRank {
  at::Tensor s_TR;
  PackedMatrix b_OR;  // gated if the product's matrix is
};

// y = x W^T + b + s B^T, and h. `bias_O` may be undefined, `low_rank` and `fused` null. Rows are
// contiguous and `serves`.
void packed_product(const at::Tensor& x_TI, const PackedMatrix& matrix, const at::Tensor& bias_O,
                    const LowRank* low_rank, at::Tensor& y_TO, const FusedActivation* fused);

}  // namespace xright::nn
