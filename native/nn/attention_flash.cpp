// LibTorch's flash attention (CUDA): one variable-length call for the whole batch, each span a
// sequence of its own.
#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "nn/attention_aten.h"
#include "nn/backend.h"

namespace xright::nn {

namespace {

// Where each span's queries and keys lie. Flash wants them end to end, so keys are gathered as
// prefix + own.
struct FlashPlan {
  std::vector<AttnSpan> spans;
  at::Tensor cu_q, cu_k;  // int32 [spans + 1]
  at::Tensor queries;     // gathered index of queries; undefined when they already lie end to end
  at::Tensor keys;        // token of each gathered key
  at::Tensor
      uses;  // [key tokens, most uses]: where a token was gathered to; past the end = not used
  int64_t max_q = 0, max_k = 0;
};

at::Tensor index_tensor(const std::vector<int64_t>& values, at::ScalarType type,
                        at::Device device) {
  return at::tensor(values, at::TensorOptions().dtype(at::kLong)).to(type).to(device);
}

at::Tensor table_of_uses(const std::vector<int64_t>& keys, int64_t key_tokens, at::Device device) {
  std::vector<std::vector<int64_t>> uses(key_tokens);
  size_t most = 1;
  for (size_t i = 0; i < keys.size(); ++i) {
    uses[keys[i]].push_back(static_cast<int64_t>(i));
    most = std::max(most, uses[keys[i]].size());
  }
  std::vector<int64_t> table;
  for (auto& places : uses) {
    places.resize(most, static_cast<int64_t>(keys.size()));
    table.insert(table.end(), places.begin(), places.end());
  }
  return index_tensor(table, at::kLong, device).view({key_tokens, static_cast<int64_t>(most)});
}

FlashPlan make_plan(const std::vector<AttnSpan>& spans, int64_t query_tokens, int64_t key_tokens,
                    at::Device device) {
  FlashPlan plan;
  plan.spans = spans;
  std::vector<int64_t> cu_q{0}, cu_k{0}, queries, keys;
  const auto append = [](std::vector<int64_t>& to, int64_t start, int64_t length) {
    for (int64_t i = 0; i < length; ++i) to.push_back(start + i);
  };
  for (const AttnSpan& span : spans) {
    append(queries, span.q_start, span.q_len);
    append(keys, span.prefix_start, span.prefix_len);
    append(keys, span.k_start, span.k_len);
    cu_q.push_back(static_cast<int64_t>(queries.size()));
    cu_k.push_back(static_cast<int64_t>(keys.size()));
    plan.max_q = std::max<int64_t>(plan.max_q, span.q_len);
    plan.max_k = std::max<int64_t>(plan.max_k, int64_t{span.prefix_len} + span.k_len);
  }
  bool end_to_end = static_cast<int64_t>(queries.size()) == query_tokens;
  for (size_t i = 0; i < queries.size(); ++i)
    end_to_end = end_to_end && queries[i] == static_cast<int64_t>(i);
  if (!end_to_end) plan.queries = index_tensor(queries, at::kLong, device);
  plan.cu_q = index_tensor(cu_q, at::kInt, device);
  plan.cu_k = index_tensor(cu_k, at::kInt, device);
  plan.keys = index_tensor(keys, at::kLong, device);
  plan.uses = table_of_uses(keys, key_tokens, device);
  return plan;
}

// Every layer of a step asks for the same plan: the last one is kept.
const FlashPlan& plan_for(const std::vector<AttnSpan>& spans, const at::Tensor& q,
                          const at::Tensor& k) {
  thread_local std::optional<FlashPlan> last;
  thread_local int64_t query_tokens = 0;
  const bool same =
      last && last->keys.device() == q.device() && query_tokens == q.size(0) &&
      last->uses.size(0) == k.size(0) && last->spans.size() == spans.size() &&
      std::memcmp(last->spans.data(), spans.data(), spans.size() * sizeof(AttnSpan)) == 0;
  if (!same) {
    query_tokens = q.size(0);
    last = make_plan(spans, query_tokens, k.size(0), q.device());
  }
  return *last;
}

at::Tensor gather_queries(const FlashPlan& plan, const at::Tensor& x) {
  return plan.queries.defined() ? x.index_select(0, plan.queries) : x;
}

void scatter_queries(const FlashPlan& plan, const at::Tensor& gathered, at::Tensor to) {
  if (plan.queries.defined())
    to.index_copy_(0, plan.queries, gathered);
  else
    to.copy_(gathered);
}

// Sums what each token received over its uses, in float32 and in the order of the spans (no
// atomics).
void sum_uses(const FlashPlan& plan, const at::Tensor& gathered, at::Tensor& to) {
  const at::Tensor nothing = at::zeros({1, gathered.size(1), gathered.size(2)}, gathered.options());
  const at::Tensor parts = at::cat({gathered, nothing}).index_select(0, plan.uses.flatten());
  const at::Tensor split = parts.view({to.size(0), plan.uses.size(1), to.size(1), to.size(2)});
  to.copy_(at::sum(split, {1}, false, at::kFloat));
}

std::optional<int64_t> keys_to_the_left(const AttnShape& shape) {
  return shape.window > 0 ? std::optional<int64_t>(shape.window - 1) : std::nullopt;
}

// Flash's backward adds dq up with atomics unless deterministic algorithms are asked for.
class Deterministic {
 public:
  Deterministic() { at::globalContext().setDeterministicAlgorithms(true, warn_only_); }
  ~Deterministic() { at::globalContext().setDeterministicAlgorithms(before_, warn_only_); }

 private:
  bool before_ = at::globalContext().deterministicAlgorithms();
  bool warn_only_ = at::globalContext().deterministicAlgorithmsWarnOnly();
};

}  // namespace

bool flash_serves(const AttnShape& shape, const at::Tensor& q_THd) {
  return q_THd.is_cuda() && !aten_forced() && shape.head_dim % 8 == 0 && shape.head_dim <= 256 &&
         (q_THd.scalar_type() == at::kBFloat16 || q_THd.scalar_type() == at::kHalf);
}

void attention_forward_flash(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                             const at::Tensor& q_THd, const at::Tensor& k_SGd,
                             const at::Tensor& v_SGd, at::Tensor& o_THd, at::Tensor& lse_HT) {
  const FlashPlan& plan = plan_for(spans, q_THd, k_SGd);
  const auto result = at::_flash_attention_forward(
      gather_queries(plan, q_THd), k_SGd.index_select(0, plan.keys),
      v_SGd.index_select(0, plan.keys), plan.cu_q, plan.cu_k, plan.max_q, plan.max_k, 0.0, true,
      false, shape.scale, keys_to_the_left(shape));
  scatter_queries(plan, std::get<0>(result), o_THd);
  scatter_queries(plan, std::get<1>(result).transpose(0, 1), lse_HT.transpose(0, 1));
}

void attention_backward_flash(const AttnShape& shape, const std::vector<AttnSpan>& spans,
                              const at::Tensor& do_THd, const at::Tensor& q_THd,
                              const at::Tensor& k_SGd, const at::Tensor& v_SGd,
                              const at::Tensor& o_THd, const at::Tensor& lse_HT, at::Tensor& dq_THd,
                              at::Tensor& dk_SGd, at::Tensor& dv_SGd) {
  const FlashPlan& plan = plan_for(spans, q_THd, k_SGd);
  const Deterministic guard;
  const at::Tensor lse = gather_queries(plan, lse_HT.transpose(0, 1)).transpose(0, 1).contiguous();
  const auto options =
      q_THd.options().dtype(at::kUInt64);  // no dropout: the generator's state is not read
  const auto [dq, dk, dv] = at::_flash_attention_backward(
      gather_queries(plan, do_THd), gather_queries(plan, q_THd), k_SGd.index_select(0, plan.keys),
      v_SGd.index_select(0, plan.keys), gather_queries(plan, o_THd), lse, plan.cu_q, plan.cu_k,
      plan.max_q, plan.max_k, 0.0, true, at::empty({2}, options), at::empty({}, options),
      shape.scale, keys_to_the_left(shape));
  scatter_queries(plan, dq, dq_THd);
  sum_uses(plan, dk, dk_SGd);
  sum_uses(plan, dv, dv_SGd);
}

}  // namespace xright::nn
