// Attention forward for few query rows and many keys (decoding with a cache): every key and value
// is read once.
#include <cmath>

#include "nn/cpu/attention_tile.h"

namespace xright::cpu::XRIGHT_ISA {

namespace {

struct Queries {
  float *q, *o, *scores;  // [kDecodeRows, padded] twice, [kDecodeRows, kKeyBlock]
  int64_t rows, padded;
  float peak[kDecodeRows], total[kDecodeRows];  // running maximum (base 2) and sum of exponentials
};

// Lane l of x[0] becomes the sum of the lanes of x[l]: each round adds the two halves of every
// group of lanes and lets two vectors share the room that frees.
template <int kWidth>
XRIGHT_INLINE void sum_each(vfloat* x) {
  vint first{}, second{};
#pragma GCC unroll 16
  for (int l = 0; l < kLanes; ++l) {
    first[l] = l / kWidth % 2 * kLanes + l / (2 * kWidth) * 2 * kWidth + l % kWidth;
    second[l] = first[l] + kWidth;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i)
    x[i] = __builtin_shuffle(x[i], x[i + kWidth], first) +
           __builtin_shuffle(x[i], x[i + kWidth], second);
  if constexpr (kWidth > 1) sum_each<kWidth / 2>(x);
}

// Scores of one query row against kLanes keys.
XRIGHT_INLINE void key_scores(const float* q, const float* k_rows, int64_t padded, float* scores) {
  vfloat sums[kLanes];
#pragma GCC unroll 16
  for (int l = 0; l < kLanes; ++l) {
    vfloat sum = load(q) * load(k_rows + l * padded);
    for (int64_t c = kLanes; c < padded; c += kLanes)
      sum += load(q + c) * load(k_rows + l * padded + c);
    sums[l] = sum;
  }
  sum_each<kLanes / 2>(sums);
  store(scores, sums[0]);
}

void row_softmax(int64_t r, int64_t width, float log2_scale, Queries& queries) {
  float* scores = queries.scores + r * kKeyBlock;
  vfloat highest = load(scores), total{};
  for (int64_t j = kLanes; j < width; j += kLanes) highest = max(highest, load(scores + j));
  const float before = queries.peak[r], here = max_lanes(highest) * log2_scale;
  const float peak = before > here ? before : here, base = peak == -INFINITY ? 0.0f : peak;
  for (int64_t j = 0; j < width; j += kLanes) {
    const vfloat p = exp2_lanes(load(scores + j) * log2_scale - base);
    total += p;
    store(scores + j, p);
  }
  const float correction = exp2_lanes(splat(before - base))[0];
  queries.peak[r] = peak;
  queries.total[r] = queries.total[r] * correction + sum_lanes(total);
  float* o = queries.o + r * queries.padded;
  if (correction != 1.0f)
    for (int64_t c = 0; c < queries.padded; c += kLanes) store(o + c, load(o + c) * correction);
}

void add_block(const AttnArgs& args, const SpanPlan& span, const KeyBlock& block, const KeyRef& ref,
               int64_t kv_head, float* stage, Queries& queries) {
  const int64_t width = round_up(block.count, kLanes), padded = queries.padded;
  const float log2_scale = args.scale * kLog2e;
  read_block(args, args.k, block, kv_head, padded, stage);
  for (int64_t r = 0; r < queries.rows; ++r) {
    float* scores = queries.scores + r * kKeyBlock;
    for (int64_t j = 0; j < width; j += kLanes)
      key_scores(queries.q + r * padded, stage + j * padded, padded, scores + j);
    const Visible seen = visible_keys(args, block, ref, span.q_position + r / args.group);
    for (int64_t j = 0; j < seen.low; ++j) scores[j] = -INFINITY;
    for (int64_t j = seen.high; j < width; ++j) scores[j] = -INFINITY;
    row_softmax(r, width, log2_scale, queries);
  }
  read_block(args, args.v, block, kv_head, padded, stage);
  product(queries.rows, padded, block.count, queries.scores, kKeyBlock, 1, stage, padded, queries.o,
          padded, true);
}

}  // namespace

void attention_decode(const AttnArgs& args, const RowPlan& row, int64_t kv_head, float* scratch) {
  Queries queries;
  queries.padded = round_up(args.head_dim, kLanes);
  queries.q = scratch;
  queries.o = queries.q + kDecodeRows * queries.padded;
  queries.scores = queries.o + kDecodeRows * queries.padded;
  float* stage = queries.scores + kDecodeRows * kKeyBlock;
  for (int32_t i = 0; i < row.n_spans; ++i) {
    const SpanPlan& span = row.spans[i];
    const auto head = [&](int64_t r) { return kv_head * args.group + r % args.group; };
    queries.rows = span.q_len * args.group;
    for (int64_t r = 0; r < queries.rows; ++r) {
      read_row(args.bfloat16, args.q, span.q_start + r / args.group, head(r), args.head_dim,
               queries.padded, queries.q + r * queries.padded);
      queries.peak[r] = -INFINITY;
      queries.total[r] = 0;
    }
    std::memset(queries.o, 0, sizeof(float) * queries.rows * queries.padded);
    const int32_t last = span.q_position + span.q_len - 1;
    for (int32_t t = span.ref_begin; t < span.ref_end && row.refs[t].position <= last; ++t) {
      const KeyBlock& block = row.blocks[row.refs[t].block];
      if (args.window > 0 &&
          row.refs[t].position + block.count <= span.q_position - args.window + 1)
        continue;
      add_block(args, span, block, row.refs[t], kv_head, stage, queries);
    }
    for (int64_t r = 0; r < queries.rows; ++r) {
      const int64_t token = span.q_start + r / args.group;
      write_row(args.bfloat16, args.o, token, head(r), args.head_dim,
                queries.o + r * queries.padded, 1.0f / queries.total[r]);
      args.lse_HT[head(r) * args.lse_stride + token] =
          queries.peak[r] * kLn2 + std::log(queries.total[r]);
    }
  }
}

}  // namespace xright::cpu::XRIGHT_ISA
