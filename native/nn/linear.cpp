#include "nn/linear.h"

#include <ATen/ATen.h>

#include "nn/activation.h"
#include "nn/profile.h"

namespace xright::nn {
namespace {

// The matrix in a profile: "q_proj|k_proj|v_proj". Only made while one runs.
std::string label(const Linear& linear) {
  std::string text;
  if (!profiling()) return text;
  for (const auto& m : linear.modules)
    text += (text.empty() ? "" : "|") + m.name.substr(m.name.rfind('.') + 1);
  return text;
}

double product_flops(const Linear& linear, int64_t rows) {
  return 2.0 * static_cast<double>(rows) * static_cast<double>(linear.weight_OI.numel());
}

double lora_flops(const Linear& linear, int64_t rows) {
  const Lora& lora = *linear.lora;
  int64_t numbers = lora.a_RI.numel();
  for (const auto& b_OR : lora.b_OR) numbers += b_OR.numel();
  return 2.0 * static_cast<double>(rows) * static_cast<double>(numbers);
}

// A slice's rank columns of a [T, slices * rank] matrix.
at::Tensor ranks(const Lora& lora, const at::Tensor& s_TR, size_t slice) {
  return s_TR.narrow(1, static_cast<int64_t>(slice) * lora.rank, lora.rank);
}

at::Tensor rows(const at::Tensor& y_TO, const LoraSlice& slice) {
  return y_TO.narrow(1, slice.offset, slice.rows);
}

at::Tensor a_of(const Lora& lora, const at::Tensor& a_RI, size_t slice) {
  return a_RI.narrow(0, static_cast<int64_t>(slice) * lora.rank, lora.rank);
}

// dropout(x) A^T; each slice has a mask of its own, as each module has in PEFT.
at::Tensor down_project(const Lora& lora, const LoraWeights& weights, const Dropout* dropout,
                        const at::Tensor& x_TI) {
  if (!dropout) return at::mm(x_TI, weights.a_RI.t());
  std::vector<at::Tensor> parts;
  for (size_t i = 0; i < lora.slices.size(); ++i)
    parts.push_back(at::mm(dropout_apply(*dropout, lora.slices[i].stream, x_TI),
                           a_of(lora, weights.a_RI, i).t()));
  return at::cat(parts, 1);
}

// The adapter that applies; null when there is none or the policy is the bare model.
const LoraWeights* weights_of(const Linear& linear, Policy policy) {
  if (!linear.lora) return nullptr;
  const LoraWeights& weights =
      policy == Policy::kCurrent ? linear.lora->current : linear.lora->reference;
  return weights.defined() ? &weights : nullptr;
}

}  // namespace

void Linear::refresh_lora() {
  lora->current.a_RI.copy_(lora->a_RI);
  for (size_t i = 0; i < lora->b_OR.size(); ++i)
    lora->current.b_OR[i].copy_(lora->b_OR[i] * lora->scale);
  pack_lora(lora->current);
}

void Linear::pack_lora(LoraWeights& weights) const {
  if (!packed.defined()) return;
  const int64_t ranks_of_all = static_cast<int64_t>(lora->slices.size()) * lora->rank;
  auto b_OR = at::zeros({weight_OI.size(0), ranks_of_all}, weight_OI.options());
  for (size_t i = 0; i < lora->slices.size(); ++i)
    ranks(*lora, b_OR, i)
        .narrow(0, lora->slices[i].offset, lora->slices[i].rows)
        .copy_(weights.b_OR[i]);
  weights.packed_b = pack_matrix(b_OR, packed.gated);
}

void linear_forward(const Linear& linear, Policy policy, const Dropout* dropout,
                    const at::Tensor& x_TI, at::Tensor& y_TO, at::Tensor& s_TR,
                    const FusedActivation* then) {
  const LoraWeights* weights = weights_of(linear, policy);
  s_TR = at::Tensor();
  if (weights) {
    const Timed timed("lora", "forward", lora_flops(linear, x_TI.size(0)));
    s_TR = down_project(*linear.lora, *weights, dropout, x_TI);
  }
  {
    const Timed timed(label(linear), "forward", product_flops(linear, x_TI.size(0)));
    if (serves(linear.packed, x_TI)) {
      const LowRank low_rank{s_TR, weights ? weights->packed_b : PackedMatrix{}};
      return packed_product(x_TI, linear.packed, linear.bias_O, weights ? &low_rank : nullptr, y_TO,
                            then);
    }
    if (linear.bias_O.defined()) {
      at::addmm_out(y_TO, linear.bias_O, x_TI, linear.weight_OI.t());
    } else {
      at::mm_out(y_TO, x_TI, linear.weight_OI.t());
    }
    for (size_t i = 0; weights && i < linear.lora->slices.size(); ++i)
      rows(y_TO, linear.lora->slices[i]).addmm_(ranks(*linear.lora, s_TR, i), weights->b_OR[i].t());
  }
  if (then) activation_forward(then->act, then->gated, y_TO, then->h_TF);
}

void linear_backward_input(const Linear& linear, const Dropout* dropout, const at::Tensor& dy_TO,
                           at::Tensor& dx_TI, at::Tensor& ds_TR) {
  {
    const Timed timed(label(linear), "backward", product_flops(linear, dy_TO.size(0)));
    at::mm_out(dx_TI, dy_TO, linear.weight_OI);
  }
  ds_TR = at::Tensor();
  if (!linear.lora) return;
  const Timed timed("lora", "backward", lora_flops(linear, dy_TO.size(0)));
  const Lora& lora = *linear.lora;
  const int64_t slices = static_cast<int64_t>(lora.slices.size());
  ds_TR = at::empty({dy_TO.size(0), slices * lora.rank}, dy_TO.options());
  for (size_t i = 0; i < lora.slices.size(); ++i) {
    auto ds_Tr = ranks(lora, ds_TR, i);
    ds_Tr.copy_(at::mm(rows(dy_TO, lora.slices[i]), lora.current.b_OR[i]));
    if (dropout) {
      auto dx = at::mm(ds_Tr, a_of(lora, lora.current.a_RI, i));
      dx_TI.add_(dropout_apply(*dropout, lora.slices[i].stream, dx));
    }
  }
  if (!dropout) dx_TI.addmm_(ds_TR, lora.current.a_RI);
}

void linear_backward_weights(Linear& linear, const Dropout* dropout, const at::Tensor& x_TI,
                             const at::Tensor& s_TR, const at::Tensor& dy_TO,
                             const at::Tensor& ds_TR) {
  if (linear.dweight_OI.defined()) {
    const Timed timed(label(linear), "weight gradient", product_flops(linear, x_TI.size(0)));
    linear.dweight_OI.add_(at::mm(dy_TO.t(), x_TI));
    if (linear.dbias_O.defined()) linear.dbias_O.add_(dy_TO.sum({0}, false, at::kFloat));
  }
  if (!linear.lora) return;
  const Timed timed("lora", "weight gradient", lora_flops(linear, x_TI.size(0)));
  Lora& lora = *linear.lora;
  for (size_t i = 0; i < lora.slices.size(); ++i)
    lora.grad_b_OR[i].add_(at::mm(rows(dy_TO, lora.slices[i]).t(), ranks(lora, s_TR, i)),
                           lora.scale);
  if (!dropout) {
    lora.grad_a_RI.add_(at::mm(ds_TR.t(), x_TI));
    return;
  }
  for (size_t i = 0; i < lora.slices.size(); ++i) {
    auto x = dropout_apply(*dropout, lora.slices[i].stream, x_TI);
    a_of(lora, lora.grad_a_RI, i).add_(at::mm(ranks(lora, ds_TR, i).t(), x));
  }
}

}  // namespace xright::nn
