#include "nn/norm.h"

#include "paths.h"

namespace xright::nn {
namespace {

struct Inputs {
  Norm norm;
  at::Tensor x_TD, delta_TD, dy_TD, dx_TD;
};

Inputs inputs(NormKind kind, at::ScalarType dtype, int64_t rows, int64_t width, bool bias) {
  Inputs in;
  in.norm.kind = kind;
  in.norm.weight_D = at::rand({width}).add_(0.5).to(dtype).to(at::kFloat);
  in.norm.dweight_D = at::ones({width});
  if (bias) {
    in.norm.bias_D = randn({width}, dtype).to(at::kFloat);
    in.norm.dbias_D = at::ones({width});
  }
  in.x_TD = at::randn({rows, width}).add_(0.3);
  in.delta_TD = randn({rows, width + 7}, dtype).narrow(1, 3, width);
  in.dy_TD = randn({rows, width}, dtype);
  in.dx_TD = at::randn({rows, width});
  return in;
}

struct Outputs {
  at::Tensor x_TD, y_TD, y_again_TD, dx_TD, dweight_D, dbias_D;
};

Outputs run(const Inputs& in) {
  Norm norm = in.norm;
  norm.dweight_D = norm.dweight_D.clone();
  if (norm.dbias_D.defined()) norm.dbias_D = norm.dbias_D.clone();
  auto x = in.x_TD.clone(), y = at::empty_like(in.dy_TD), again = at::empty_like(in.dy_TD),
       dx = in.dx_TD.clone();
  NormSaved saved{at::empty_like(in.dy_TD), at::empty({x.size(0), 2})};
  norm_forward(norm, x, in.delta_TD, y, &saved);
  norm_backward(norm, saved, in.dy_TD, dx, &again);
  return {x, y, again, dx, norm.dweight_D, norm.dbias_D};
}

// The same through autograd, everything in `dtype`.
Outputs autograd(const Inputs& in, at::ScalarType dtype) {
  const auto x = leaf(in.x_TD.to(at::kDouble) + in.delta_TD.to(at::kDouble), dtype);
  const auto w = leaf(in.norm.weight_D, dtype);
  const auto b = in.norm.bias_D.defined() ? leaf(in.norm.bias_D, dtype) : at::Tensor();
  const int64_t width = x.size(1);
  auto y =
      in.norm.kind == NormKind::kLayer
          ? at::layer_norm(x, {width}, w, b.defined() ? std::optional<at::Tensor>(b) : std::nullopt,
                           in.norm.eps)
          : at::rms_norm(x, {width}, w, in.norm.eps);
  if (in.norm.kind == NormKind::kRms && b.defined()) y = y + b;
  y.backward(in.dy_TD.to(dtype));
  return {x.detach(),
          y.detach(),
          y.detach(),
          in.dx_TD.to(at::kDouble) + x.grad(),
          1 + w.grad().to(at::kDouble),
          b.defined() ? 1 + b.grad().to(at::kDouble) : at::Tensor()};
}

class NormTest : public OpTest {};

TEST_P(NormTest, MatchesAutograd) {
  for (auto kind : {NormKind::kRms, NormKind::kLayer})
    for (auto dtype : {at::kFloat, at::kBFloat16})
      for (int64_t width : {5, 64, 579})
        for (bool bias : {false, true}) {
          SCOPED_TRACE(testing::Message()
                       << int(kind) << " " << dtype << " " << width << " " << bias);
          const auto in = inputs(kind, dtype, 37, width, bias);
          const auto got = run(in), want = autograd(in, at::kDouble), torch = autograd(in, dtype);
          const auto check = [&](at::Tensor Outputs::* part) {
            EXPECT_LE(error(got.*part, want.*part), allowed(dtype, error(torch.*part, want.*part)));
          };
          EXPECT_LE(error(got.x_TD, want.x_TD), 1e-6);
          check(&Outputs::y_TD);
          check(&Outputs::y_again_TD);
          check(&Outputs::dx_TD);
          check(&Outputs::dweight_D);
          if (bias) check(&Outputs::dbias_D);
        }
}

TEST_P(NormTest, WithoutDeltaLeavesTheResidualAlone) {
  auto in = inputs(NormKind::kRms, at::kBFloat16, 3, 40, false);
  auto x = in.x_TD.clone(), y = at::empty_like(in.dy_TD);
  norm_forward(in.norm, x, at::Tensor(), y, nullptr);
  EXPECT_TRUE(at::equal(x, in.x_TD));
  const auto want =
      at::rms_norm(in.x_TD.to(at::kDouble), {40}, in.norm.weight_D.to(at::kDouble), in.norm.eps);
  EXPECT_LE(error(y, want), 4e-3);
}

TEST_P(NormTest, OffsetIsAddedToTheWeight) {
  for (auto kind : {NormKind::kRms, NormKind::kLayer}) {
    auto in = inputs(kind, at::kBFloat16, 5, 40, kind == NormKind::kLayer);
    in.norm.weight_D.sub_(1);
    in.norm.offset = 1;
    const auto got = run(in);
    in.norm.weight_D.add_(1);
    in.norm.offset = 0;
    const auto want = run(in);
    EXPECT_TRUE(identical(got.y_TD, want.y_TD) && identical(got.y_again_TD, want.y_again_TD));
    EXPECT_TRUE(identical(got.dx_TD, want.dx_TD) && identical(got.dweight_D, want.dweight_D));
  }
}

TEST_P(NormTest, FrozenParametersStayUndefined) {
  auto in = inputs(NormKind::kLayer, at::kFloat, 5, 24, true);
  const auto trained = run(in);
  in.norm.dweight_D = in.norm.dbias_D = at::Tensor();
  auto x = in.x_TD.clone(), y = at::empty_like(in.dy_TD), dx = in.dx_TD.clone();
  NormSaved saved{at::empty_like(in.dy_TD), at::empty({5, 2})};
  norm_forward(in.norm, x, in.delta_TD, y, &saved);
  norm_backward(in.norm, saved, in.dy_TD, dx, nullptr);
  EXPECT_TRUE(identical(dx, trained.dx_TD));
  EXPECT_FALSE(in.norm.dweight_D.defined());
}

TEST_P(NormTest, NoRows) {
  const auto in = inputs(NormKind::kRms, at::kBFloat16, 0, 16, false);
  const auto got = run(in);
  EXPECT_EQ(got.y_TD.numel(), 0);
  EXPECT_TRUE(at::equal(got.dweight_D, in.norm.dweight_D));
}

TEST_P(NormTest, NaNStaysInItsRow) {
  auto in = inputs(NormKind::kLayer, at::kBFloat16, 4, 33, true);
  const auto clean = run(in);
  in.x_TD[2][7] = std::numeric_limits<float>::quiet_NaN();
  const auto got = run(in);
  EXPECT_TRUE(got.y_TD[2].isnan().all().item<bool>());
  EXPECT_TRUE(identical(got.y_TD[1], clean.y_TD[1]) && identical(got.dx_TD[3], clean.dx_TD[3]));
}

TEST_P(NormTest, ThreadsDoNotChangeBits) {
  if (GetParam().aten) GTEST_SKIP() << "promised by the kernels only";
  const auto in = inputs(NormKind::kLayer, at::kBFloat16, 531, 1100, true);
  const auto [one, two] = with_one_and_two_threads([&] { return run(in); });
  EXPECT_TRUE(identical(one.y_TD, two.y_TD) && identical(one.dx_TD, two.dx_TD));
  EXPECT_TRUE(identical(one.dweight_D, two.dweight_D) && identical(one.dbias_D, two.dbias_D));
}

INSTANTIATE_TEST_SUITE_P(Paths, NormTest, all_paths(), path_name);

}  // namespace
}  // namespace xright::nn
