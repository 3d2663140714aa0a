#include "nn/head.h"

#include "core/errors.h"
#include "paths.h"

namespace xright::nn {
namespace {

struct Problem {
  at::Tensor h_ND, weight_VD, targets_N;
};

Problem problem(at::ScalarType dtype, int64_t rows, int64_t width, int64_t vocab) {
  return {randn({rows, width}, dtype), randn({vocab, width}, at::kFloat).mul_(0.5).to(dtype),
          at::randint(vocab, {rows}, at::kInt)};
}

struct Oracle {
  at::Tensor logp_N, correct_N, dh_ND, dweight_VD;
};

// Autograd with products in `dtype` and the log-softmax in at least float32.
Oracle autograd(const Problem& p, at::ScalarType dtype, const at::Tensor& coefficient_N) {
  const auto h = leaf(p.h_ND, dtype), w = leaf(p.weight_VD, dtype);
  const auto logits = at::mm(h, w.t());
  const auto wide = dtype == at::kDouble ? logits : logits.to(at::kFloat);
  const auto logp =
      at::log_softmax(wide, 1).gather(1, p.targets_N.to(at::kLong).unsqueeze(1)).squeeze(1);
  logp.sum().backward({}, true);
  const auto dh = h.grad().clone();
  w.mutable_grad() = at::Tensor();
  (logp * coefficient_N).sum().backward();
  return {logp.detach(), logits.argmax(1).eq(p.targets_N).to(at::kFloat), dh, w.grad()};
}

class HeadTest : public OpTest {};

TEST_P(HeadTest, MatchesAutograd) {
  for (auto dtype : {at::kFloat, at::kBFloat16})
    for (auto [rows, width, vocab] :
         {std::tuple{5, 24, 97}, std::tuple{70, 64, 1003}, std::tuple{1100, 16, 33}}) {
      SCOPED_TRACE(testing::Message() << dtype << " " << rows << " " << vocab);
      const auto p = problem(dtype, rows, width, vocab);
      const auto coefficient = at::randn({rows});
      const auto want = autograd(p, at::kDouble, coefficient),
                 torch = autograd(p, dtype, coefficient);
      const auto got = head_logprobs(p.h_ND, p.weight_VD, p.targets_N, true);
      EXPECT_LE(error(got.logp_N, want.logp_N), allowed(dtype, error(torch.logp_N, want.logp_N)));
      EXPECT_LE(error(got.dh_ND, want.dh_ND), allowed(dtype, error(torch.dh_ND, want.dh_ND)));
      EXPECT_LE((got.correct_N - want.correct_N).abs().sum().item<float>(),
                dtype == at::kFloat ? 0 : rows / 20);

      auto dweight = at::ones({vocab, width});
      head_weight_gradient(p.h_ND, p.weight_VD, p.targets_N, coefficient, dweight);
      EXPECT_LE(error(dweight - 1, want.dweight_VD),
                allowed(dtype, error(torch.dweight_VD, want.dweight_VD)));
    }
}

TEST_P(HeadTest, GradientIsOptional) {
  const auto p = problem(at::kBFloat16, 20, 32, 200);
  const auto with = head_logprobs(p.h_ND, p.weight_VD, p.targets_N, true);
  const auto without = head_logprobs(p.h_ND, p.weight_VD, p.targets_N, false);
  EXPECT_FALSE(without.dh_ND.defined());
  EXPECT_TRUE(identical(with.logp_N, without.logp_N) &&
              identical(with.correct_N, without.correct_N));
}

TEST_P(HeadTest, ARowDoesNotDependOnTheOthers) {
  for (auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto p = problem(dtype, 600, 96, 501);
    const auto all = head_logprobs(p.h_ND, p.weight_VD, p.targets_N, true);
    for (auto [first, rows] : {std::pair{0, 1}, std::pair{7, 1}, std::pair{30, 33},
                               std::pair{500, 100}, std::pair{3, 520}}) {
      SCOPED_TRACE(testing::Message() << dtype << " " << first << " " << rows);
      const auto some = head_logprobs(p.h_ND.narrow(0, first, rows), p.weight_VD,
                                      p.targets_N.narrow(0, first, rows), true);
      EXPECT_TRUE(identical(some.logp_N, all.logp_N.narrow(0, first, rows)));
      EXPECT_TRUE(identical(some.dh_ND, all.dh_ND.narrow(0, first, rows)));
    }
  }
}

TEST_P(HeadTest, TheFirstOfEqualLogitsIsTheArgMax) {
  const auto h = at::ones({3, 4}, at::kBFloat16);
  auto w = at::zeros({40, 4}, at::kBFloat16);
  w[5].fill_(1);
  w[21].fill_(1);
  const auto got = head_logprobs(h, w, at::tensor({5, 21, 0}, at::kInt), false);
  EXPECT_TRUE(at::equal(got.correct_N, at::tensor({1.f, 0.f, 0.f})));
}

TEST_P(HeadTest, NonFiniteLogitsAreNeverHidden) {
  for (auto dtype : {at::kFloat, at::kBFloat16}) {
    auto p = problem(dtype, 4, 8, 50);
    const auto clean = head_logprobs(p.h_ND, p.weight_VD, p.targets_N, true);
    p.h_ND[1][2] = std::numeric_limits<float>::quiet_NaN();
    p.h_ND[2][2] = std::numeric_limits<float>::infinity();
    const auto got = head_logprobs(p.h_ND, p.weight_VD, p.targets_N, true);
    EXPECT_TRUE(got.logp_N.narrow(0, 1, 2).isnan().all().item<bool>());
    EXPECT_TRUE(got.dh_ND[1].isnan().all().item<bool>());
    EXPECT_EQ(got.correct_N[1].item<float>(), 0);
    for (int row : {0, 3}) EXPECT_TRUE(identical(got.dh_ND[row], clean.dh_ND[row]));
  }
}

TEST_P(HeadTest, LargeLogitsStayFinite) {
  const auto h = at::full({2, 1}, 100.0f);
  const auto w = at::tensor({100.f, -100.f, 50.f}).unsqueeze(1);
  const auto got = head_logprobs(h, w, at::tensor({0, 1}, at::kInt), true);
  EXPECT_TRUE(at::equal(got.logp_N, at::tensor({0.f, -20000.f})));
  EXPECT_TRUE(got.dh_ND.isfinite().all().item<bool>());
}

TEST_P(HeadTest, NoRows) {
  const auto p = problem(at::kBFloat16, 0, 8, 50);
  const auto got = head_logprobs(p.h_ND, p.weight_VD, p.targets_N, true);
  EXPECT_EQ(got.logp_N.numel(), 0);
  EXPECT_EQ(got.dh_ND.sizes(), at::IntArrayRef({0, 8}));
  auto dweight = at::ones({50, 8});
  head_weight_gradient(p.h_ND, p.weight_VD, p.targets_N, at::empty({0}), dweight);
  EXPECT_TRUE(at::equal(dweight, at::ones({50, 8})));
}

TEST_P(HeadTest, ATargetOutsideTheVocabularyIsAnError) {
  const auto p = problem(at::kFloat, 2, 8, 50);
  EXPECT_THROW(head_logprobs(p.h_ND, p.weight_VD, at::tensor({1, 50}, at::kInt), false), Error);
  EXPECT_THROW(head_logprobs(p.h_ND, p.weight_VD, at::tensor({-1, 1}, at::kInt), false), Error);
}

TEST_P(HeadTest, ThreadsDoNotChangeBits) {
  const auto p = problem(at::kBFloat16, 150, 64, 2000);
  const auto [one, two] = with_one_and_two_threads(
      [&] { return head_logprobs(p.h_ND, p.weight_VD, p.targets_N, true); });
  EXPECT_TRUE(identical(one.logp_N, two.logp_N) && identical(one.dh_ND, two.dh_ND));
}

INSTANTIATE_TEST_SUITE_P(Paths, HeadTest, all_paths(), path_name);

}  // namespace
}  // namespace xright::nn
