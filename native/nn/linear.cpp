#include "nn/linear.h"

#include <ATen/ATen.h>

#include "nn/activation.h"
#include "nn/profile.h"
#include "nn/row_slices.h"

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

at::Tensor columns(const at::Tensor& y_TO, const LoraSlice& slice) {
  return y_TO.narrow(1, slice.offset, slice.rows);
}

at::Tensor a_of(const Lora& lora, const at::Tensor& a_RI, size_t slice) {
  return a_RI.narrow(0, static_cast<int64_t>(slice) * lora.rank, lora.rank);
}

// s = dropout(x) A^T; each slice has a mask of its own, as each module has in PEFT.
void down_project(const Lora& lora, const LoraWeights& weights, const Dropout* dropout,
                  const at::Tensor& x_TI, at::Tensor& s_TR) {
  if (!dropout) {
    at::mm_out(s_TR, x_TI, weights.a_RI.t());
    return;
  }
  for (size_t i = 0; i < lora.slices.size(); ++i)
    ranks(lora, s_TR, i)
        .copy_(at::mm(dropout_apply(*dropout, lora.slices[i].stream, x_TI),
                      a_of(lora, weights.a_RI, i).t()));
}

// The adapter that applies; null when there is none or the policy is the bare model.
const LoraWeights* weights_of(const Linear& linear, Policy policy) {
  if (!linear.lora) return nullptr;
  const LoraWeights& weights =
      policy == Policy::kCurrent ? linear.lora->current : linear.lora->reference;
  return weights.defined() ? &weights : nullptr;
}

// On a CPU every thread takes rows of its own through all that is done with them: at some heights
// oneDNN's split of a bfloat16 product among threads loses a quarter of their time.
template <typename F>
void by_rows(const at::Tensor& x_TI, F&& work) {
  if (x_TI.is_cpu() && x_TI.scalar_type() == at::kBFloat16) return each_slice(x_TI.size(0), work);
  work(int64_t{0}, x_TI.size(0));
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
  if (weights) {
    const Timed timed("lora", "forward", lora_flops(linear, x_TI.size(0)));
    down_project(*linear.lora, *weights, dropout, x_TI, s_TR);
  }
  {
    const Timed timed(label(linear), "forward", product_flops(linear, x_TI.size(0)));
    if (serves(linear.packed, x_TI)) {
      const LowRank low_rank{s_TR, weights ? weights->packed_b : PackedMatrix{}};
      return packed_product(x_TI, linear.packed, linear.bias_O, weights ? &low_rank : nullptr, y_TO,
                            then);
    }
    by_rows(x_TI, [&](int64_t first, int64_t count) {
      const auto part = [&](const at::Tensor& t) { return t.narrow(0, first, count); };
      auto y_RO = part(y_TO);
      if (linear.bias_O.defined()) {
        at::addmm_out(y_RO, linear.bias_O, part(x_TI), linear.weight_OI.t());
      } else {
        at::mm_out(y_RO, part(x_TI), linear.weight_OI.t());
      }
      for (size_t i = 0; weights && i < linear.lora->slices.size(); ++i)
        columns(y_RO, linear.lora->slices[i])
            .addmm_(ranks(*linear.lora, part(s_TR), i), weights->b_OR[i].t());
    });
  }
  if (then) activation_forward(then->act, then->gated, y_TO, then->h_TF);
}

void linear_backward_input(const Linear& linear, const Dropout* dropout, const at::Tensor& dy_TO,
                           at::Tensor& dx_TI, at::Tensor& ds_TR) {
  const int64_t rows = dy_TO.size(0);
  const double flops = product_flops(linear, rows) + (linear.lora ? lora_flops(linear, rows) : 0);
  const Timed timed(label(linear), "backward", flops);
  by_rows(dy_TO, [&](int64_t first, int64_t count) {
    const auto part = [&](const at::Tensor& t) { return t.narrow(0, first, count); };
    auto dx_RI = part(dx_TI);
    at::mm_out(dx_RI, part(dy_TO), linear.weight_OI);
    if (!linear.lora) return;
    const Lora& lora = *linear.lora;
    for (size_t i = 0; i < lora.slices.size(); ++i)
      ranks(lora, part(ds_TR), i)
          .copy_(at::mm(columns(part(dy_TO), lora.slices[i]), lora.current.b_OR[i]));
    if (!dropout) dx_RI.addmm_(part(ds_TR), lora.current.a_RI);
  });
  if (!dropout || !linear.lora) return;
  const Lora& lora = *linear.lora;
  for (size_t i = 0; i < lora.slices.size(); ++i) {
    const auto adapter_TI = at::mm(ranks(lora, ds_TR, i), a_of(lora, lora.current.a_RI, i));
    dx_TI.add_(dropout_apply(*dropout, lora.slices[i].stream, adapter_TI));
  }
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
    lora.grad_b_OR[i].add_(at::mm(columns(dy_TO, lora.slices[i]).t(), ranks(lora, s_TR, i)),
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
