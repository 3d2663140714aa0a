// Linear layers made of stacked modules, with LoRA (Hu et al. 2021) as part of the product, forward
// and backward.
#pragma once
#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "nn/dropout.h"
#include "nn/gemm.h"

namespace xright::nn {

// Adapter matrices in the model's dtype; `b_OR` already carries the scale alpha / r (or alpha /
// sqrt r).
struct LoraWeights {
  at::Tensor a_RI;               // all slices stacked: [slices * rank, I]
  std::vector<at::Tensor> b_OR;  // one a slice: [rows, rank]
  PackedMatrix packed_b;         // all slices in one block matrix, next to a packed weight
  bool defined() const { return a_RI.defined(); }
};

// The module an adapter belongs to and the output rows it covers.
struct LoraSlice {
  std::string module;  // dotted path in the checkpoint
  int64_t offset, rows;
  int64_t stream;             // tells dropout masks of different modules apart
  int64_t interleaved_heads;  // the module's
};

struct Lora {
  int64_t rank;
  double scale, dropout;
  std::vector<LoraSlice> slices;
  at::Tensor a_RI, grad_a_RI;               // float32
  std::vector<at::Tensor> b_OR, grad_b_OR;  // float32
  LoraWeights current, reference;  // compute copies; an undefined reference is the bare model
};

struct LinearModule {
  std::string name;
  int64_t rows;
  int64_t interleaved_heads;  // row order in the checkpoint, see ModuleSpec; 0 = as here
};

struct Linear {
  std::vector<LinearModule> modules;  // stacked along the output dimension
  at::Tensor weight_OI;               // model dtype
  at::Tensor bias_O;                  // model dtype; undefined without bias
  at::Tensor dweight_OI, dbias_O;     // float32, accumulated; undefined when frozen
  PackedMatrix packed;                // of a frozen weight, when this processor uses it
  std::optional<Lora> lora;

  void refresh_lora();  // its current compute copies <- float32 weights
  // Packs the B matrices of `weights` when the weight is packed.
  void pack_lora(LoraWeights& weights) const;

  // Columns of s_TR; 0 without adapter.
  int64_t low_ranks() const { return lora ? lora->a_RI.size(0) : 0; }
  bool trains() const { return lora.has_value() || dweight_OI.defined(); }
};

enum class Policy { kCurrent, kReference };

// y = x W^T + b + sum over slices of (dropout(x) A^T) B^T. `s_TR` receives dropout(x) A^T and is
// what backward needs besides x. `dropout` null = off. `then`, when not null, is computed from y.
// y_TO and, with an adapter, s_TR are preallocated, contiguous.
void linear_forward(const Linear& linear, Policy policy, const Dropout* dropout,
                    const at::Tensor& x_TI, at::Tensor& y_TO, at::Tensor& s_TR,
                    const FusedActivation* then = nullptr);

// dx_TI = dy W + adapter part, and ds_TR = gradient of s. Both are preallocated and overwritten; ds
// is left alone without adapter.
void linear_backward_input(const Linear& linear, const Dropout* dropout, const at::Tensor& dy_TO,
                           at::Tensor& dx_TI, at::Tensor& ds_TR);

// Adds the gradients of whatever trains. Separate from the input's part because x may be recomputed
// in between.
void linear_backward_weights(Linear& linear, const Dropout* dropout, const at::Tensor& x_TI,
                             const at::Tensor& s_TR, const at::Tensor& dy_TO,
                             const at::Tensor& ds_TR);

}  // namespace xright::nn
