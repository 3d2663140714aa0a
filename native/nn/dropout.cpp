#include "nn/dropout.h"

#include <ATen/ATen.h>

namespace xright::nn {
namespace {

// Logical right shift of int64 (ATen's is arithmetic).
at::Tensor shift(const at::Tensor& v, int64_t bits) {
  return v.bitwise_right_shift(bits).bitwise_and((int64_t{1} << (64 - bits)) - 1);
}

// The finaliser of SplitMix64 (Steele et al. 2014); int64 products wrap.
at::Tensor mix(at::Tensor v) {
  v = v.bitwise_xor(shift(v, 30)).mul(static_cast<int64_t>(0xbf58476d1ce4e5b9ULL));
  v = v.bitwise_xor(shift(v, 27)).mul(static_cast<int64_t>(0x94d049bb133111ebULL));
  return v.bitwise_xor(shift(v, 31));
}

}  // namespace

at::Tensor dropout_apply(const Dropout& dropout, int64_t stream, const at::Tensor& x_TI) {
  const int64_t columns = x_TI.size(1);
  auto column_I = at::arange(columns, dropout.keys_T.options());
  auto start = mix(at::full({1}, dropout.seed, dropout.keys_T.options()) + stream);
  auto row_T = mix(dropout.keys_T + start);
  auto bits_TI = mix(row_T.unsqueeze(1) + column_I.unsqueeze(0)).bitwise_and(0x7fffffff);
  auto kept_TI = bits_TI.ge(static_cast<int64_t>(dropout.probability * 2147483648.0));
  return x_TI.mul(kept_TI.to(x_TI.scalar_type())).mul_(1.0 / (1.0 - dropout.probability));
}

}  // namespace xright::nn
