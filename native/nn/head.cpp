#include "nn/head.h"

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <string>

#include "core/errors.h"
#include "nn/backend.h"
#include "nn/cpu/head_kernels.h"
#include "nn/profile.h"

namespace xright::nn {
namespace {

constexpr int64_t kLogitBytes = 24 << 20;  // of one chunk, about
constexpr int64_t kMinRows = 32, kMaxRows = 512;
constexpr int64_t kSliceNumbers =
    16 << 20;  // of one slice of the weight gradient in the model's dtype

int64_t chunk_rows(const at::Tensor& weight_VD) {
  const int64_t row_bytes = weight_VD.size(0) * static_cast<int64_t>(weight_VD.element_size());
  const int64_t rows = kLogitBytes / std::max<int64_t>(1, row_bytes);
  return std::clamp(rows / kMinRows * kMinRows, kMinRows, kMaxRows);
}

// Height of the product for `rows` rows. On the CPU a row's rounding is the same for all multiples
// of kMinRows (matrix- vector kernels, for a single row, do differ; the tests compare); elsewhere
// only one height is safe.
int64_t padded_rows(const at::Tensor& h_ND, int64_t rows, int64_t chunk) {
  return h_ND.is_cpu() ? at::divup(rows, kMinRows) * kMinRows : chunk;
}

// Rows [first, first + rows) of h, zero rows below up to `height`.
at::Tensor padded(const at::Tensor& h_ND, int64_t first, int64_t rows, int64_t height) {
  const auto part = h_ND.narrow(0, first, rows);
  if (rows == height) return part;
  auto h_CD = at::zeros({height, h_ND.size(1)}, h_ND.options());
  h_CD.narrow(0, 0, rows).copy_(part);
  return h_CD;
}

// One chunk's logits. On the CPU the memory is kept until the thread (a session's) ends: the page
// faults of fresh memory cost a third of the product.
at::Tensor logits_buffer(int64_t rows, int64_t vocab, const at::TensorOptions& options) {
  if (!options.device().is_cpu()) return at::empty({rows, vocab}, options);
  thread_local at::Tensor kept;
  const bool fits = kept.defined() && kept.dtype() == options.dtype() &&
                    kept.numel() >= rows * vocab &&
                    kept.is_inference() == c10::InferenceMode::is_enabled();
  if (!fits) kept = at::empty({rows * vocab}, options);
  return kept.narrow(0, 0, rows * vocab).view({rows, vocab});
}

struct RowOutputs {
  at::Tensor logp, correct;  // float32, undefined when not wanted
  at::Tensor coefficient;    // float32, undefined = 1
  bool gradient;
};

// logits <- coefficient * (onehot - softmax) when asked for, log-probs and hits of each row.
void rows_cpu(at::Tensor& logits_RV, const at::Tensor& targets_R, const RowOutputs& out) {
  const cpu::HeadArgs args{
      .logits = logits_RV.data_ptr(),
      .vocab = logits_RV.size(1),
      .targets = targets_R.const_data_ptr<int32_t>(),
      .coefficient = out.coefficient.defined() ? out.coefficient.const_data_ptr<float>() : nullptr,
      .logp = out.logp.defined() ? out.logp.data_ptr<float>() : nullptr,
      .correct = out.correct.defined() ? out.correct.data_ptr<float>() : nullptr,
      .gradient = out.gradient,
      .bfloat16 = logits_RV.scalar_type() == at::kBFloat16,
  };
  at::parallel_for(0, logits_RV.size(0), 1, [&](int64_t begin, int64_t end) {
    XRIGHT_DISPATCH(head_rows, args, begin, end);
  });
}

void rows_aten(at::Tensor& logits_RV, const at::Tensor& targets_R, const RowOutputs& out) {
  const auto index_R1 = targets_R.to(at::kLong).unsqueeze(1);
  auto wide_RV = at::log_softmax(logits_RV, 1, at::toOpMathType(logits_RV.scalar_type()));
  if (out.logp.defined()) out.logp.copy_(wide_RV.gather(1, index_R1).squeeze(1));
  if (out.correct.defined()) {
    const auto hit_R = logits_RV.argmax(1).eq(targets_R);
    out.correct.copy_(hit_R.logical_and_(wide_RV.select(1, 0).isnan().logical_not_()));
  }
  if (!out.gradient) return;
  wide_RV.exp_().neg_().scatter_add_(1, index_R1, at::ones_like(index_R1, wide_RV.options()));
  if (out.coefficient.defined()) wide_RV.mul_(out.coefficient.unsqueeze(1));
  logits_RV.copy_(wide_RV);
}

void check_targets(const at::Tensor& targets_N, int64_t vocab) {
  if (!targets_N.is_cpu()) return;  // elsewhere gather checks
  const int32_t* targets = targets_N.const_data_ptr<int32_t>();
  for (int64_t n = 0; n < targets_N.size(0); ++n)
    if (targets[n] < 0 || targets[n] >= vocab)
      throw Error(Code::INTERNAL, "target token id " + std::to_string(targets[n]) +
                                      " is outside the vocabulary of " + std::to_string(vocab));
}

double product_flops(const at::Tensor& h_CD, const at::Tensor& weight_VD) {
  return 2.0 * static_cast<double>(h_CD.size(0)) * static_cast<double>(weight_VD.numel());
}

// visit(first, rows, h_CD, logits_CV) for each chunk; logits rows beyond `rows` are zero.
template <typename F>
void each_chunk(const at::Tensor& h_ND, const at::Tensor& weight_VD, F&& visit) {
  const int64_t total = h_ND.size(0), chunk = chunk_rows(weight_VD);
  if (total == 0) return;
  const int64_t tallest = padded_rows(h_ND, std::min(total, chunk), chunk);
  auto logits_CV = logits_buffer(tallest, weight_VD.size(0), h_ND.options());
  for (int64_t first = 0; first < total; first += chunk) {
    const int64_t rows = std::min(chunk, total - first), height = padded_rows(h_ND, rows, chunk);
    const auto h_CD = padded(h_ND, first, rows, height);
    auto part_CV = logits_CV.narrow(0, 0, height);
    {
      const Timed timed("head", "forward", product_flops(h_CD, weight_VD));
      at::mm_out(part_CV, h_CD, weight_VD.t());
    }
    visit(first, rows, h_CD, part_CV);
  }
}

void process_rows(at::Tensor& logits_CV, const at::Tensor& targets_N, int64_t first, int64_t rows,
                  const RowOutputs& out) {
  const Timed timed("log-softmax", out.gradient ? "forward and backward" : "forward");
  const auto part = [&](const at::Tensor& t) { return t.defined() ? t.narrow(0, first, rows) : t; };
  auto logits_RV = logits_CV.narrow(0, 0, rows);
  const RowOutputs chunk{part(out.logp), part(out.correct), part(out.coefficient), out.gradient};
  (use_cpu_kernels(logits_RV) ? rows_cpu : rows_aten)(logits_RV, part(targets_N), chunk);
}

// dweight += g^T h, by slices of the vocabulary so that the product in the model's dtype stays
// small.
void add_weight_gradient(at::Tensor& dweight_VD, const at::Tensor& g_CV, const at::Tensor& h_CD) {
  if (h_CD.scalar_type() == dweight_VD.scalar_type()) {
    dweight_VD.addmm_(g_CV.t(), h_CD);
    return;
  }
  const int64_t vocab = dweight_VD.size(0), width = dweight_VD.size(1);
  const int64_t slice = std::max<int64_t>(1, kSliceNumbers / width);
  auto product = at::empty({std::min(slice, vocab), width}, h_CD.options());
  for (int64_t first = 0; first < vocab; first += slice) {
    const int64_t rows = std::min(slice, vocab - first);
    auto part = product.narrow(0, 0, rows);
    at::mm_out(part, g_CV.narrow(1, first, rows).t(), h_CD);
    dweight_VD.narrow(0, first, rows).add_(part);
  }
}

}  // namespace

HeadResult head_logprobs(const at::Tensor& h_ND, const at::Tensor& weight_VD,
                         const at::Tensor& targets_N, bool with_gradient) {
  check_targets(targets_N, weight_VD.size(0));
  const auto options = h_ND.options().dtype(at::kFloat);
  HeadResult result{at::empty({h_ND.size(0)}, options), at::empty({h_ND.size(0)}, options), {}};
  if (with_gradient) result.dh_ND = at::empty(h_ND.sizes(), options);
  const RowOutputs out{result.logp_N, result.correct_N, {}, with_gradient};
  each_chunk(
      h_ND, weight_VD,
      [&](int64_t first, int64_t rows, const at::Tensor& h_CD, at::Tensor& logits_CV) {
        process_rows(logits_CV, targets_N, first, rows, out);
        if (!with_gradient) return;
        const Timed timed("head", "backward", product_flops(h_CD, weight_VD));
        result.dh_ND.narrow(0, first, rows).copy_(at::mm(logits_CV, weight_VD).narrow(0, 0, rows));
      });
  return result;
}

void head_weight_gradient(const at::Tensor& h_ND, const at::Tensor& weight_VD,
                          const at::Tensor& targets_N, const at::Tensor& coefficient_N,
                          at::Tensor& dweight_VD) {
  check_targets(targets_N, weight_VD.size(0));
  const RowOutputs out{{}, {}, coefficient_N, true};
  each_chunk(h_ND, weight_VD,
             [&](int64_t first, int64_t rows, const at::Tensor& h_CD, at::Tensor& logits_CV) {
               process_rows(logits_CV, targets_N, first, rows, out);
               const Timed timed("head", "weight gradient", product_flops(h_CD, weight_VD));
               add_weight_gradient(dweight_VD, logits_CV, h_CD);
             });
}

}  // namespace xright::nn
