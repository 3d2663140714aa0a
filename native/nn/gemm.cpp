#include "nn/gemm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "nn/backend.h"
#include "nn/cpu/activation_kernels.h"
#include "nn/cpu/gemm_kernels.h"

namespace xright::nn {
namespace {

namespace blas = at::native::cpublas;

std::atomic<bool> forced{false};

constexpr int64_t kPanel = 64;  // outputs
constexpr int64_t kRows = 32;   // of one tile: always as many, so that one kernel serves
constexpr int64_t kCacheBytes = 512 << 10;  // of x, half a core's level 2 cache

// One operand pair of a tile: rows of x by a panel.
struct Factors {
  const at::BFloat16 *x, *panels;
  int64_t depth, x_stride;
};

struct Product {
  Factors factors[2];  // the matrix, and what has a low rank
  int count;
  const at::BFloat16* bias;
  at::BFloat16* y;
  int64_t rows, y_stride;
  bool gated;
  cpu::ActivationArgs activation;  // h null = none
};

// One tile's outputs [column, column + columns) of rows [first, first + rows).
void store(const Product& p, const float* tile, int64_t columns, int64_t first, int64_t rows,
           int64_t column) {
  const cpu::TileArgs args{.tile = tile,
                           .tile_stride = kPanel,
                           .rows = rows,
                           .columns = columns,
                           .bias = p.bias ? p.bias + column : nullptr,
                           .y = p.y + first * p.y_stride + column,
                           .y_stride = p.y_stride};
  XRIGHT_DISPATCH(store_tile, args);
}

// The activation of outputs [column, column + columns), which were just written.
void activate(const Product& p, int64_t columns, int64_t first, int64_t rows, int64_t column) {
  cpu::ActivationArgs args = p.activation;
  if (!args.h) return;
  args.width = columns;
  args.u = static_cast<const at::BFloat16*>(args.u) + column;
  args.h = static_cast<at::BFloat16*>(args.h) + column;
  XRIGHT_DISPATCH(activation_forward, args, first, first + rows);
}

// The last tile overlaps the one before it; only its new rows are written.
void tile(const Product& p, int64_t block, int64_t panel) {
  alignas(64) thread_local float out[kRows * kPanel];
  const int64_t first = block * kRows, start = std::min(first, p.rows - kRows);
  for (int i = 0; i < p.count; ++i) {
    const Factors& f = p.factors[i];
    blas::brgemm(kRows, kPanel, f.depth, f.x_stride, kPanel, kPanel, /*add_C=*/i > 0,
                 f.x + start * f.x_stride, f.panels + panel * kPanel * f.depth, out,
                 /*is_vnni=*/true);
  }
  const float* fresh = out + (first - start) * kPanel;
  const int64_t rows = start + kRows - first;
  const int64_t columns = p.gated ? kPanel / 2 : kPanel, column = panel * columns;
  store(p, fresh, columns, first, rows, column);
  if (p.gated) store(p, fresh + columns, columns, first, rows, p.activation.up_offset + column);
  activate(p, columns, first, rows, column);
}

// Row blocks [block, block_end) by panels [panel, panel_end): as many rows at a time as stay in the
// cache, a panel over all of them.
void run(const Product& p, int64_t block, int64_t block_end, int64_t panel, int64_t panel_end) {
  const int64_t step = std::max<int64_t>(1, kCacheBytes / (2 * p.factors[0].depth * kRows));
  for (; block < block_end; block += step)
    for (int64_t j = panel; j < panel_end; ++j)
      for (int64_t i = block; i < std::min(block + step, block_end); ++i) tile(p, i, j);
  blas::brgemm_release();
}

Factors factors(const at::Tensor& x_TI, const PackedMatrix& matrix) {
  TORCH_CHECK(x_TI.stride(1) == 1 && x_TI.size(1) == matrix.depth);
  return {x_TI.const_data_ptr<at::BFloat16>(), matrix.panels.const_data_ptr<at::BFloat16>(),
          matrix.depth, x_TI.stride(0)};
}

cpu::ActivationArgs activation(const PackedMatrix& matrix, const at::Tensor& y_TO,
                               const FusedActivation* fused) {
  cpu::ActivationArgs args{};
  args.gated = matrix.gated;
  args.bfloat16 = true;
  args.up_offset = matrix.outputs / 2;
  args.u = y_TO.const_data_ptr();
  args.u_stride = y_TO.stride(0);
  if (!fused) return args;
  TORCH_CHECK(fused->gated == matrix.gated && fused->h_TF.stride(1) == 1);
  args.act = fused->act;
  args.h = fused->h_TF.data_ptr();
  args.h_stride = fused->h_TF.stride(0);
  return args;
}

// LibTorch's could_pack is about AMX; that packed products exist on AVX-512 BF16 too (where they
// do not pay), only a product can tell.
bool probe() {
  const std::vector<at::BFloat16> x(kRows * 2, 1), panel(kPanel * 2, 1);
  std::vector<float> out(kRows * kPanel);
  try {
    blas::brgemm(kRows, kPanel, 2, 2, kPanel, kPanel, false, x.data(), panel.data(), out.data(),
                 true);
    blas::brgemm_release();
  } catch (const c10::Error&) {
    return false;
  }
  return true;
}

}  // namespace

void force_packed(bool on) { forced.store(on, std::memory_order_relaxed); }

bool packed_products() {
  static const bool exist = cpu::detected_isa() == cpu::Isa::avx512bf16 && probe();
  static const bool pays = blas::could_pack(at::kBFloat16);
  return exist && (pays || forced.load(std::memory_order_relaxed)) &&
         cpu::current_isa() == cpu::Isa::avx512bf16 && !aten_forced();
}

PackedMatrix pack_matrix(const at::Tensor& weight_OI, bool gated) {
  const int64_t outputs = weight_OI.size(0), depth = weight_OI.size(1);
  const bool fits = weight_OI.is_cpu() && weight_OI.scalar_type() == at::kBFloat16 &&
                    outputs % kPanel == 0 && depth % 2 == 0;
  if (!fits || !packed_products()) return {};
  auto rows_OI = weight_OI;
  if (gated)
    rows_OI = weight_OI.view({2, outputs / kPanel, kPanel / 2, depth})
                  .transpose(0, 1)
                  .reshape({outputs, depth});
  auto panels = rows_OI.view({outputs / kPanel, kPanel, depth / 2, 2}).transpose(1, 2).contiguous();
  return {panels, outputs, depth, gated};
}

bool serves(const PackedMatrix& matrix, const at::Tensor& x_TI) {
  return matrix.defined() && x_TI.size(0) >= kRows && packed_products();
}

void packed_product(const at::Tensor& x_TI, const PackedMatrix& matrix, const at::Tensor& bias_O,
                    const LowRank* low_rank, at::Tensor& y_TO, const FusedActivation* fused) {
  TORCH_CHECK(y_TO.stride(1) == 1);
  const Product p{.factors = {factors(x_TI, matrix),
                              low_rank ? factors(low_rank->s_TR, low_rank->b_OR) : Factors{}},
                  .count = low_rank ? 2 : 1,
                  .bias = bias_O.defined() ? bias_O.const_data_ptr<at::BFloat16>() : nullptr,
                  .y = y_TO.data_ptr<at::BFloat16>(),
                  .rows = x_TI.size(0),
                  .y_stride = y_TO.stride(0),
                  .gated = matrix.gated,
                  .activation = activation(matrix, y_TO, fused)};
  const int64_t blocks = at::divup(p.rows, kRows), panels = matrix.outputs / kPanel;
  const int64_t threads = at::get_num_threads();
  if (blocks >= threads)
    at::parallel_for(0, blocks, 1,
                     [&](int64_t begin, int64_t end) { run(p, begin, end, 0, panels); });
  else
    at::parallel_for(0, panels, at::divup(panels, threads),
                     [&](int64_t begin, int64_t end) { run(p, 0, blocks, begin, end); });
}

}  // namespace xright::nn
