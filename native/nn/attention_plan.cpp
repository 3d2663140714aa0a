#include "nn/attention_plan.h"

#include <algorithm>
#include <string>

#include "core/errors.h"

namespace xright::cpu {

namespace {
// Room for one block of keys, one row per key, with head_dim rounded up to the widest vector.
int64_t block_floats(int64_t head_dim) { return (head_dim + 15) / 16 * 16 * kKeyBlock; }
}  // namespace

int64_t attention_forward_scratch(int64_t n_blocks, int64_t head_dim) {
  return (2 * n_blocks + 1) * block_floats(head_dim) +
         2 * kForwardRows * block_floats(head_dim) / kKeyBlock + kForwardRows * kScoreRow;
}

int64_t attention_backward_scratch(int64_t n_blocks, int64_t head_dim) {
  return (5 * n_blocks + 1) * block_floats(head_dim) +
         3 * kBackwardRows * block_floats(head_dim) / kKeyBlock +
         4 * kBackwardRows * kKeyBlock;  // in pairs: two halves and three
}

int64_t attention_decode_scratch(int64_t head_dim) {
  return block_floats(head_dim) +
         kDecodeRows * (2 * block_floats(head_dim) / kKeyBlock + kKeyBlock);
}

}  // namespace xright::cpu

namespace xright::nn {

namespace {

void check_span(const AttnSpan& span, int64_t query_tokens, int64_t key_tokens) {
  const auto inside = [](int64_t start, int64_t length, int64_t total) {
    return start >= 0 && length >= 0 && start + length <= total;
  };
  if (!inside(span.q_start, span.q_len, query_tokens) ||
      !inside(span.prefix_start, span.prefix_len, key_tokens) ||
      !inside(span.k_start, span.k_len, key_tokens) || span.k_len < span.q_len)
    throw Error(Code::INTERNAL,
                "attention span of row " + std::to_string(span.row) + " is out of range");
}

// Blocks never straddle the beginning or end of a range that a span sees, so that each range is a
// list of blocks.
std::vector<cpu::KeyBlock> cut_keys(const AttnSpan* first, const AttnSpan* last) {
  std::vector<std::pair<int32_t, int32_t>> ranges;
  std::vector<int32_t> cuts;
  for (const AttnSpan* span = first; span != last; ++span)
    for (auto [start, length] :
         {std::pair{span->prefix_start, span->prefix_len}, {span->k_start, span->k_len}})
      if (length > 0) {
        ranges.emplace_back(start, start + length);
        cuts.insert(cuts.end(), {start, start + length});
      }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  std::vector<cpu::KeyBlock> blocks;
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    const bool seen = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
      return range.first <= cuts[i] && cuts[i + 1] <= range.second;
    });
    for (int32_t at = cuts[i]; seen && at < cuts[i + 1]; at += cpu::kKeyBlock)
      blocks.push_back({at, std::min(cpu::kKeyBlock, cuts[i + 1] - at)});
  }
  return blocks;
}

void add_range(AttnRow& row, int32_t start, int32_t length, int32_t position) {
  const auto from = std::lower_bound(
      row.blocks.begin(), row.blocks.end(), start,
      [](const cpu::KeyBlock& block, int32_t token) { return block.token < token; });
  for (auto block = from; block != row.blocks.end() && block->token < start + length; ++block)
    row.refs.push_back(
        {static_cast<int32_t>(block - row.blocks.begin()), position + block->token - start});
}

AttnRow plan_row(const AttnSpan* first, const AttnSpan* last) {
  AttnRow row;
  row.blocks = cut_keys(first, last);
  for (const AttnSpan* span = first; span != last; ++span) {
    if (span->q_len == 0) continue;
    cpu::SpanPlan plan{span->q_start, span->q_len, span->prefix_len + span->k_len - span->q_len, 0,
                       0};
    plan.ref_begin = static_cast<int32_t>(row.refs.size());
    if (span->prefix_len > 0) add_range(row, span->prefix_start, span->prefix_len, 0);
    if (span->k_len > 0) add_range(row, span->k_start, span->k_len, span->prefix_len);
    plan.ref_end = static_cast<int32_t>(row.refs.size());
    row.spans.push_back(plan);
    row.queries += span->q_len;
    row.pairs += int64_t{span->q_len} * (2 * plan.q_position + span->q_len + 1) / 2;
  }
  return row;
}

}  // namespace

std::vector<AttnRow> plan_attention(const std::vector<AttnSpan>& spans, int64_t query_tokens,
                                    int64_t key_tokens) {
  std::vector<AttnRow> rows;
  const AttnSpan *first = spans.data(), *end = first + spans.size();
  while (first != end) {
    const AttnSpan* last = first;
    for (; last != end && last->row == first->row; ++last)
      check_span(*last, query_tokens, key_tokens);
    rows.push_back(plan_row(first, last));
    first = last;
  }
  return rows;
}

}  // namespace xright::nn
