// Gradient checkpointing changes memory, and no bit of a float32 gradient.
#include "decoder_fixture.h"

namespace xright {
namespace {

using namespace testing;

class CheckpointingCase : public ::testing::TestWithParam<TinyCase> {};
INSTANTIATE_TEST_SUITE_P(Arrangements, CheckpointingCase, ::testing::ValuesIn(tiny_cases()),
                         case_name);

struct Outcome {
  std::vector<at::Tensor> gradients;
  int64_t bytes;
};

Outcome run(Fixture& f, std::vector<Parameter> parameters, Checkpointing checkpointing,
            const nn::Dropout* dropout) {
  for (auto& p : parameters) p.grad.zero_();
  Decoder decoder(f.model, checkpointing, kNever);
  run_parts(f.model, decoder, both_parts(), true, dropout);
  Outcome outcome{{}, decoder.buffer_bytes()};
  for (auto& p : parameters) outcome.gradients.push_back(p.grad.clone());
  return outcome;
}

void expect_equal(Fixture& f, const std::vector<Parameter>& parameters,
                  const nn::Dropout* dropout) {
  const auto off = run(f, parameters, Checkpointing::kOff, dropout);
  for (auto checkpointing : {Checkpointing::kSelective, Checkpointing::kFull}) {
    const auto on = run(f, parameters, checkpointing, dropout);
    for (size_t i = 0; i < parameters.size(); ++i)
      EXPECT_TRUE(at::equal(off.gradients[i], on.gradients[i])) << parameters[i].name;
  }
}

TEST_P(CheckpointingCase, KeepsEveryBitOfLora) {
  for (double dropout : {0.0, 0.3}) {
    Fixture f(GetParam());
    f.adapt(dropout);
    c10::InferenceMode guard;
    const nn::Dropout masks{dropout, 99, {}};
    expect_equal(f, adapter_parameters(f.model), dropout > 0 ? &masks : nullptr);
  }
}

TEST_P(CheckpointingCase, KeepsEveryBitOfFullTraining) {
  Fixture f(GetParam());
  c10::InferenceMode guard;
  expect_equal(f, full_parameters(f.model), nullptr);
}

TEST_P(CheckpointingCase, SavesMemoryInThatOrder) {
  for (auto dtype : {at::kFloat, at::kBFloat16}) {
    Fixture f(GetParam(), dtype);
    c10::InferenceMode guard;
    const auto parameters = full_parameters(f.model);
    const auto bytes = [&](Checkpointing c) { return run(f, parameters, c, nullptr).bytes; };
    EXPECT_GT(bytes(Checkpointing::kOff), bytes(Checkpointing::kSelective));
    EXPECT_GT(bytes(Checkpointing::kSelective), bytes(Checkpointing::kFull));
  }
}

}  // namespace
}  // namespace xright
