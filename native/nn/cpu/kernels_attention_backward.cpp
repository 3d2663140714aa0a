// Fused attention backward: probabilities are recomputed from the saved log-sum-exp, tile by tile
// (Dao et al. 2022).
#include "nn/cpu/attention_tile.h"

namespace xright::cpu::XRIGHT_ISA {

namespace {

constexpr int kQueryRows = kBackwardRows;

struct Keys {
  float *k_columns, *v_columns;  // [block][head_dim][kKeyBlock]
  float *k_rows, *d_k, *d_v;     // [block][kKeyBlock][padded]
  int64_t padded;                // head_dim in whole vectors
};

struct Tile {
  float *q, *d_o, *d_q;  // [kQueryRows, padded]
  float *p,
      *d_s;  // [kQueryRows, kKeyBlock]: probabilities; gradient of the scores (without the scale)
  int64_t rows;
  int32_t position[kQueryRows];
  float lse[kQueryRows], delta[kQueryRows];  // base 2; sum of d_o · o
};

void pack_keys(const AttnArgs& args, const RowPlan& row, int64_t head, const Keys& keys,
               float* stage) {
  const int64_t size = keys.padded * kKeyBlock;
  for (int32_t b = 0; b < row.n_blocks; ++b) {
    const int64_t n = round_up(row.blocks[b].count, kLanes);
    read_block(args, args.k, row.blocks[b], head, keys.padded, keys.k_rows + b * size);
    transpose_block(keys.k_rows + b * size, keys.padded, n, args.head_dim,
                    keys.k_columns + b * size);
    read_block(args, args.v, row.blocks[b], head, keys.padded, stage);
    transpose_block(stage, keys.padded, n, args.head_dim, keys.v_columns + b * size);
  }
  std::memset(keys.d_k, 0, sizeof(float) * row.n_blocks * size);
  std::memset(keys.d_v, 0, sizeof(float) * row.n_blocks * size);
}

void read_queries(const AttnArgs& args, const SpanPlan& span, int64_t first, int64_t kv_head,
                  int64_t padded, Tile& tile) {
  for (int64_t r = 0; r < tile.rows; ++r) {
    const int64_t position = (first + r) / args.group, token = span.q_start + position;
    const int64_t head = kv_head * args.group + (first + r) % args.group;
    read_row(args.bfloat16, args.q, token, head, args.head_dim, padded, tile.q + r * padded);
    read_row(args.bfloat16, args.d_o, token, head, args.head_dim, padded, tile.d_o + r * padded);
    float* o = tile.d_q + r * padded;  // borrowed until the gradient starts
    read_row(args.bfloat16, args.o, token, head, args.head_dim, padded, o);
    vfloat dot{};
    for (int64_t c = 0; c < padded; c += kLanes) {
      dot += load(o + c) * load(tile.d_o + r * padded + c);
      store(o + c, vfloat{});
    }
    tile.delta[r] = sum_lanes(dot);
    tile.lse[r] = args.lse_HT[head * args.lse_stride + token] * kLog2e;
    tile.position[r] = static_cast<int32_t>(span.q_position + position);
  }
}

// Scores and d_p in place to probabilities and d_s; zero where the row does not see the key.
void row_gradient(const Visible& seen, int64_t width, float log2_scale, float lse, float delta,
                  float* p, float* d_s) {
  for (int64_t j = 0; j < width; j += kLanes) {
    const vfloat prob = exp2_lanes(load(p + j) * log2_scale - lse);
    store(p + j, prob);
    store(d_s + j, prob * (load(d_s + j) - delta));
  }
  if (seen.low == 0 && seen.high == kKeyBlock) return;
  for (int64_t j = 0; j < seen.low; ++j) p[j] = d_s[j] = 0;
  for (int64_t j = seen.high; j < kKeyBlock; ++j) p[j] = d_s[j] = 0;
}

// One query tile against one block: adds to d_q, d_k and d_v.
void block_gradient(const AttnArgs& args, const KeyBlock& block, const KeyRef& ref,
                    const Keys& keys, Tile& tile) {
  const int64_t offset = ref.block * keys.padded * kKeyBlock, padded = keys.padded,
                d = args.head_dim;
  const float log2_scale = args.scale * kLog2e;
  const int64_t full = visible_keys(args, block, ref, tile.position[0]).high;
  const int64_t step =
      full == block.count ? tile.rows : kTileRows;  // no trimming where all rows see all keys
  for (int64_t first = 0; first < tile.rows; first += step) {
    const int64_t rows = tile.rows - first < step ? tile.rows - first : step;
    const int64_t depth = visible_keys(args, block, ref, tile.position[first + rows - 1]).high;
    const int64_t width = round_up(depth, kLanes);
    float *p = tile.p + first * kKeyBlock, *d_s = tile.d_s + first * kKeyBlock;
    product(rows, width, d, tile.q + first * padded, padded, 1, keys.k_columns + offset, kKeyBlock,
            p, kKeyBlock, false);
    product(rows, width, d, tile.d_o + first * padded, padded, 1, keys.v_columns + offset,
            kKeyBlock, d_s, kKeyBlock, false);
    for (int64_t r = 0; r < rows; ++r) {
      const Visible seen = visible_keys(args, block, ref, tile.position[first + r]);
      row_gradient(seen, width, log2_scale, tile.lse[first + r], tile.delta[first + r],
                   p + r * kKeyBlock, d_s + r * kKeyBlock);
    }
    product(rows, padded, depth, d_s, kKeyBlock, 1, keys.k_rows + offset, padded,
            tile.d_q + first * padded, padded, true);
  }
  const int64_t last = visible_keys(args, block, ref, tile.position[tile.rows - 1]).high;
  for (int64_t j = 0, r = 0; j < last; j += kTileRows) {
    const int64_t n = last - j < kTileRows ? last - j : kTileRows;
    while (visible_keys(args, block, ref, tile.position[r]).high <= j)
      ++r;  // rows before see none of these keys
    product(n, padded, tile.rows - r, tile.d_s + r * kKeyBlock + j, 1, kKeyBlock,
            tile.q + r * padded, padded, keys.d_k + offset + j * padded, padded, true);
    product(n, padded, tile.rows - r, tile.p + r * kKeyBlock + j, 1, kKeyBlock,
            tile.d_o + r * padded, padded, keys.d_v + offset + j * padded, padded, true);
  }
}

void span_gradient(const AttnArgs& args, const RowPlan& row, const SpanPlan& span, int64_t kv_head,
                   const Keys& keys, Tile& tile) {
  const int64_t rows = span.q_len * args.group;
  for (int64_t first = 0; first < rows; first += kQueryRows) {
    tile.rows = rows - first < kQueryRows ? rows - first : kQueryRows;
    read_queries(args, span, first, kv_head, keys.padded, tile);
    for (int32_t i = span.ref_begin; i < span.ref_end; ++i) {
      const KeyRef& ref = row.refs[i];
      const KeyBlock& block = row.blocks[ref.block];
      if (ref.position > tile.position[tile.rows - 1]) break;
      if (args.window > 0 && ref.position + block.count <= tile.position[0] - args.window + 1)
        continue;
      block_gradient(args, block, ref, keys, tile);
    }
    for (int64_t r = 0; r < tile.rows; ++r)
      write_row(args.bfloat16, args.d_q, span.q_start + (first + r) / args.group,
                kv_head * args.group + (first + r) % args.group, args.head_dim,
                tile.d_q + r * keys.padded, args.scale);
  }
}

}  // namespace

void attention_backward(const AttnArgs& args, const RowPlan& row, int64_t kv_head, float* scratch) {
  const int64_t padded = round_up(args.head_dim, kLanes), size = padded * kKeyBlock;
  Keys keys;
  keys.padded = padded;
  float** const per_key[] = {&keys.k_columns, &keys.v_columns, &keys.k_rows, &keys.d_k, &keys.d_v};
  for (float** part : per_key) {
    *part = scratch;
    scratch += row.n_blocks * size;
  }
  Tile tile;
  float** const per_query[] = {&tile.q, &tile.d_o, &tile.d_q};
  for (float** part : per_query) {
    *part = scratch;
    scratch += kQueryRows * padded;
  }
  tile.p = scratch;
  tile.d_s = tile.p + kQueryRows * kKeyBlock;
  pack_keys(args, row, kv_head, keys, tile.d_s + kQueryRows * kKeyBlock);
  for (int32_t i = 0; i < row.n_spans; ++i)
    span_gradient(args, row, row.spans[i], kv_head, keys, tile);
  for (int32_t b = 0; b < row.n_blocks; ++b)
    for (int32_t j = 0; j < row.blocks[b].count; ++j) {
      const int64_t token = row.blocks[b].token + j, offset = b * size + j * padded;
      write_row(args.bfloat16, args.d_k, token, kv_head, args.head_dim, keys.d_k + offset,
                args.scale);
      write_row(args.bfloat16, args.d_v, token, kv_head, args.head_dim, keys.d_v + offset, 1.0f);
    }
}

}  // namespace xright::cpu::XRIGHT_ISA
