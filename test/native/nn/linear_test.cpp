#include "nn/linear.h"

#include "nn/activation.h"
#include "paths.h"

namespace xright::nn {
namespace {

constexpr int64_t kInputs = 96, kOutputs = 192;

Linear linear(at::ScalarType dtype, bool bias, bool gated) {
  Linear l;
  l.modules = {{"model.layers.0.first_proj", 128, 0}, {"model.layers.0.second_proj", 64, 0}};
  l.weight_OI = randn({kOutputs, kInputs}, at::kFloat).mul_(0.1).to(dtype);
  if (bias) l.bias_O = randn({kOutputs}, dtype);
  l.packed = pack_matrix(l.weight_OI, gated);
  return l;
}

// One adapter on each module, as attach_adapter makes them.
void add_lora(Linear& l, at::ScalarType dtype) {
  Lora lora;
  lora.rank = 4;
  lora.scale = 0.5;
  lora.slices = {{"first", 0, 128, 0, 0}, {"second", 128, 64, 1, 0}};
  lora.a_RI = at::randn({8, kInputs}).mul_(0.1);
  lora.grad_a_RI = at::zeros_like(lora.a_RI);
  lora.current.a_RI = at::empty_like(lora.a_RI, dtype);
  for (const LoraSlice& slice : lora.slices) {
    lora.b_OR.push_back(at::randn({slice.rows, 4}));
    lora.grad_b_OR.push_back(at::zeros({slice.rows, 4}));
    lora.current.b_OR.push_back(at::empty({slice.rows, 4}, dtype));
  }
  l.lora = std::move(lora);
  l.refresh_lora();
}

// x W^T + b + adapters with products in `dtype`.
at::Tensor plain(const Linear& l, const at::Tensor& x_TI, at::ScalarType dtype) {
  const auto wide = [&](const at::Tensor& t) { return t.to(dtype); };
  auto y = at::mm(wide(x_TI), wide(l.weight_OI).t());
  if (l.bias_O.defined()) y = y + wide(l.bias_O);
  if (!l.lora) return y;
  const auto s = at::mm(wide(x_TI), wide(l.lora->current.a_RI).t());
  for (size_t i = 0; i < 2; ++i) {
    const LoraSlice& slice = l.lora->slices[i];
    y.narrow(1, slice.offset, slice.rows)
        .add_(
            at::mm(s.narrow(1, static_cast<int64_t>(i) * 4, 4), wide(l.lora->current.b_OR[i]).t()));
  }
  return y;
}

at::Tensor forward(const Linear& l, const at::Tensor& x_TI, const FusedActivation* then = nullptr) {
  auto y = at::empty({x_TI.size(0), kOutputs}, x_TI.options());
  auto s = at::empty({x_TI.size(0), l.low_ranks()}, x_TI.options());
  linear_forward(l, Policy::kCurrent, nullptr, x_TI, y, s, then);
  return y;
}

class LinearTest : public OpTest {
 protected:
  void SetUp() override {
    force_packed(true);
    OpTest::SetUp();
  }
  void TearDown() override {
    OpTest::TearDown();
    force_packed(false);
  }
};

TEST_P(LinearTest, MatchesFloat64) {
  for (auto dtype : {at::kFloat, at::kBFloat16})
    for (bool extras : {false, true})
      for (int64_t rows : {1, 31, 32, 33, 200, 601}) {  // the last in slices
        SCOPED_TRACE(testing::Message() << dtype << " " << extras << " " << rows);
        Linear l = linear(dtype, extras, extras);
        if (extras) add_lora(l, dtype);
        const auto x = randn({rows, kInputs}, dtype);
        const auto want = plain(l, x, at::kDouble);
        EXPECT_LE(error(forward(l, x), want), allowed(dtype, error(plain(l, x, dtype), want)));
      }
}

// What follows a product is the same whether it is done on its tiles or afterwards.
TEST_P(LinearTest, ActivationsHaveTheBitsOfTheirOwnOp) {
  for (bool gated : {false, true})
    for (bool adapted : {false, true})
      for (int64_t rows : {7, 45, 64, 601}) {
        SCOPED_TRACE(testing::Message() << gated << " " << adapted << " " << rows);
        Linear l = linear(at::kBFloat16, true, gated);
        if (adapted) add_lora(l, at::kBFloat16);
        const auto x = randn({rows, kInputs}, at::kBFloat16);
        auto h = at::empty({rows, gated ? kOutputs / 2 : kOutputs}, x.options());
        auto expected = at::empty_like(h);
        const FusedActivation then{Activation::kSilu, gated, h};
        const auto y = forward(l, x, &then);
        EXPECT_TRUE(identical(y, forward(l, x)));
        activation_forward(Activation::kSilu, gated, y, expected);
        EXPECT_TRUE(identical(h, expected));
      }
}

TEST_P(LinearTest, PackedExactlyWhereTheProcessorMultipliesBfloat16) {
  EXPECT_EQ(linear(at::kBFloat16, false, true).packed.defined(), packed_products());
  if (packed_products()) {
    EXPECT_EQ(GetParam().isa, cpu::Isa::avx512bf16);
  }
  EXPECT_FALSE(linear(at::kFloat, false, false).packed.defined());
  EXPECT_FALSE(pack_matrix(at::zeros({100, 64}, at::kBFloat16), false).defined());
}

TEST_P(LinearTest, SameBitsWithOneAndTwoThreadsAndAnyNeighbours) {
  const Linear l = linear(at::kBFloat16, true, false);
  const auto x = randn({150, kInputs}, at::kBFloat16);
  const auto [one, two] = with_one_and_two_threads([&] { return forward(l, x); });
  if (!packed_products()) return;  // the matrix library's sums may depend on both
  EXPECT_TRUE(identical(one, two));
  for (int64_t rows : {32, 50, 101})
    EXPECT_TRUE(identical(one.narrow(0, 0, rows), forward(l, x.narrow(0, 0, rows))));
}

TEST_P(LinearTest, GradientsMatchAutograd) {
  for (auto [dtype, rows] : {std::pair{at::kFloat, 70}, {at::kBFloat16, 70}, {at::kBFloat16, 601}}) {
    Linear l = linear(dtype, false, false);
    add_lora(l, dtype);
    const auto x = randn({rows, kInputs}, dtype), dy = randn({rows, kOutputs}, dtype);
    auto y = at::empty({rows, kOutputs}, x.options()), dx = at::empty_like(x);
    auto s = at::empty({rows, l.low_ranks()}, x.options()), ds = at::empty_like(s);
    linear_forward(l, Policy::kCurrent, nullptr, x, y, s);
    linear_backward_input(l, nullptr, dy, dx, ds);
    linear_backward_weights(l, nullptr, x, s, dy, ds);
    const auto oracle = [&](at::ScalarType type) {
      Lora& lora = *l.lora;
      const auto saved = lora.current;
      lora.current.a_RI = leaf(saved.a_RI, type);
      for (auto& b : lora.current.b_OR) b = leaf(b, type);
      const auto input = leaf(x, type);
      plain(l, input, type).backward(dy.to(type));
      std::vector<at::Tensor> grads = {input.grad(), lora.current.a_RI.grad()};
      // The compute copy of B carries the scale; the gradient is of B itself.
      for (auto& b : lora.current.b_OR) grads.push_back(b.grad() * lora.scale);
      lora.current = saved;
      return grads;
    };
    const auto want = oracle(at::kDouble), torch = oracle(dtype);
    const std::vector<at::Tensor> got = {dx, l.lora->grad_a_RI, l.lora->grad_b_OR[0],
                                         l.lora->grad_b_OR[1]};
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_LE(error(got[i], want[i]), allowed(dtype, error(torch[i], want[i]))) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, LinearTest, all_paths(), path_name);

}  // namespace
}  // namespace xright::nn
