// The hand-written forward and backward against float64 autograd of the same network, for every
// arrangement of a block.
#include "core/decoder.h"

#include <torch/csrc/autograd/autograd.h>

#include "decoder_fixture.h"

namespace xright {
namespace {

using namespace testing;

class DecoderCase : public ::testing::TestWithParam<TinyCase> {};
INSTANTIATE_TEST_SUITE_P(Arrangements, DecoderCase, ::testing::ValuesIn(tiny_cases()), case_name);

void expect_close(const at::Tensor& ours, const at::Tensor& oracle, double tolerance,
                  const std::string& what) {
  ASSERT_TRUE(oracle.defined()) << what;
  const double scale = oracle.abs().max().item<double>() + 1e-12;
  EXPECT_LT((ours.to(at::kDouble) - oracle).abs().max().item<double>() / scale, tolerance) << what;
}

TEST_P(DecoderCase, LoraGradientsMatchAutograd) {
  Fixture f(GetParam());
  f.adapt();
  auto lora = f.oracle_lora();
  Weights frozen;
  for (auto& [n, t] : f.weights) frozen[n] = t.to(at::kDouble);
  Oracle oracle(f.model.spec, frozen, &lora);
  auto dpo = oracle_dpo(oracle, kPairs, kReference), sft = oracle_sft(oracle, kSft, 6);
  (0.7 * dpo + 0.3 * sft).backward();
  c10::InferenceMode guard;
  Decoder decoder(f.model, Checkpointing::kOff, kNever);
  auto results = run_parts(f.model, decoder, both_parts(), true, nullptr);
  EXPECT_NEAR(loss_of(results, 0), dpo.item<double>(), 1e-5);
  EXPECT_NEAR(loss_of(results, 1), sft.item<double>(), 1e-5);
  auto gradients = f.lora_gradients();
  for (const auto& [module, matrices] : lora.matrices) {
    const std::string name = "base_model.model." + module;
    expect_close(gradients.at(name + ".lora_A.weight"), matrices.first.grad(), 2e-5, module + " A");
    expect_close(gradients.at(name + ".lora_B.weight"), matrices.second.grad(), 2e-5,
                 module + " B");
  }
}

TEST_P(DecoderCase, FullGradientsMatchAutograd) {
  Fixture f(GetParam());
  auto parameters = full_parameters(f.model);
  auto w = leaves(f.weights);
  oracle_both(Oracle(f.model.spec, w)).backward();
  c10::InferenceMode guard;
  Decoder decoder(f.model, Checkpointing::kOff, kNever);
  run_parts(f.model, decoder, both_parts(), true, nullptr);
  // Gradients share the weights' layout: visit them under the weights' names by swapping them in.
  for (auto& p : parameters) p.value.copy_(p.grad);
  double largest = 0;
  for (auto& [name, t] : w)
    if (t.grad().defined()) largest = std::max(largest, t.grad().abs().max().item<double>());
  visit_tensors(f.model, [&](const std::string& name, at::Tensor& t) {
    // A key's bias moves all scores of a query alike: its gradient is nothing but rounding.
    if (w.at(name).grad().abs().max().item<double>() < 1e-9 * largest)
      EXPECT_LT(t.abs().max().item<double>(), 1e-5 * largest) << name;
    else
      expect_close(t, w.at(name).grad(), 2e-5, name);
  });
}

// The same numbers whether rows are packed together or run one by one, with or without a shared
// prompt.
TEST_P(DecoderCase, PackingChangesNothing) {
  Fixture f(GetParam());
  f.adapt();
  c10::InferenceMode guard;
  Decoder decoder(f.model, Checkpointing::kOff, kNever);
  auto together = row_logps(f, decoder, kPairs);
  size_t n = 0;
  for (const auto& row : kPairs)
    for (size_t side = 1; side < row.size(); ++side)
      EXPECT_NEAR(together[n++], row_logps(f, decoder, {{row[0], row[side]}})[0], 2e-5);
}

// Changing one row changes no bit of another row's log-probs.
TEST_P(DecoderCase, RowsDoNotLeak) {
  for (auto dtype : {at::kFloat, at::kBFloat16}) {
    Fixture f(GetParam(), dtype);
    c10::InferenceMode guard;
    Decoder decoder(f.model, Checkpointing::kOff, kNever);
    Rows changed = kPairs;
    changed[0][0][2] = 40, changed[0][1][1] = 41;
    auto before = row_logps(f, decoder, kPairs), after = row_logps(f, decoder, changed);
    EXPECT_NE(before[0], after[0]);
    EXPECT_EQ(before[2], after[2]);
    EXPECT_EQ(before[3], after[3]);
  }
}

// Finite differences through the masks: backward uses the masks forward used.
TEST_P(DecoderCase, DropoutGradientMatchesFiniteDifference) {
  Fixture f(GetParam());
  f.adapt(0.4);
  c10::InferenceMode guard;
  const nn::Dropout masks{0.4, 1234, {}};
  auto parameters = adapter_parameters(f.model);
  auto loss = [&] {
    refresh_adapters(f.model);
    for (auto& p : parameters) p.grad.zero_();
    Decoder decoder(f.model, Checkpointing::kOff, kNever);
    return loss_of(run_parts(f.model, decoder, Value::Array{sft_part(kSft, 1, 6)}, true, &masks),
                   0);
  };
  loss();
  std::vector<at::Tensor> grads;
  for (auto& p : parameters) grads.push_back(p.grad.clone());
  for (size_t i = 0; i < parameters.size(); i += 3) {
    auto direction = at::randn_like(parameters[i].value);
    const double analytic = (grads[i] * direction).sum().item<double>(), step = 1e-3;
    parameters[i].value.add_(direction, step);
    const double up = loss();
    parameters[i].value.add_(direction, -2 * step);
    const double down = loss();
    parameters[i].value.add_(direction, step);
    EXPECT_NEAR((up - down) / (2 * step), analytic, 2e-3 + 0.02 * std::abs(analytic))
        << parameters[i].name;
  }
}

TEST(Decoder, NonFiniteLogProbNamesTheSequence) {
  Fixture f(kLlama);
  f.adapt();
  c10::InferenceMode guard;
  f.model.embedding_VD[10].fill_(NAN);  // token 10 occurs in the second row only
  Decoder decoder(f.model, Checkpointing::kOff, kNever);
  try {
    run_parts(f.model, decoder, Value::Array{sft_part({kSft[0]}, 1, 4)}, true, nullptr);
    FAIL() << "a NaN in the head reaches every row";
  } catch (const Error& e) {
    EXPECT_EQ(e.code, Code::NON_FINITE);
    EXPECT_EQ(e.detail, "part 0 sequence 0");
  }
}

}  // namespace
}  // namespace xright
