// What attention.cpp hands to the CPU attention kernels: plain pointers and a work plan, no ATen.
//
// The keys that a row's spans see are cut into blocks of at most kKeyBlock consecutive tokens. A
// unit of work is one (row, key/value head); its query rows are (token, head of the group) pairs,
// token-major, so that neighbours see the same keys and every head of the group shares one packed
// copy of them.
#pragma once
#include <cstdint>

#include "nn/cpu/isa.h"

namespace xright::cpu {

constexpr int kKeyBlock = 64;
constexpr int kForwardRows = 24, kBackwardRows = 48;  // query rows worked on at once
constexpr int kTileBlocks = 8;  // key blocks whose scores forward holds at once
constexpr int kScoreRow =
    kTileBlocks * kKeyBlock + 16;  // not a power of two: rows in different cache sets

// A [tokens, heads, head_dim] view; strides in elements, the innermost is 1.
struct AttnView {
  void* data;
  int64_t token, head;
};

struct AttnArgs {
  AttnView q, k, v, o;          // o is written by forward, read by backward
  AttnView d_o, d_q, d_k, d_v;  // backward only
  float* lse_HT;                // [heads, lse_stride]
  int64_t lse_stride;
  int64_t group, head_dim;  // query heads of one key/value head
  int64_t window;           // 0 = none
  float scale;
  bool bfloat16;  // else float32
};

struct KeyBlock {
  int32_t token, count;
};

// A block as one span sees it.
struct KeyRef {
  int32_t block;     // index into the row's blocks
  int32_t position;  // of its first key
};

struct SpanPlan {
  int32_t q_start, q_len, q_position;
  int32_t ref_begin, ref_end;  // its keys in order of position
};

struct RowPlan {
  const SpanPlan* spans;
  const KeyRef* refs;
  const KeyBlock* blocks;
  int32_t n_spans, n_blocks, n_queries;
};

// Floats of scratch (64-byte aligned) that each kernel needs for such a row.
int64_t attention_forward_scratch(int64_t n_blocks, int64_t head_dim);
int64_t attention_backward_scratch(int64_t n_blocks, int64_t head_dim);
int64_t attention_decode_scratch(int64_t head_dim);

// Query rows (tokens × group) up to which attention_decode is used: keys are then read once and
// never transposed.
constexpr int kDecodeRows = 16;

}  // namespace xright::cpu

// Softmax base: exponents are kept in base 2 inside; lse is the natural logarithm.
XRIGHT_DECLARE_KERNEL(void, attention_forward, const AttnArgs& args, const RowPlan& row,
                      int64_t kv_head, float* scratch)
XRIGHT_DECLARE_KERNEL(void, attention_backward, const AttnArgs& args, const RowPlan& row,
                      int64_t kv_head, float* scratch)
XRIGHT_DECLARE_KERNEL(void, attention_decode, const AttnArgs& args, const RowPlan& row,
                      int64_t kv_head, float* scratch)
