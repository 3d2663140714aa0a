// Fused attention backward: probabilities are recomputed from the saved log-sum-exp, tile by tile
// (Dao et al. 2022).
#include <initializer_list>

#include "nn/cpu/attention_tile.h"

namespace xright::cpu::XRIGHT_ISA {

namespace {

constexpr int kQueryRows = kBackwardRows;

// T: float, or Pair where the processor multiplies bfloat16. `_rows` and `_columns` are operands of
// products over the head, `_stacked` of products over keys or queries.
template <typename T>
struct Keys {
  T *k_columns, *v_columns;  // [block][head_dim / kDepth][kKeyBlock]
  T* k_stacked;              // [block][kKeyBlock / kDepth][padded]
  float *d_k, *d_v;          // [block][kKeyBlock][padded]
  int64_t padded;            // head_dim in whole vectors
  int64_t size;              // of a block of T
};

template <typename T>
struct Tile {
  T *q_rows, *q_stacked, *d_o_rows, *d_o_stacked;  // [kQueryRows, padded / kDepth]
  float* d_q;                                      // [kQueryRows, padded]
  // [kQueryRows, kKeyBlock]: probabilities; gradient of the scores (without the scale)
  float *p, *d_s;
  T *p_stacked, *d_s_stacked, *d_s_rows;
  int64_t rows;
  int32_t position[kQueryRows];
  float lse[kQueryRows], delta[kQueryRows];  // base 2; sum of d_o · o
};

template <typename T>
void pack_keys(const AttnArgs& args, const RowPlan& row, int64_t head, const Keys<T>& keys,
               T* stage) {
  T* const none = nullptr;
  for (int32_t b = 0; b < row.n_blocks; ++b) {
    const KeyBlock& block = row.blocks[b];
    const int64_t at = b * keys.size;
    pack_block(args, args.k, block, head, keys.padded, stage, keys.k_columns + at,
               keys.k_stacked + at);
    pack_block(args, args.v, block, head, keys.padded, stage, keys.v_columns + at, none);
  }
  std::memset(keys.d_k, 0, sizeof(float) * row.n_blocks * kKeyBlock * keys.padded);
  std::memset(keys.d_v, 0, sizeof(float) * row.n_blocks * kKeyBlock * keys.padded);
}

// Sum of d_o · o of one query row; `stage` holds two float32 rows.
float output_dot(const AttnArgs& args, int64_t token, int64_t head, int64_t padded, float* stage) {
  read_row(args.bfloat16, args.o, token, head, args.head_dim, padded, stage);
  read_row(args.bfloat16, args.d_o, token, head, args.head_dim, padded, stage + padded);
  vfloat dot{};
  for (int64_t c = 0; c < padded; c += kLanes) dot += load(stage + c) * load(stage + padded + c);
  return sum_lanes(dot);
}

template <typename T>
void read_queries(const AttnArgs& args, const SpanPlan& span, int64_t first, int64_t kv_head,
                  int64_t padded, Tile<T>& tile) {
  const int64_t width = padded / kDepth<T>, even = round_up(tile.rows, kDepth<T>);
  for (int64_t r = 0; r < tile.rows; ++r) {
    const int64_t position = (first + r) / args.group, token = span.q_start + position;
    const int64_t head = kv_head * args.group + (first + r) % args.group;
    read_row(args.bfloat16, args.q, token, head, args.head_dim, padded, tile.q_rows + r * width);
    read_row(args.bfloat16, args.d_o, token, head, args.head_dim, padded,
             tile.d_o_rows + r * width);
    tile.delta[r] = output_dot(args, token, head, padded, tile.d_q);
    tile.lse[r] = args.lse_HT[head * args.lse_stride + token] * kLog2e;
    tile.position[r] = static_cast<int32_t>(span.q_position + position);
  }
  for (T* rows : {tile.q_rows, tile.d_o_rows})
    for (int64_t c = tile.rows * width; c < even * width; ++c) rows[c] = T{};
  stack_rows(tile.q_rows, even, padded, tile.q_stacked);
  stack_rows(tile.d_o_rows, even, padded, tile.d_o_stacked);
  std::memset(tile.d_q, 0, sizeof(float) * tile.rows * padded);
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

// Rows [first, first + rows) of p and d_s as operands of the next products; `first` is even.
template <typename T>
void convert_rows(int64_t first, int64_t rows, Tile<T>& tile) {
  if constexpr (kDepth<T> == 2)
    for (int64_t r = first; r < first + rows; r += 2) {
      const bool both = r + 1 < first + rows;
      const float *p = tile.p + r * kKeyBlock, *d_s = tile.d_s + r * kKeyBlock;
      const int64_t stacked = r / 2 * kKeyBlock, row = r * kKeyBlock / 2;
      for (int64_t j = 0; j < kKeyBlock; j += kLanes) {
        const vfloat zero{}, p_low = load(p + j), d_s_low = load(d_s + j);
        const vfloat p_high = both ? load(p + kKeyBlock + j) : zero;
        const vfloat d_s_high = both ? load(d_s + kKeyBlock + j) : zero;
        put_stack(tile.p_stacked + stacked + j, p_low, p_high);
        put_stack(tile.d_s_stacked + stacked + j, d_s_low, d_s_high);
        put_row(tile.d_s_rows + row, j, d_s_low);
        put_row(tile.d_s_rows + row + kKeyBlock / 2, j, d_s_high);
      }
    }
}

// Adds to d_k and d_v.
template <typename T>
void key_gradients(const AttnArgs& args, const KeyBlock& block, const KeyRef& ref,
                   const Keys<T>& keys, const Tile<T>& tile) {
  const int64_t padded = keys.padded, offset = ref.block * kKeyBlock * padded;
  const int64_t last = visible_keys(args, block, ref, tile.position[tile.rows - 1]).high;
  for (int64_t j = 0, r = 0; j < last; j += kTileRows) {
    const int64_t n = last - j < kTileRows ? last - j : kTileRows;
    while (visible_keys(args, block, ref, tile.position[r]).high <= j)
      ++r;  // rows before see none of these keys
    const int64_t from = r / kDepth<T>, depth = round_up(tile.rows, kDepth<T>) / kDepth<T> - from;
    product(n, padded, depth, tile.d_s_stacked + from * kKeyBlock + j, 1, kKeyBlock,
            tile.q_stacked + from * padded, padded, keys.d_k + offset + j * padded, padded, true);
    product(n, padded, depth, tile.p_stacked + from * kKeyBlock + j, 1, kKeyBlock,
            tile.d_o_stacked + from * padded, padded, keys.d_v + offset + j * padded, padded, true);
  }
}

// One query tile against one block: adds to d_q, d_k and d_v.
template <typename T>
void block_gradient(const AttnArgs& args, const KeyBlock& block, const KeyRef& ref,
                    const Keys<T>& keys, Tile<T>& tile) {
  const int64_t padded = keys.padded, offset = ref.block * keys.size;
  const int64_t width_T = padded / kDepth<T>, d = args.head_dim / kDepth<T>;
  const float log2_scale = args.scale * kLog2e;
  const int64_t full = visible_keys(args, block, ref, tile.position[0]).high;
  const int64_t step =
      full == block.count ? tile.rows : kTileRows;  // no trimming where all rows see all keys
  for (int64_t first = 0; first < tile.rows; first += step) {
    const int64_t rows = tile.rows - first < step ? tile.rows - first : step;
    const int64_t depth = visible_keys(args, block, ref, tile.position[first + rows - 1]).high;
    const int64_t width = round_up(depth, kLanes);
    float *p = tile.p + first * kKeyBlock, *d_s = tile.d_s + first * kKeyBlock;
    product(rows, width, d, tile.q_rows + first * width_T, width_T, 1, keys.k_columns + offset,
            kKeyBlock, p, kKeyBlock, false);
    product(rows, width, d, tile.d_o_rows + first * width_T, width_T, 1, keys.v_columns + offset,
            kKeyBlock, d_s, kKeyBlock, false);
    for (int64_t r = 0; r < rows; ++r) {
      const Visible seen = visible_keys(args, block, ref, tile.position[first + r]);
      row_gradient(seen, width, log2_scale, tile.lse[first + r], tile.delta[first + r],
                   p + r * kKeyBlock, d_s + r * kKeyBlock);
    }
    convert_rows(first, rows, tile);
    product(rows, padded, round_up(depth, kDepth<T>) / kDepth<T>,
            tile.d_s_rows + first * kKeyBlock / kDepth<T>, kKeyBlock / kDepth<T>, 1,
            keys.k_stacked + offset, padded, tile.d_q + first * padded, padded, true);
  }
  key_gradients(args, block, ref, keys, tile);
}
template <typename T>
void span_gradient(const AttnArgs& args, const RowPlan& row, const SpanPlan& span, int64_t kv_head,
                   const Keys<T>& keys, Tile<T>& tile) {
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

// Takes `count` elements of 32 bits off the scratch.
template <typename T>
T* take(float*& scratch, int64_t count) {
  T* const part = reinterpret_cast<T*>(scratch);
  scratch += count;
  return part;
}

template <typename T>
Tile<T> query_tile(float*& scratch, int64_t padded) {
  constexpr int64_t kScores = kQueryRows * kKeyBlock;
  Tile<T> tile;
  for (T** part : {&tile.q_rows, &tile.d_o_rows})
    *part = take<T>(scratch, kQueryRows * padded / kDepth<T>);
  tile.d_q = take<float>(scratch, kQueryRows * padded);
  tile.p = take<float>(scratch, kScores);
  tile.d_s = take<float>(scratch, kScores);
  if constexpr (kDepth<T> == 1) {
    tile.q_stacked = tile.q_rows;
    tile.d_o_stacked = tile.d_o_rows;
    tile.p_stacked = tile.p;
    tile.d_s_stacked = tile.d_s_rows = tile.d_s;
  } else {
    for (T** part : {&tile.q_stacked, &tile.d_o_stacked})
      *part = take<T>(scratch, kQueryRows * padded / kDepth<T>);
    for (T** part : {&tile.p_stacked, &tile.d_s_stacked, &tile.d_s_rows})
      *part = take<T>(scratch, kScores / kDepth<T>);
  }
  return tile;
}

template <typename T>
void write_keys(const AttnArgs& args, const RowPlan& row, int64_t kv_head, const Keys<T>& keys) {
  for (int32_t b = 0; b < row.n_blocks; ++b)
    for (int32_t j = 0; j < row.blocks[b].count; ++j) {
      const int64_t token = row.blocks[b].token + j, offset = (b * kKeyBlock + j) * keys.padded;
      write_row(args.bfloat16, args.d_k, token, kv_head, args.head_dim, keys.d_k + offset,
                args.scale);
      write_row(args.bfloat16, args.d_v, token, kv_head, args.head_dim, keys.d_v + offset, 1.0f);
    }
}

template <typename T>
void backward(const AttnArgs& args, const RowPlan& row, int64_t kv_head, float* scratch) {
  const int64_t padded = round_up(args.head_dim, kLanes), block = padded * kKeyBlock;
  Keys<T> keys;
  keys.padded = padded;
  keys.size = block / kDepth<T>;
  for (T** part : {&keys.k_columns, &keys.v_columns, &keys.k_stacked})
    *part = take<T>(scratch, row.n_blocks * keys.size);
  for (float** part : {&keys.d_k, &keys.d_v}) *part = take<float>(scratch, row.n_blocks * block);
  Tile<T> tile = query_tile<T>(scratch, padded);
  pack_keys(args, row, kv_head, keys, take<T>(scratch, keys.size));
  for (int32_t i = 0; i < row.n_spans; ++i)
    span_gradient(args, row, row.spans[i], kv_head, keys, tile);
  write_keys(args, row, kv_head, keys);
}

}  // namespace

void attention_backward(const AttnArgs& args, const RowPlan& row, int64_t kv_head, float* scratch) {
  if constexpr (kPairs)
    if (args.bfloat16) return backward<Pair>(args, row, kv_head, scratch);
  backward<float>(args, row, kv_head, scratch);
}

}  // namespace xright::cpu::XRIGHT_ISA
