// In bfloat16 the error of log-probs and adapter gradients against float64 is at most twice that of
// PyTorch's own operators in bfloat16.
#include <torch/csrc/autograd/autograd.h>

#include "decoder_fixture.h"

namespace xright {
namespace {

using namespace testing;

class PrecisionCase : public ::testing::TestWithParam<TinyCase> {};
INSTANTIATE_TEST_SUITE_P(Arrangements, PrecisionCase, ::testing::ValuesIn(tiny_cases()), case_name);

// Log-probs of the rows and adapter gradients, end to end.
struct Numbers {
  at::Tensor logps, gradients;
};

Numbers oracle_numbers(Fixture& f, at::ScalarType dtype) {
  auto lora = f.oracle_lora(dtype);
  Weights weights;
  for (auto& [name, t] : f.weights) weights[name] = t.to(dtype);
  Oracle oracle(f.model.spec, weights, &lora, dtype);
  oracle_both(oracle).backward();
  std::vector<at::Tensor> logps, gradients;
  for (const auto& row : kPairs)
    for (size_t side = 1; side < row.size(); ++side)
      logps.push_back(oracle.logps(joined(row[0], row[side]), static_cast<int64_t>(row[0].size()))
                          .sum()
                          .detach()
                          .to(at::kDouble));
  for (auto& [module, matrices] : lora.matrices) {
    gradients.push_back(matrices.first.grad().flatten().to(at::kDouble));
    gradients.push_back(matrices.second.grad().flatten().to(at::kDouble));
  }
  return {at::stack(logps), at::cat(gradients)};
}

Numbers our_numbers(Fixture& f) {
  c10::InferenceMode guard;
  Decoder decoder(f.model, Checkpointing::kOff, kNever);
  for (auto& p : adapter_parameters(f.model)) p.grad.zero_();
  const auto logps = row_logps(f, decoder, kPairs);
  run_parts(f.model, decoder, both_parts(), true, nullptr);
  std::vector<at::Tensor> gradients;
  for (auto& [name, t] : f.lora_gradients()) gradients.push_back(t.flatten().to(at::kDouble));
  return {at::tensor(logps, at::kDouble), at::cat(gradients)};
}

double squared(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).square().sum().item<double>();
}

TEST_P(PrecisionCase, ErrorIsAtMostTwicePyTorchs) {
  double our_logps = 0, their_logps = 0, our_gradients = 0, their_gradients = 0;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Fixture f(GetParam(), at::kBFloat16, seed);
    f.adapt();
    const auto truth = oracle_numbers(f, at::kDouble), theirs = oracle_numbers(f, at::kBFloat16);
    const auto ours = our_numbers(f);
    our_logps += squared(ours.logps, truth.logps);
    their_logps += squared(theirs.logps, truth.logps);
    our_gradients += squared(ours.gradients, truth.gradients);
    their_gradients += squared(theirs.gradients, truth.gradients);
  }
  EXPECT_LE(std::sqrt(our_logps), 2 * std::sqrt(their_logps));
  EXPECT_LE(std::sqrt(our_gradients), 2 * std::sqrt(their_gradients));
}

}  // namespace
}  // namespace xright
