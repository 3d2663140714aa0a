#include "nn/cpu/elementwise.h"
#include "nn/cpu/head_kernels.h"

namespace xright::cpu::XRIGHT_ISA {
namespace {

constexpr float kLowest = -__builtin_inff();

// NaN is passed over here; it shows in the sum.
template <typename T>
float largest(const T* row, int64_t begin, int64_t end) {
  vfloat best = splat(kLowest);
  each_vector(begin, end, [&](int64_t i, auto lanes) {
    const vfloat v = keep(load(row + i, lanes), lanes, kLowest);
    best = v > best ? v : best;
  });
  return max_lanes(best);
}

// Four accumulators: shorter chains, and less rounding over a large vocabulary.
template <typename T>
float sum_exp(const T* row, int64_t vocab, float peak) {
  vfloat sum[4] = {};
  int64_t i = 0;
  for (; i + 4 * kLanes <= vocab; i += 4 * kLanes)
    for (int k = 0; k < 4; ++k) sum[k] += exp_lanes(load(row + i + k * kLanes) - peak);
  each_vector(i, vocab, [&](int64_t j, auto lanes) {
    sum[0] += keep(exp_lanes(load(row + j, lanes) - peak), lanes, 0);
  });
  return sum_lanes((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

template <typename T>
float value(const T* row, int64_t index) {
  return load(row + index, int64_t{1})[0];
}

template <typename T>
void one_row(const HeadArgs& a, int64_t n) {
  T* row = static_cast<T*>(a.logits) + n * a.vocab;
  const int64_t target = a.targets[n];
  const float logit = value(row, target);
  const float before = largest(row, 0, target), from = largest(row, target, a.vocab);
  const float peak = before > from ? before : from;
  const float sum = sum_exp(row, a.vocab, peak);
  if (a.logp)
    a.logp[n] = (logit - peak) - static_cast<float>(__builtin_log(static_cast<double>(sum)));
  if (a.correct) a.correct[n] = logit == from && before < logit && sum == sum ? 1.0f : 0.0f;
  if (!a.gradient) return;
  const float coefficient = a.coefficient ? a.coefficient[n] : 1.0f;
  const float scale = -coefficient / sum;
  each_vector(0, a.vocab, [&](int64_t i, auto lanes) {
    store(row + i, exp_lanes(load(row + i, lanes) - peak) * scale, lanes);
  });
  const vfloat at_target = splat(coefficient * (1.0f - __builtin_expf(logit - peak) / sum));
  store(row + target, at_target, int64_t{1});
}

template <typename T>
void all_rows(const HeadArgs& args, int64_t begin, int64_t end) {
  for (int64_t n = begin; n < end; ++n) one_row<T>(args, n);
}

}  // namespace

void head_rows(const HeadArgs& args, int64_t begin, int64_t end) {
  (args.bfloat16 ? all_rows<Bf16> : all_rows<float>)(args, begin, end);
}

}  // namespace xright::cpu::XRIGHT_ISA
