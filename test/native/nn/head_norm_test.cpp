#include "nn/head_norm.h"

#include "paths.h"

namespace xright::nn {
namespace {

class HeadNormTest : public OpTest {};

// Queries inside a fused q|k|v row: heads in the middle, the rest untouched.
TEST_P(HeadNormTest, NormsEachHeadOfAViewInPlace) {
  constexpr int64_t T = 5, H = 3, d = 16;
  for (auto dtype : {at::kFloat, at::kBFloat16}) {
    Norm norm;
    norm.weight_D = at::rand({d}).add_(0.5);
    norm.dweight_D = at::zeros({d});
    const auto before = randn({T, H + 2, d}, dtype), dbefore = randn({T, H + 2, d}, dtype);
    auto qkv = before.clone(), dqkv = dbefore.clone();
    NormSaved saved{at::empty({T * H, d}, dtype), at::empty({T * H, 2})};
    head_norm_forward(norm, qkv.narrow(1, 1, H), &saved);
    head_norm_backward(norm, saved, dqkv.narrow(1, 1, H));

    auto x = leaf(before.narrow(1, 1, H), at::kDouble), w = leaf(norm.weight_D, at::kDouble);
    auto y = at::rms_norm(x, {d}, w, norm.eps);
    y.backward(dbefore.narrow(1, 1, H).to(at::kDouble));
    const double tolerance = dtype == at::kFloat ? 1e-5 : 2e-2;
    EXPECT_LE(error(qkv.narrow(1, 1, H), y.detach()), tolerance);
    EXPECT_LE(error(dqkv.narrow(1, 1, H), x.grad()), tolerance);
    EXPECT_LE(error(norm.dweight_D, w.grad()), tolerance);
    for (int64_t other : {0, 4}) {
      EXPECT_TRUE(at::equal(qkv.select(1, other), before.select(1, other)));
      EXPECT_TRUE(at::equal(dqkv.select(1, other), dbefore.select(1, other)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Paths, HeadNormTest, all_paths(), path_name);

}  // namespace
}  // namespace xright::nn
