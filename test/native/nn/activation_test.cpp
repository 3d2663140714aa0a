#include "nn/activation.h"

#include "paths.h"

namespace xright::nn {
namespace {

constexpr Activation kAll[] = {Activation::kSilu, Activation::kGelu, Activation::kGeluTanh,
                               Activation::kRelu};

at::Tensor reference(Activation act, bool gated, const at::Tensor& u) {
  const auto x = gated ? u.narrow(1, 0, u.size(1) / 2) : u;
  const auto y = act == Activation::kSilu       ? at::silu(x)
                 : act == Activation::kGelu     ? at::gelu(x)
                 : act == Activation::kGeluTanh ? at::gelu(x, "tanh")
                                                : at::relu(x);
  return gated ? y * u.narrow(1, u.size(1) / 2, u.size(1) / 2) : y;
}

class ActivationTest : public OpTest {};

TEST_P(ActivationTest, MatchesAutograd) {
  for (auto act : kAll)
    for (bool gated : {false, true})
      for (auto dtype : {at::kFloat, at::kBFloat16})
        for (int64_t width : {7, 64, 150}) {
          SCOPED_TRACE(testing::Message()
                       << int(act) << " " << gated << " " << dtype << " " << width);
          const int64_t columns = gated ? 2 * width : width;
          const auto u = randn({11, columns + 5}, dtype).mul_(3).narrow(1, 2, columns);
          const auto dh = randn({11, width + 3}, dtype).narrow(1, 1, width);
          const auto u64 = leaf(u, at::kDouble), u_torch = leaf(u, dtype);
          const auto want = reference(act, gated, u64), torch = reference(act, gated, u_torch);
          want.backward(dh.to(at::kDouble));
          torch.backward(dh);

          auto h = at::empty({11, width}, u.options()), again = at::empty_like(h),
               du = at::empty_like(u);
          activation_forward(act, gated, u, h);
          activation_backward(act, gated, u, dh, du, &again);
          EXPECT_LE(error(h, want), allowed(dtype, error(torch, want)));
          EXPECT_LE(error(du, u64.grad()), allowed(dtype, error(u_torch.grad(), u64.grad())));
          EXPECT_LE(error(again, h), dtype == at::kFloat ? 1e-6 : 4e-3);
          if (!GetParam().aten) {
            EXPECT_TRUE(identical(h, again));
          }
          auto aliased = u.clone();
          activation_backward(act, gated, aliased, dh, aliased, nullptr);
          EXPECT_TRUE(identical(aliased, du));
        }
}

TEST_P(ActivationTest, EveryMagnitude) {
  const auto x =
      at::cat({at::linspace(-30, 30, 4001), at::logspace(-20, 4, 500), -at::logspace(-20, 4, 500)});
  const auto u = x.unsqueeze(0);
  for (auto act : kAll) {
    SCOPED_TRACE(int(act));
    const auto wide = leaf(u, at::kDouble);
    const auto want = reference(act, false, wide);
    want.sum().backward();
    auto h = at::empty_like(u), du = at::empty_like(u);
    activation_forward(act, false, u, h);
    activation_backward(act, false, u, at::ones_like(u), du, nullptr);
    EXPECT_TRUE(at::allclose(h.to(at::kDouble), want.detach(), 1e-5, 2e-6));
    EXPECT_TRUE(at::allclose(du.to(at::kDouble), wide.grad(), 1e-5, 2e-6));
  }
}

TEST_P(ActivationTest, NaNStaysInItsPlace) {
  for (auto act : kAll)
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
      auto u = at::ones({1, 20}, dtype), h = at::empty_like(u);
      u[0][3] = std::numeric_limits<float>::quiet_NaN();
      u[0][18] = std::numeric_limits<float>::quiet_NaN();
      activation_forward(act, false, u, h);
      EXPECT_TRUE(at::equal(h.isnan(), u.isnan()));
    }
}

TEST_P(ActivationTest, ThreadsDoNotChangeBits) {
  const auto u = randn({300, 402}, at::kBFloat16), dh = randn({300, 201}, at::kBFloat16);
  const auto [one, two] = with_one_and_two_threads([&] {
    auto du = at::empty_like(u), h = at::empty_like(dh);
    activation_backward(Activation::kSilu, true, u, dh, du, &h);
    return at::cat({du, h}, 1);
  });
  EXPECT_TRUE(identical(one, two));
}

INSTANTIATE_TEST_SUITE_P(Paths, ActivationTest, all_paths(), path_name);

}  // namespace
}  // namespace xright::nn
