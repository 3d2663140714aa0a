// The CPU attention kernels' work plan: spans grouped by row, their keys cut into blocks.
#pragma once
#include <cstdint>
#include <vector>

#include "nn/attention.h"
#include "nn/cpu/attention_kernels.h"

namespace xright::nn {

struct AttnRow {
  std::vector<cpu::SpanPlan> spans;
  std::vector<cpu::KeyRef> refs;
  std::vector<cpu::KeyBlock> blocks;  // disjoint
  int64_t queries = 0;
  int64_t pairs = 0;  // (query, key) pairs: the cost

  cpu::RowPlan view() const {
    return {spans.data(),
            refs.data(),
            blocks.data(),
            static_cast<int32_t>(spans.size()),
            static_cast<int32_t>(blocks.size()),
            static_cast<int32_t>(queries)};
  }
};

// One entry per row, in the order of the spans. Throws INTERNAL on spans that are not valid for
// these numbers of tokens.
std::vector<AttnRow> plan_attention(const std::vector<AttnSpan>& spans, int64_t query_tokens,
                                    int64_t key_tokens);

}  // namespace xright::nn
