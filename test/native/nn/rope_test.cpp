#include "nn/rope.h"

#include "paths.h"

namespace xright::nn {
namespace {

struct Case {
  at::ScalarType dtype;
  int64_t tokens, heads, head_dim, half;
};

at::Tensor angles(const Case& c) { return at::randn({c.tokens, c.half}).mul_(3); }

// Hugging Face's formula on [T, heads, head_dim] with cos and sin repeated for both halves.
at::Tensor rotated(const at::Tensor& x, const at::Tensor& cos_TR, const at::Tensor& sin_TR) {
  const int64_t half = cos_TR.size(1);
  const auto cos = at::cat({cos_TR, cos_TR}, 1).unsqueeze(1).to(x.scalar_type());
  const auto sin = at::cat({sin_TR, sin_TR}, 1).unsqueeze(1).to(x.scalar_type());
  const auto turning = x.narrow(2, 0, 2 * half), rest = x.narrow(2, 2 * half, x.size(2) - 2 * half);
  const auto swapped = at::cat({-turning.narrow(2, half, half), turning.narrow(2, 0, half)}, 2);
  return at::cat({turning * cos + swapped * sin, rest}, 2);
}

class RopeTest : public OpTest {};

TEST_P(RopeTest, MatchesHuggingFaceAndItsGradient) {
  for (auto dtype : {at::kFloat, at::kBFloat16})
    for (const auto& c :
         {Case{dtype, 9, 3, 64, 32}, Case{dtype, 17, 2, 10, 3}, Case{dtype, 1, 5, 20, 10}}) {
      SCOPED_TRACE(testing::Message() << dtype << " " << c.head_dim);
      const auto a = angles(c), cos = a.cos() * 1.1, sin = a.sin() * 1.1;
      auto whole = randn({c.tokens, c.heads + 4, c.head_dim}, dtype);
      const auto before = whole.clone();
      auto x = whole.narrow(1, 1, c.heads);
      const auto input = leaf(x, at::kDouble);
      const auto want = rotated(input, cos, sin), torch = rotated(x.clone(), cos, sin);
      rope_apply(x, cos, sin, false);
      EXPECT_LE(error(x, want), allowed(dtype, error(torch, want)));
      EXPECT_TRUE(at::equal(whole.narrow(1, 0, 1), before.narrow(1, 0, 1)));
      EXPECT_TRUE(at::equal(whole.narrow(1, c.heads + 1, 3), before.narrow(1, c.heads + 1, 3)));

      auto dx = randn({c.tokens, c.heads, c.head_dim}, dtype);
      want.backward(dx.to(at::kDouble));
      rope_apply(dx, cos, sin, true);
      EXPECT_LE(error(dx, input.grad()), dtype == at::kFloat ? 1e-6 : 4e-3);
    }
}

TEST_P(RopeTest, InverseUndoesAPlainRotation) {
  const Case c{at::kFloat, 50, 4, 32, 16};
  const auto a = angles(c);
  auto x = at::randn({c.tokens, c.heads, c.head_dim});
  const auto before = x.clone();
  rope_apply(x, a.cos(), a.sin(), false);
  rope_apply(x, a.cos(), a.sin(), true);
  EXPECT_LE(error(x, before), 1e-6);
}

TEST_P(RopeTest, NoTokens) {
  auto x = at::empty({0, 2, 8});
  rope_apply(x, at::empty({0, 4}), at::empty({0, 4}), false);
  EXPECT_EQ(x.numel(), 0);
}

TEST_P(RopeTest, ThreadsDoNotChangeBits) {
  const Case c{at::kBFloat16, 301, 9, 64, 32};
  const auto a = angles(c), x = randn({c.tokens, c.heads, c.head_dim}, c.dtype);
  const auto [one, two] = with_one_and_two_threads([&] {
    auto y = x.clone();
    rope_apply(y, a.cos(), a.sin(), false);
    return y;
  });
  EXPECT_TRUE(identical(one, two));
}

INSTANTIATE_TEST_SUITE_P(Paths, RopeTest, all_paths(), path_name);

}  // namespace
}  // namespace xright::nn
