// Attention's entry points: which implementation, and the CPU kernels' schedule over threads.
#include "nn/attention.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <numeric>

#include "core/errors.h"
#include "nn/attention_aten.h"
#include "nn/attention_plan.h"
#include "nn/backend.h"
#include "nn/profile.h"

namespace xright::nn {

namespace {

// 64-byte aligned memory that a thread keeps between calls.
float* thread_scratch(int64_t floats) {
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  thread_local std::unique_ptr<float, Free> memory;
  thread_local int64_t size = 0;
  if (floats > size) {
    memory.reset();
    size = (floats + 1023) / 1024 * 1024;
    memory.reset(static_cast<float*>(std::aligned_alloc(64, size * sizeof(float))));
    if (!memory) {
      size = 0;
      throw Error(Code::OUT_OF_MEMORY, "no memory for attention's scratch");
    }
  }
  return memory.get();
}

void check(const AttnShape& shape, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const bool fits = q.dim() == 3 && k.dim() == 3 && v.sizes() == k.sizes() &&
                    q.size(1) == shape.heads && k.size(1) == shape.kv_heads &&
                    q.size(2) == shape.head_dim && k.size(2) == shape.head_dim;
  if (!fits || shape.kv_heads <= 0 || shape.heads % shape.kv_heads != 0 ||
      shape.head_dim % 8 != 0 || shape.head_dim > 256 || !(shape.scale > 0) || shape.window < 0)
    throw Error(Code::INTERNAL, "attention was called with inconsistent shapes");
}

cpu::AttnView view(const at::Tensor& x) {
  if (x.stride(2) != 1) throw Error(Code::INTERNAL, "attention needs views with contiguous heads");
  return {x.data_ptr(), x.stride(0), x.stride(1)};
}

cpu::AttnArgs arguments(const AttnShape& shape, const at::Tensor& q, const at::Tensor& k,
                        const at::Tensor& v, const at::Tensor& o, const at::Tensor& lse) {
  cpu::AttnArgs args{};
  args.q = view(q);
  args.k = view(k);
  args.v = view(v);
  args.o = view(o);
  args.lse_HT = lse.data_ptr<float>();
  args.lse_stride = lse.stride(0);
  args.group = shape.heads / shape.kv_heads;
  args.head_dim = shape.head_dim;
  args.window = shape.window;
  args.scale = static_cast<float>(shape.scale);
  args.bfloat16 = q.scalar_type() == at::kBFloat16;
  return args;
}

// Multiplications and additions of `products` products over every visible (query, key) pair.
double attention_flops(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                       double products) {
  double pairs = 0;
  for (const AttnSpan& s : spans) pairs += s.q_len * (s.prefix_len + s.k_len - (s.q_len - 1) / 2.0);
  return 2 * products * pairs * static_cast<double>(shape.heads * shape.head_dim);
}

constexpr int64_t kParallelWork =
    1 << 19;  // multiply-adds below which starting threads costs more than it saves

// Runs every (row, key/value head): the most expensive first, each taken by the next free thread. A
// unit's numbers do not depend on which thread runs it.
template <typename Run>
void for_each_unit(const std::vector<AttnRow>& rows, const AttnShape& shape, const Run& run) {
  const int64_t kv_heads = shape.kv_heads;
  std::vector<int64_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return rows[a].pairs > rows[b].pairs; });
  const int64_t units = static_cast<int64_t>(rows.size()) * kv_heads;
  std::atomic<int64_t> next{0};
  const auto work = [&](int64_t, int64_t) {
    for (int64_t unit; (unit = next.fetch_add(1)) < units;)
      run(rows[order[unit / kv_heads]], unit % kv_heads);
  };
  int64_t pairs = 0;
  for (const AttnRow& row : rows) pairs += row.pairs;
  const int64_t threads = std::min<int64_t>(units, at::get_num_threads());
  if (threads <= 1 || pairs * shape.heads * shape.head_dim < kParallelWork)
    work(0, 1);
  else
    at::parallel_for(0, threads, 1, work);
}

}  // namespace

void attention_forward(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                       const at::Tensor& q_THd, const at::Tensor& k_SGd, const at::Tensor& v_SGd,
                       at::Tensor& o_THd, at::Tensor& lse_HT) {
  check(shape, q_THd, k_SGd, v_SGd);
  const Timed timed("attention", "forward", attention_flops(shape, spans, 2));
  if (!use_cpu_kernels(q_THd)) {
    const auto forward =
        flash_serves(shape, q_THd) ? attention_forward_flash : attention_forward_aten;
    return forward(shape, spans, q_THd, k_SGd, v_SGd, o_THd, lse_HT);
  }
  const cpu::AttnArgs args = arguments(shape, q_THd, k_SGd, v_SGd, o_THd, lse_HT);
  const std::vector<AttnRow> rows = plan_attention(spans, q_THd.size(0), k_SGd.size(0));
  for_each_unit(rows, shape, [&](const AttnRow& row, int64_t kv_head) {
    const cpu::RowPlan plan = row.view();
    if (row.queries * args.group <= cpu::kDecodeRows) {
      float* scratch = thread_scratch(cpu::attention_decode_scratch(shape.head_dim));
      XRIGHT_DISPATCH(attention_decode, args, plan, kv_head, scratch);
    } else {
      float* scratch =
          thread_scratch(cpu::attention_forward_scratch(plan.n_blocks, shape.head_dim));
      XRIGHT_DISPATCH(attention_forward, args, plan, kv_head, scratch);
    }
  });
}

void attention_backward(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                        const at::Tensor& do_THd, const at::Tensor& q_THd, const at::Tensor& k_SGd,
                        const at::Tensor& v_SGd, const at::Tensor& o_THd, const at::Tensor& lse_HT,
                        at::Tensor& dq_THd, at::Tensor& dk_SGd, at::Tensor& dv_SGd) {
  check(shape, q_THd, k_SGd, v_SGd);
  const Timed timed("attention", "backward", attention_flops(shape, spans, 5));
  if (!use_cpu_kernels(q_THd)) {
    const auto backward =
        flash_serves(shape, q_THd) ? attention_backward_flash : attention_backward_aten;
    return backward(shape, spans, do_THd, q_THd, k_SGd, v_SGd, o_THd, lse_HT, dq_THd, dk_SGd,
                    dv_SGd);
  }
  cpu::AttnArgs args = arguments(shape, q_THd, k_SGd, v_SGd, o_THd, lse_HT);
  args.d_o = view(do_THd);
  args.d_q = view(dq_THd);
  args.d_k = view(dk_SGd);
  args.d_v = view(dv_SGd);
  const std::vector<AttnRow> rows = plan_attention(spans, q_THd.size(0), k_SGd.size(0));
  for_each_unit(rows, shape, [&](const AttnRow& row, int64_t kv_head) {
    const cpu::RowPlan plan = row.view();
    float* scratch = thread_scratch(cpu::attention_backward_scratch(plan.n_blocks, shape.head_dim));
    XRIGHT_DISPATCH(attention_backward, args, plan, kv_head, scratch);
  });
}

}  // namespace xright::nn
