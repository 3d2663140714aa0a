// The hand-written forward and backward against float64 autograd of the same network, one sequence
// at a time.
#include "core/decoder.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/adapter.h"
#include "core/step.h"
#include "core/trainable.h"
#include "models/registry.h"
#include "tiny_model.h"

namespace xright {
namespace {

using namespace testing;
using Rows = std::vector<std::vector<std::vector<int32_t>>>;

const Rows kPairs = {{{3, 7, 1, 22, 8}, {4, 9, 60}, {5, 5, 12, 2}},
                     {{11, 2}, {30, 31, 32, 33, 34}, {7}}};
const Rows kSft = {{{1, 2, 3}, {4, 5, 6, 7}}, {{9}, {10, 11}}};
const std::atomic<bool> kNever{false};

struct Fixture {
  TinyConfig config;
  Weights weights;
  Model model;
  explicit Fixture(TinyConfig c, at::ScalarType dtype = at::kFloat) : config(c) {
    at::manual_seed(7);
    weights = random_weights(config);
    const std::string path = temporary_file();
    model = load_model(model_family("llama")(config.hf()),
                       TensorFiles(write_weights(weights, path)), dtype, at::kCPU);
    std::remove(path.c_str());
  }
  void adapt(double dropout = 0, std::vector<std::string> targets = {
                                     "q_proj", "v_proj", "down_proj", "gate_proj", "o_proj"}) {
    attach_adapter(model, {4, 8.0, dropout, false, false, targets, 5});
    for (auto* l : model.linears())
      if (l->lora)
        for (auto& b : l->lora->b_OR) b.copy_(at::randn(b.sizes()) * 0.1);
    refresh_adapters(model);
  }
  OracleLora oracle_lora() {
    OracleLora lora{2.0, {}};
    std::map<std::string, at::Tensor> found;
    visit_adapter(model, [&](const std::string& name, at::Tensor& t) {
      found[name] = t.to(at::kDouble).set_requires_grad(true);
    });
    const std::string prefix = "base_model.model.", a = ".lora_A.weight";
    for (auto& [name, t] : found)
      if (name.ends_with(a)) {
        const std::string module =
            name.substr(prefix.size(), name.size() - prefix.size() - a.size());
        lora.matrices[module] = {t, found.at(prefix + module + ".lora_B.weight")};
      }
    return lora;
  }
};

std::vector<int32_t> joined(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  auto all = a;
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

Value sft_part(const Rows& rows, double weight, double tokens) {
  return Value::Object{{"objective", "sft"},
                       {"weight", weight},
                       {"normalizer", tokens},
                       {"options", Value::Object{}},
                       {"batch", pack_rows(rows)}};
}

Value dpo_part(const Rows& rows, double weight, std::vector<double> reference) {
  return Value::Object{{"objective", "dpo"},
                       {"weight", weight},
                       {"normalizer", static_cast<double>(rows.size())},
                       {"options", Value::Object{{"beta", 0.3}, {"labelSmoothing", 0.1}}},
                       {"batch", pack_rows(rows)},
                       {"reference", std::move(reference)}};
}

at::Tensor oracle_sft(const Oracle& o, const Rows& rows, double tokens) {
  auto loss = at::zeros({}, at::kDouble);
  for (const auto& r : rows)
    loss = loss - o.logps(joined(r[0], r[1]), static_cast<int64_t>(r[0].size())).sum();
  return loss / tokens;
}

at::Tensor oracle_dpo(const Oracle& o, const Rows& rows, const std::vector<double>& reference) {
  auto loss = at::zeros({}, at::kDouble);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& r = rows[i];
    const auto from = static_cast<int64_t>(r[0].size());
    auto z = 0.3 * (o.logps(joined(r[0], r[1]), from).sum() - reference[2 * i] -
                    o.logps(joined(r[0], r[2]), from).sum() + reference[2 * i + 1]);
    loss = loss - 0.9 * at::log_sigmoid(z) - 0.1 * at::log_sigmoid(-z);
  }
  return loss / static_cast<double>(rows.size());
}

void expect_close(const at::Tensor& ours, const at::Tensor& oracle, double tolerance,
                  const std::string& what) {
  const double scale = oracle.abs().max().item<double>() + 1e-12;
  EXPECT_LT((ours.to(at::kDouble) - oracle).abs().max().item<double>() / scale, tolerance) << what;
}

double loss_of(const Value& results, size_t part) {
  return results.array("results")[part].at("loss").number("loss");
}

const std::vector<double> kReference = {-12.0, -16.5, -20.25, -4.0};

// Both objectives in one packed call: losses, and the weighted sum of their gradients.
void check_lora(TinyConfig config) {
  Fixture f(config);
  f.adapt();
  adapter_parameters(f.model);
  auto lora = f.oracle_lora();
  Oracle oracle(f.config, leaves(f.weights), &lora);
  const Weights frozen = [&] {
    Weights w;
    for (auto& [n, t] : f.weights) w[n] = t.to(at::kDouble);
    return w;
  }();
  Oracle plain(f.config, frozen, &lora);
  auto dpo = oracle_dpo(plain, kPairs, kReference), sft = oracle_sft(plain, kSft, 6);
  (0.7 * dpo + 0.3 * sft).backward();
  c10::InferenceMode guard;
  Decoder decoder(f.model, Checkpointing::kOff, kNever);
  auto results = run_parts(f.model, decoder,
                           Value::Array{dpo_part(kPairs, 0.7, kReference), sft_part(kSft, 0.3, 6)},
                           true, nullptr);
  EXPECT_NEAR(loss_of(results, 0), dpo.item<double>(), 1e-5);
  EXPECT_NEAR(loss_of(results, 1), sft.item<double>(), 1e-5);
  for (auto* l : f.model.linears()) {
    if (!l->lora) continue;
    for (size_t i = 0; i < l->lora->slices.size(); ++i) {
      const auto& module = l->lora->slices[i].module;
      const auto& [a, b] = lora.matrices.at(module);
      expect_close(l->lora->grad_a_RI.narrow(0, static_cast<int64_t>(i) * 4, 4), a.grad(), 2e-5,
                   module + " A");
      expect_close(l->lora->grad_b_OR[i], b.grad(), 2e-5, module + " B");
    }
  }
}

TEST(Decoder, LoraGradientsMatchAutograd) { check_lora({}); }
TEST(Decoder, LoraGradientsUntiedWithBias) {
  check_lora({.kv_heads = 4, .tied = false, .bias = true});
}

void check_full(TinyConfig config) {
  Fixture f(config);
  auto parameters = full_parameters(f.model);
  auto w = leaves(f.weights);
  Oracle oracle(f.config, w);
  auto loss = 0.7 * oracle_dpo(oracle, kPairs, kReference) + 0.3 * oracle_sft(oracle, kSft, 6);
  loss.backward();
  c10::InferenceMode guard;
  Decoder decoder(f.model, Checkpointing::kOff, kNever);
  run_parts(f.model, decoder,
            Value::Array{dpo_part(kPairs, 0.7, kReference), sft_part(kSft, 0.3, 6)}, true, nullptr);
  // Gradients share the weights' layout: visit them under the weights' names by swapping them in.
  for (auto& p : parameters) p.value.copy_(p.grad);
  visit_tensors(f.model, [&](const std::string& name, at::Tensor& t) {
    expect_close(t, w.at(name).grad(), 2e-5, name);
  });
}

TEST(Decoder, FullGradientsMatchAutograd) { check_full({}); }
TEST(Decoder, FullGradientsUntiedWithBias) {
  check_full({.kv_heads = 1, .tied = false, .bias = true});
}

// The same numbers whether rows are packed together or run one by one, with or without a shared
// prompt.
TEST(Decoder, PackingChangesNothing) {
  Fixture f({});
  f.adapt();
  c10::InferenceMode guard;
  Decoder decoder(f.model, Checkpointing::kOff, kNever);
  auto together = score_batch(f.model, decoder, pack_rows(kPairs), nn::Policy::kCurrent)
                      .at("logps")
                      .doubles("logps");
  size_t n = 0;
  for (const auto& row : kPairs)
    for (size_t side = 1; side < row.size(); ++side) {
      auto alone =
          score_batch(f.model, decoder, pack_rows({{row[0], row[side]}}), nn::Policy::kCurrent)
              .at("logps")
              .doubles("logps");
      EXPECT_NEAR(together[n++], alone[0], 2e-5);
    }
}

// Changing one row changes no bit of another row's log-probs.
TEST(Decoder, RowsDoNotLeak) {
  for (auto dtype : {at::kFloat, at::kBFloat16}) {
    Fixture f({}, dtype);
    c10::InferenceMode guard;
    Decoder decoder(f.model, Checkpointing::kOff, kNever);
    Rows changed = kPairs;
    changed[0][0][2] = 40, changed[0][1][1] = 41;
    auto before = score_batch(f.model, decoder, pack_rows(kPairs), nn::Policy::kCurrent)
                      .at("logps")
                      .doubles("logps");
    auto after = score_batch(f.model, decoder, pack_rows(changed), nn::Policy::kCurrent)
                     .at("logps")
                     .doubles("logps");
    EXPECT_NE(before[0], after[0]);
    EXPECT_EQ(before[2], after[2]);
    EXPECT_EQ(before[3], after[3]);
  }
}

std::vector<at::Tensor> gradients(Fixture& f, Checkpointing checkpointing, const nn::Dropout* dropout) {
  auto parameters = adapter_parameters(f.model);
  for (auto& p : parameters) p.grad.zero_();
  Decoder decoder(f.model, checkpointing, kNever);
  run_parts(f.model, decoder, Value::Array{sft_part(kSft, 1, 6)}, true, dropout);
  std::vector<at::Tensor> grads;
  for (auto& p : parameters) grads.push_back(p.grad.clone());
  return grads;
}

TEST(Decoder, CheckpointingKeepsEveryBit) {
  for (double dropout : {0.0, 0.3}) {
    Fixture f({});
    f.adapt(dropout);
    c10::InferenceMode guard;
    const nn::Dropout masks{dropout, 99, {}};
    const auto* d = dropout > 0 ? &masks : nullptr;
    auto plain = gradients(f, Checkpointing::kOff, d), checkpointed = gradients(f, Checkpointing::kFull, d);
    for (size_t i = 0; i < plain.size(); ++i)
      EXPECT_TRUE(at::equal(plain[i], checkpointed[i])) << i;
  }
}

// Finite differences through the masks: backward uses the masks forward used.
TEST(Decoder, DropoutGradientMatchesFiniteDifference) {
  Fixture f({});
  f.adapt(0.4);
  c10::InferenceMode guard;
  const nn::Dropout masks{0.4, 1234, {}};
  auto grads = gradients(f, Checkpointing::kOff, &masks);
  auto parameters = adapter_parameters(f.model);
  auto loss = [&] {
    refresh_adapters(f.model);
    Decoder decoder(f.model, Checkpointing::kOff, kNever);
    return loss_of(run_parts(f.model, decoder, Value::Array{sft_part(kSft, 1, 6)}, true, &masks),
                   0);
  };
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
  Fixture f({});
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
