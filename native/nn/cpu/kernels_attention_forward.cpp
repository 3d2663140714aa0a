// Fused attention forward: scores, softmax and values tile by tile, with a running maximum (Dao et
// al. 2022).
#include <cmath>

#include "nn/cpu/attention_tile.h"

namespace xright::cpu::XRIGHT_ISA {

namespace {

constexpr int kQueryRows = kForwardRows;
constexpr int kGroups = kQueryRows / kTileRows;

// T: float, or Pair where the processor multiplies bfloat16.
template <typename T>
struct Keys {
  T* columns;      // [block][head_dim / kDepth][kKeyBlock]
  T* values;       // [block][kKeyBlock / kDepth][padded]
  int64_t padded;  // head_dim in whole vectors
  int64_t size;    // of a block
};

template <typename T>
struct Tile {
  T* q;
  float *o, *scores;  // scores become probabilities in place, of type T
  int64_t rows;
  int32_t position[kQueryRows];
  float peak[kQueryRows], total[kQueryRows];  // running maximum (base 2) and sum of exponentials
  int32_t n_refs;
  const KeyRef* refs;
  int32_t width[kGroups][kTileBlocks];  // columns of scores in use, whole vectors, per register
                                        // group and block
  int32_t depth[kGroups][kTileBlocks];  // keys in use
};

template <typename T>
void pack_keys(const AttnArgs& args, const RowPlan& row, int64_t head, const Keys<T>& keys,
               T* stage) {
  T* const none = nullptr;
  for (int32_t b = 0; b < row.n_blocks; ++b) {
    const KeyBlock& block = row.blocks[b];
    pack_block(args, args.k, block, head, keys.padded, stage, keys.columns + b * keys.size, none);
    pack_block(args, args.v, block, head, keys.padded, stage, none, keys.values + b * keys.size);
  }
}

template <typename T>
int64_t group_rows(const Tile<T>& tile, int64_t group) {
  const int64_t left = tile.rows - group * kTileRows;
  return left < kTileRows ? left : kTileRows;
}

// −inf where a row does not see a key, up to the width that its group computes.
template <typename T>
void mask_scores(const AttnArgs& args, const KeyBlock& block, const KeyRef& ref, int32_t t,
                 Tile<T>& tile) {
  for (int64_t r = 0; r < tile.rows; ++r) {
    const Visible seen = visible_keys(args, block, ref, tile.position[r]);
    float* s = tile.scores + r * kScoreRow + t * kKeyBlock;
    const int32_t width = tile.width[r / kTileRows][t];
    for (int32_t j = 0; j < seen.low && j < width; ++j) s[j] = -INFINITY;
    for (int32_t j = seen.high; j < width; ++j) s[j] = -INFINITY;
  }
}

template <typename T>
void block_scores(const AttnArgs& args, const RowPlan& row, const Keys<T>& keys, int32_t t,
                  Tile<T>& tile) {
  const KeyRef& ref = tile.refs[t];
  const KeyBlock& block = row.blocks[ref.block];
  const T* columns = keys.columns + ref.block * keys.size;
  const int64_t q_row = keys.padded / kDepth<T>;
  const int64_t groups = round_up(tile.rows, kTileRows) / kTileRows;
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t last = g * kTileRows + group_rows(tile, g) - 1;
    tile.depth[g][t] = visible_keys(args, block, ref, tile.position[last]).high;
    tile.width[g][t] = static_cast<int32_t>(round_up(tile.depth[g][t], kLanes));
  }
  float* scores = tile.scores + t * kKeyBlock;
  const auto compute = [&](int64_t first, int64_t rows, int32_t width) {
    product(rows, width, args.head_dim / kDepth<T>, tile.q + first * q_row, q_row, 1, columns,
            kKeyBlock, scores + first * kScoreRow, kScoreRow, false);
  };
  if (tile.width[0][t] == tile.width[groups - 1][t])
    compute(0, tile.rows, tile.width[0][t]);
  else
    for (int64_t g = 0; g < groups; ++g)
      compute(g * kTileRows, group_rows(tile, g), tile.width[g][t]);
  const Visible first = visible_keys(args, block, ref, tile.position[0]);
  const Visible last = visible_keys(args, block, ref, tile.position[tile.rows - 1]);
  if (first.high < tile.width[0][t] || last.high != first.high || last.low > 0)
    mask_scores(args, block, ref, t, tile);
}

// Scores to exponentials under the new maximum; what was summed before is brought to it.
template <typename T>
void row_softmax(int64_t r, float log2_scale, int64_t padded, Tile<T>& tile) {
  float* scores = tile.scores + r * kScoreRow;
  const int32_t* width = tile.width[r / kTileRows];
  vfloat highest = splat(-INFINITY);
  for (int32_t t = 0; t < tile.n_refs; ++t)
    for (int32_t j = 0; j < width[t]; j += kLanes)
      highest = max(highest, load(scores + t * kKeyBlock + j));
  const float before = tile.peak[r], here = max_lanes(highest) * log2_scale;
  const float peak = before > here ? before : here;
  const float base = peak == -INFINITY ? 0.0f : peak;
  vfloat total{};
  for (int32_t t = 0; t < tile.n_refs; ++t)
    for (int32_t j = 0; j < width[t]; j += kLanes) {
      float* s = scores + t * kKeyBlock;
      const vfloat p = exp2_lanes(load(s + j) * log2_scale - base);
      total += p;
      put_row(reinterpret_cast<T*>(s), j, p);
    }
  const float correction = exp2_lanes(splat(before - base))[0];
  tile.peak[r] = peak;
  tile.total[r] = tile.total[r] * correction + sum_lanes(total);
  if (correction != 1.0f && before != -INFINITY)
    for (int64_t c = 0; c < padded; c += kLanes)
      store(tile.o + r * padded + c, load(tile.o + r * padded + c) * correction);
}

template <typename T>
void add_values(const Keys<T>& keys, Tile<T>& tile) {
  const int64_t groups = round_up(tile.rows, kTileRows) / kTileRows;
  for (int32_t t = 0; t < tile.n_refs; ++t) {
    const T* values = keys.values + tile.refs[t].block * keys.size;
    const auto add = [&](int64_t first, int64_t rows, int32_t depth) {
      const float* p = tile.scores + first * kScoreRow + t * kKeyBlock;
      product(rows, keys.padded, (depth + kDepth<T> - 1) / kDepth<T>, reinterpret_cast<const T*>(p),
              kScoreRow, 1, values, keys.padded, tile.o + first * keys.padded, keys.padded, true);
    };
    if (tile.depth[0][t] == tile.depth[groups - 1][t])
      add(0, tile.rows, tile.depth[0][t]);
    else
      for (int64_t g = 0; g < groups; ++g)
        add(g * kTileRows, group_rows(tile, g), tile.depth[g][t]);
  }
}

template <typename T>
void read_queries(const AttnArgs& args, const SpanPlan& span, int64_t first, int64_t kv_head,
                  int64_t padded, Tile<T>& tile) {
  for (int64_t r = 0; r < tile.rows; ++r) {
    const int64_t token = (first + r) / args.group,
                  head = kv_head * args.group + (first + r) % args.group;
    read_row(args.bfloat16, args.q, span.q_start + token, head, args.head_dim, padded,
             tile.q + r * (padded / kDepth<T>));
    tile.position[r] = static_cast<int32_t>(span.q_position + token);
    tile.peak[r] = -INFINITY;
    tile.total[r] = 0;
    for (int64_t c = 0; c < padded; ++c) tile.o[r * padded + c] = 0;
  }
}

template <typename T>
void write_outputs(const AttnArgs& args, const SpanPlan& span, int64_t first, int64_t kv_head,
                   int64_t padded, const Tile<T>& tile) {
  for (int64_t r = 0; r < tile.rows; ++r) {
    const int64_t token = span.q_start + (first + r) / args.group;
    const int64_t head = kv_head * args.group + (first + r) % args.group;
    write_row(args.bfloat16, args.o, token, head, args.head_dim, tile.o + r * padded,
              1.0f / tile.total[r]);
    args.lse_HT[head * args.lse_stride + token] = tile.peak[r] * kLn2 + std::log(tile.total[r]);
  }
}

// The blocks of a span that some row of the tile sees: refs [begin, end).
template <typename T>
void visible_refs(const AttnArgs& args, const RowPlan& row, const SpanPlan& span,
                  const Tile<T>& tile, int32_t* begin, int32_t* end) {
  *begin = span.ref_begin;
  *end = span.ref_end;
  while (*end > *begin && row.refs[*end - 1].position > tile.position[tile.rows - 1]) --*end;
  if (args.window <= 0) return;
  while (*begin < *end && row.refs[*begin].position + row.blocks[row.refs[*begin].block].count <=
                              tile.position[0] - args.window + 1)
    ++*begin;
}

template <typename T>
void forward(const AttnArgs& args, const RowPlan& row, int64_t kv_head, float* scratch) {
  const int64_t padded = round_up(args.head_dim, kLanes), size = padded * kKeyBlock / kDepth<T>;
  const float log2_scale = args.scale * kLog2e;
  T* const packed = reinterpret_cast<T*>(scratch);
  const Keys<T> keys{packed, packed + row.n_blocks * size, padded, size};
  Tile<T> tile;
  tile.q = keys.values + row.n_blocks * size;
  tile.o = reinterpret_cast<float*>(tile.q + kQueryRows * padded / kDepth<T>);
  tile.scores = tile.o + kQueryRows * padded;
  pack_keys(args, row, kv_head, keys, reinterpret_cast<T*>(tile.scores + kQueryRows * kScoreRow));
  for (int32_t i = 0; i < row.n_spans; ++i) {
    const SpanPlan& span = row.spans[i];
    const int64_t rows = span.q_len * args.group;
    for (int64_t first = 0; first < rows; first += kQueryRows) {
      tile.rows = rows - first < kQueryRows ? rows - first : kQueryRows;
      read_queries(args, span, first, kv_head, padded, tile);
      int32_t begin, end;
      visible_refs(args, row, span, tile, &begin, &end);
      for (; begin < end; begin += kTileBlocks) {
        tile.refs = row.refs + begin;
        tile.n_refs = end - begin < kTileBlocks ? end - begin : kTileBlocks;
        for (int32_t t = 0; t < tile.n_refs; ++t) block_scores(args, row, keys, t, tile);
        for (int64_t r = 0; r < tile.rows; ++r) row_softmax(r, log2_scale, padded, tile);
        add_values(keys, tile);
      }
      write_outputs(args, span, first, kv_head, padded, tile);
    }
  }
}

}  // namespace

void attention_forward(const AttnArgs& args, const RowPlan& row, int64_t kv_head, float* scratch) {
  if constexpr (kPairs)
    if (args.bfloat16) return forward<Pair>(args, row, kv_head, scratch);
  forward<float>(args, row, kv_head, scratch);
}

}  // namespace xright::cpu::XRIGHT_ISA
